// Threads, as THREAD shows them (RFC 5256 §3 and §4).
#include "common/reading/threading.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "../growth.h"
#include "common/reading/base_subject.h"
#include "imapd/answers/thread_text.h"

namespace posthaste::imapd {
namespace {

using reading::Forest;
using reading::thread_by_references;
using reading::thread_by_subject;
using reading::ThreadMessage;
using std::chrono::seconds;
using std::chrono::sys_seconds;

/// A message sent `sent` seconds into the epoch.
ThreadMessage message(int sent, const char* subject, const char* id, std::vector<std::string> references = {}) {
  ThreadMessage made;
  made.sent = sys_seconds{seconds{sent}};
  const auto base = reading::base_subject(subject);
  made.subject = base.text;
  made.is_reply_or_forward = base.is_reply_or_forward;
  if (*id != '\0') made.message_id = id;
  made.references = std::move(references);
  return made;
}

std::string shown(const Forest& forest, std::size_t messages) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 1; i <= messages; ++i) numbers.push_back(i);
  std::string out;
  append_threads(out, forest, numbers);
  return out;
}

struct ThreadCase {
  const char* name;
  std::vector<ThreadMessage> messages;
  const char* by_subject;
  const char* by_references;
};

// Worked out on paper from the steps of RFC 5256 §3.
const ThreadCase kThreads[] = {
    {"Nothing", {}, "", ""},
    {"Strangers", {message(1, "a", "1"), message(2, "b", "2")}, "(1)(2)", "(1)(2)"},
    {"TheRootsStandBySentDate", {message(2, "a", "1"), message(1, "b", "2")}, "(2)(1)", "(2)(1)"},
    {"AtTheSameTimeTheFirstInTheMailboxComesFirst",
     {message(1, "a", "1"), message(1, "b", "2")},
     "(1)(2)",
     "(1)(2)"},
    {"AReply", {message(1, "a", "1"), message(2, "Re: a", "2", {"1"})}, "(1 2)", "(1 2)"},
    {"AReplyBeforeItsParent", {message(2, "Re: a", "2", {"1"}), message(1, "a", "1")}, "(2 1)", "(2 1)"},
    {"AChain",
     {message(1, "a", "1"), message(2, "Re: a", "2", {"1"}), message(3, "Re: a", "3", {"1", "2"})},
     "(1 (2)(3))",
     "(1 2 3)"},
    {"TwoRepliesToOne",
     {message(1, "a", "1"), message(3, "Re: a", "2", {"1"}), message(2, "Re: a", "3", {"1"})},
     "(1 (3)(2))",
     "(1 (3)(2))"},
    {"AMissingParentWithOneChildIsLeftOut", {message(1, "Re: a", "2", {"gone"})}, "(1)", "(1)"},
    {"AMissingParentOfTwoKeepsThemTogether",
     {message(1, "Re: a", "2", {"gone"}), message(2, "Re: b", "3", {"gone"})},
     "(1)(2)",
     "((1)(2))"},
    {"AMissingMessageInTheMiddleIsLeftOut",
     {message(1, "a", "1"), message(2, "Re: a", "3", {"1", "gone"})},
     "(1 2)",
     "(1 2)"},
    {"MissingBelowMissing",
     {message(1, "x", "1", {"gone", "lost"}), message(2, "y", "2", {"gone", "lost"}),
      message(3, "z", "3", {"gone"})},
     "(1)(2)(3)",
     "((1)(2)(3))"},
    {"ATruncatedReferencesDoesNotTearAThreadApart",
     {message(1, "a", "1"), message(2, "Re: a", "2", {"1"}), message(3, "Re: a", "3", {"2"}),
      message(4, "Re: a", "4", {"1", "3"})},
     "(1 (2)(3)(4))",
     "(1 2 3 4)"},
    {"AMessagesOwnReferencesCountMoreThanOthers",
     {message(1, "a", "1"), message(2, "b", "4", {"1", "3"}), message(3, "c", "3", {"2"}), message(4, "d", "2")},
     "(1)(2)(3)(4)",
     "(1)(4 3 2)"},
    {"NoLoops", {message(1, "a", "1", {"2"}), message(2, "b", "2", {"1"})}, "(1)(2)", "(2 1)"},
    {"NoLoopWithItself", {message(1, "a", "1", {"1"})}, "(1)", "(1)"},
    {"ADuplicateIdentifierIsTheFirstOnes",
     {message(1, "a", "1"), message(2, "b", "1"), message(3, "Re: a", "3", {"1"})},
     "(1 3)(2)",
     "(1 3)(2)"},
    {"NoIdentifier", {message(1, "a", ""), message(2, "b", "", {"x"})}, "(1)(2)", "(1)(2)"},
    {"AReplyWithoutReferencesGoesByItsSubject",
     {message(1, "a", "1"), message(2, "Re: a", "2"), message(3, "Re: a", "3")},
     "(1 (2)(3))",
     "(1 (2)(3))"},
    {"OriginalsOfOneSubjectGetADummyParent",
     {message(1, "a", "1"), message(2, "a", "2"), message(3, "a", "3")},
     "(1 (2)(3))",
     "((1)(2)(3))"},
    {"TheOriginalIsTheParentThoughItComesLater",
     {message(1, "Re: a", "1"), message(2, "a", "2")},
     "(1 2)",
     "(2 1)"},
    {"TwoRepliesWithoutOriginal", {message(1, "Re: a", "1"), message(2, "Re: a", "2")}, "(1 2)", "((1)(2))"},
    {"AMessageJoinsADummyOfItsSubject",
     {message(1, "Re: a", "1", {"gone"}), message(2, "Re: a", "2", {"gone"}), message(3, "a", "3")},
     "(1 (2)(3))",
     "((1)(2)(3))"},
    {"TwoDummiesOfOneSubjectBecomeOne",
     {message(1, "Re: a", "1", {"gone"}), message(2, "Re: a", "2", {"gone"}), message(3, "Re: a", "3", {"lost"}),
      message(4, "Re: a", "4", {"lost"})},
     "(1 (2)(3)(4))",
     "((1)(2)(3)(4))"},
    {"EmptySubjectsAreNotMerged", {message(1, "", "1"), message(2, "Re:", "2")}, "(1 2)", "(1)(2)"},
    {"ADummyStandsWhereItsFirstChildDoes",
     {message(5, "x", "1", {"gone"}), message(2, "y", "2", {"gone"}), message(3, "z", "3")},
     "(2)(3)(1)",
     "((2)(1))(3)"},
};

TEST(Threading, FollowsTheAlgorithms) {
  for (const auto& test : kThreads) {
    const auto count = test.messages.size();
    EXPECT_EQ(shown(thread_by_subject(test.messages), count), test.by_subject) << test.name;
    EXPECT_EQ(shown(thread_by_references(test.messages), count), test.by_references) << test.name;
  }
}

TEST(Threading, HoldsThreadsOfAnyDepthAndWidth) {
  constexpr int kMessages = 200'000;
  std::vector<ThreadMessage> chain, reversed, fan;
  for (int i = 1; i <= kMessages; ++i) {
    const std::string id = std::to_string(i);
    const std::string earlier = std::to_string(i - 1);
    const std::string later = std::to_string(i + 1);
    chain.push_back(message(i, "", id.c_str(), {earlier}));
    reversed.push_back(message(i, "", id.c_str(), {later}));
    fan.push_back(message(i, "", id.c_str(), {"root"}));
  }
  EXPECT_EQ(shown(thread_by_references(chain), kMessages).substr(0, 8), "(1 2 3 4");
  EXPECT_EQ(shown(thread_by_references(reversed), kMessages).substr(0, 15), "(200000 199999 ");
  EXPECT_EQ(shown(thread_by_references(fan), kMessages).substr(0, 8), "((1)(2)(");
}

// What threading costs grows no faster than what it is given.

/// Messages, one after the other in time.
struct GrowthRow {
  const char* name;
  ThreadMessage (*make)(std::size_t i, std::size_t n);
  std::size_t size = 1'024;
};
std::ostream& operator<<(std::ostream& out, const GrowthRow& row) { return out << row.name; }

std::string id(const char* kind, std::size_t i) { return kind + std::to_string(i) + "@example.org"; }

ThreadMessage numbered_message(std::size_t i, std::string subject, std::vector<std::string> references = {}) {
  return {std::chrono::sys_seconds{std::chrono::seconds{i}}, std::move(subject), false, id("m", i),
          std::move(references)};
}

const GrowthRow kGrowingThreads[] = {
    {"Strangers", [](std::size_t i, std::size_t) { return numbered_message(i, std::to_string(i)); }},
    {"AChain", [](std::size_t i, std::size_t) { return numbered_message(i, "", {id("m", i - 1)}); }},
    {"AChainBackwards", [](std::size_t i, std::size_t) { return numbered_message(i, "", {id("m", i + 1)}); }},
    {"ALoop", [](std::size_t i, std::size_t n) { return numbered_message(i, "", {id("m", (i + 1) % n)}); }},
    {"OneParent", [](std::size_t i, std::size_t) { return numbered_message(i, "", {id("m", 0)}); }},
    {"OneSubject", [](std::size_t i, std::size_t) { return numbered_message(i, "a"); }},
    {"DummiesInAChain",
     [](std::size_t i, std::size_t) {
       return numbered_message(i, "", {id("lost", i), id("lost", i + 1)});
     },
     8'192},
    {"DummiesOfOneSubject",
     [](std::size_t i, std::size_t) { return numbered_message(i, "a", {id("lost", i / 2)}); }},
    // A chain, as many short threads, and as many messages that put each of those below the end of the chain.
    {"ThreadsBelowAChain",
     [](std::size_t i, std::size_t n) {
       const std::size_t part = n / 3;
       if (i < part) return numbered_message(i, "", {id("m", i - 1)});
       if (i < 2 * part) return numbered_message(i, "", {id("lost", i)});
       return numbered_message(i, "", {id("m", part - 1), id("lost", i - part)});
     },
     2'048},
    {"ManyReferences",
     [](std::size_t i, std::size_t) {
       std::vector<std::string> references;
       for (std::size_t j = 0; j < 16; ++j) references.push_back(id("lost", i + j));
       return numbered_message(i, std::to_string(i / 3), std::move(references));
     }},
};

class ThreadGrowth : public testing::TestWithParam<GrowthRow> {};

TEST_P(ThreadGrowth, IsInProportionToTheMessages) {
  const GrowthRow& row = GetParam();
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
INSTANTIATE_TEST_SUITE_P(Imapd, ThreadGrowth, testing::ValuesIn(kGrowingThreads),
                         [](const auto& test) { return std::string{test.param.name}; });

}  // namespace
}  // namespace posthaste::imapd
