// What threading, subjects and sets cost grows no faster than what they are given.
#include "../../growth.h"

#include <memory>
#include <string>
#include <vector>

#include "common/imap/base_subject.h"
#include "common/imap/sequence_set.h"
#include "common/imap/threading.h"

namespace posthaste::imap {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

/// A subject of about so many octets.
struct SubjectRow {
  const char* name;
  std::string (*make)(std::size_t octets);
};
std::ostream& operator<<(std::ostream& out, const SubjectRow& row) { return out << row.name; }

const SubjectRow kSubjects[] = {
    {"Replies", [](std::size_t n) { return repeated("Re: ", n / 4); }},
    {"Blobs", [](std::size_t n) { return repeated("[a] ", n / 4); }},
    {"BlobsBeforeAText", [](std::size_t n) { return repeated("[a]", n / 3) + "x"; }},
    {"OpenBlobs", [](std::size_t n) { return repeated("[", n); }},
    {"RepliesWithBlobs", [](std::size_t n) { return repeated("re [b] [a] : ", n / 13) + repeated("[a", n / 8); }},
    {"Trailers", [](std::size_t n) { return "a" + repeated(" (fwd)", n / 6); }},
    {"Wrapped", [](std::size_t n) { return repeated("[fwd: ", n / 7) + "a" + repeated("]", n / 7); }},
    {"WrappedWithBlobs",
     [](std::size_t n) { return repeated("[fwd: [a] ", n / 12) + "a" + repeated(" ]", n / 12); }},
    {"WrappedWithTrailers",
     [](std::size_t n) { return repeated("[fwd:re: ", n / 16) + "a" + repeated(" (fwd)]", n / 16); }},
    {"Spaces", [](std::size_t n) { return "re" + repeated(" ", n) + "x"; }},
    {"EncodedWords", [](std::size_t n) { return repeated("=?utf-8?q?Re:?= ", n / 16); }},
};

class SubjectGrowth : public testing::TestWithParam<SubjectRow> {};

TEST_P(SubjectGrowth, IsInProportionToTheText) {
  const SubjectRow& row = GetParam();
  expect_n_log_n({row.name, 16'384,
                  [&row](std::size_t octets) { return [text = row.make(octets)] { (void)base_subject(text); }; }});
}
INSTANTIATE_TEST_SUITE_P(Imap, SubjectGrowth, testing::ValuesIn(kSubjects),
                         [](const auto& test) { return std::string{test.param.name}; });

/// Messages, one after the other in time.
struct ThreadRow {
  const char* name;
  ThreadMessage (*make)(std::size_t i, std::size_t n);
  std::size_t size = 1'024;
};
std::ostream& operator<<(std::ostream& out, const ThreadRow& row) { return out << row.name; }

std::string id(const char* kind, std::size_t i) { return kind + std::to_string(i) + "@example.org"; }

ThreadMessage message(std::size_t i, std::string subject, std::vector<std::string> references = {}) {
  return {std::chrono::sys_seconds{std::chrono::seconds{i}}, std::move(subject), false, id("m", i),
          std::move(references)};
}

const ThreadRow kThreads[] = {
    {"Strangers", [](std::size_t i, std::size_t) { return message(i, std::to_string(i)); }},
    {"AChain", [](std::size_t i, std::size_t) { return message(i, "", {id("m", i - 1)}); }},
    {"AChainBackwards", [](std::size_t i, std::size_t) { return message(i, "", {id("m", i + 1)}); }},
    {"ALoop", [](std::size_t i, std::size_t n) { return message(i, "", {id("m", (i + 1) % n)}); }},
    {"OneParent", [](std::size_t i, std::size_t) { return message(i, "", {id("m", 0)}); }},
    {"OneSubject", [](std::size_t i, std::size_t) { return message(i, "a"); }},
    {"DummiesInAChain",
     [](std::size_t i, std::size_t) {
       return message(i, "", {id("lost", i), id("lost", i + 1)});
     },
     8'192},
    {"DummiesOfOneSubject", [](std::size_t i, std::size_t) { return message(i, "a", {id("lost", i / 2)}); }},
    // A chain, as many short threads, and as many messages that put each of those below the end of the chain.
    {"ThreadsBelowAChain",
     [](std::size_t i, std::size_t n) {
       const std::size_t part = n / 3;
       if (i < part) return message(i, "", {id("m", i - 1)});
       if (i < 2 * part) return message(i, "", {id("lost", i)});
       return message(i, "", {id("m", part - 1), id("lost", i - part)});
     },
     2'048},
    {"ManyReferences",
     [](std::size_t i, std::size_t) {
       std::vector<std::string> references;
       for (std::size_t j = 0; j < 16; ++j) references.push_back(id("lost", i + j));
       return message(i, std::to_string(i / 3), std::move(references));
     }},
};

class ThreadGrowth : public testing::TestWithParam<ThreadRow> {};

TEST_P(ThreadGrowth, IsInProportionToTheMessages) {
  const ThreadRow& row = GetParam();
  expect_n_log_n({row.name, row.size, [&row](std::size_t n) {
                    auto messages = std::make_shared<std::vector<ThreadMessage>>();
                    for (std::size_t i = 0; i < n; ++i) messages->push_back(row.make(i, n));
                    return [messages] {
                      std::vector<std::uint32_t> numbers(messages->size(), 1);
                      std::string out;
                      append_threads(out, thread_by_references(*messages), numbers);
                      append_threads(out, thread_by_subject(*messages), numbers);
                    };
                  }});
}
INSTANTIATE_TEST_SUITE_P(Imap, ThreadGrowth, testing::ValuesIn(kThreads),
                         [](const auto& test) { return std::string{test.param.name}; });

TEST(SetGrowth, OfRangesInAnyOrderIsInProportion) {
  expect_n_log_n({"SetInDescendingOrder", 4'096, [](std::size_t n) {
                    std::string text;
                    for (std::size_t i = n; i > 0; --i) text += std::to_string(2 * i) + (i > 1 ? "," : "");
                    return [text] {
                      const auto set = parse_sequence_set(text);
                      ASSERT_TRUE(set);
                      const NumberSet numbers = resolve(*set, 1'000'000);
                      EXPECT_TRUE(numbers.without(numbers).empty());
                      EXPECT_FALSE(to_string(numbers).empty());
                    };
                  }});
}

}  // namespace
}  // namespace posthaste::imap
