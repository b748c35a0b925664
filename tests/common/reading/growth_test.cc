// What subjects cost grows no faster than what they are given.
#include "../../growth.h"

#include <string>

#include "common/reading/base_subject.h"

namespace posthaste::reading {
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
INSTANTIATE_TEST_SUITE_P(Reading, SubjectGrowth, testing::ValuesIn(kSubjects),
                         [](const auto& test) { return std::string{test.param.name}; });

}  // namespace
}  // namespace posthaste::reading
