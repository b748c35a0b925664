#include "common/reading/base_subject.h"

#include <gtest/gtest.h>

namespace posthaste::reading {
namespace {

struct SubjectCase {
  const char* subject;
  const char* base;
  bool is_reply_or_forward;
};

// From the rules of RFC 5256 §2.1 and §5.
const SubjectCase kSubjects[] = {
    {"", "", false},
    {"hello", "hello", false},
    {"  hello \t there\r\n you ", "hello there you", false},
    {"Re: hello", "hello", true},
    {"RE:hello", "hello", true},
    {"re :hello", "hello", true},
    {"Fw: hello", "hello", true},
    {"FWD: hello", "hello", true},
    {"Re: Fwd: re: hello", "hello", true},
    {"Re[2]: hello", "hello", true},
    {"Re [2] : hello", "hello", true},
    {"Re[2][3]: hello", "Re[2][3]: hello", false},
    {"[list] hello", "hello", false},
    {"[list] Re: hello", "hello", true},
    {"Re: [list] Re: hello", "hello", true},
    {"[a] [b]Re: hello", "hello", true},
    {"[list]", "[list]", false},
    {"[a] [list]", "[list]", false},
    {"Re: [list]", "[list]", true},
    {"hello (fwd)", "hello", true},
    {"hello (FWD) (fwd)  ", "hello", true},
    {"(fwd)", "", true},
    {"[fwd: hello]", "hello", true},
    {"[Fwd: Re: [fwd: hello (fwd)]]", "hello", true},
    {"[fwd: hello", "[fwd: hello", false},
    {"[fwd: hello] there", "there", false},
    {"Re:", "", true},
    {"Regarding: hello", "Regarding: hello", false},
    {"Reply: hello", "Reply: hello", false},
    {"Forward: hello", "Forward: hello", false},
    {"Aw: hello", "Aw: hello", false},
    {"hello re: there", "hello re: there", false},
    {"[open hello", "[open hello", false},
    {"[a[b] hello", "[a[b] hello", false},
    {"=?utf-8?q?Re=3A_Gr=C3=BC=C3=9Fe?=", "Gr\u00fc\u00dfe", true},
    {"Re: =?utf-8?q?=5Blist=5D_hello?=", "hello", true},
};

TEST(BaseSubject, IsWhatTheRulesLeave) {
  for (const auto& test : kSubjects) {
    EXPECT_EQ(base_subject(test.subject), (BaseSubject{test.base, test.is_reply_or_forward})) << test.subject;
  }
}

TEST(BaseSubject, TakesLinearTime) {
  for (const char* piece : {"[a]", "[a] ", "Re: ", "[fwd: ", "(fwd)", "[", "Re[1]: [x]"}) {
    std::string subject;
    while (subject.size() < 1'000'000) subject += piece;
    EXPECT_LE(base_subject(subject).text.size(), subject.size());
  }
}

}  // namespace
}  // namespace posthaste::reading
