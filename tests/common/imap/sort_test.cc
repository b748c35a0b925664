#include "common/imap/sort.h"

#include <gtest/gtest.h>

#include "common/imap/base_subject.h"
#include "common/imap/command.h"
#include "common/imap/threading.h"

namespace posthaste::imap {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(SortCommand, IsRead) {
  const auto command = parse_command("t UID SORT (REVERSE DATE SUBJECT) UTF-8 SINCE 1-Feb-1994 SEEN");
  ASSERT_TRUE(command);
  const auto& sort = std::get<Sort>(command->body);
  EXPECT_EQ(sort.numbered_by, NumberedBy::uid);
  EXPECT_FALSE(sort.returns);
  EXPECT_EQ(sort.criteria, (std::vector<SortCriterion>{{SortKey::date, true}, {SortKey::subject, false}}));
  EXPECT_EQ(sort.program.keys.size(), 2U);
}

TEST(SortCommand, MaySayWhatItReturns) {
  const auto command = parse_command("t SORT RETURN (MIN COUNT) (displayfrom reverse displayto) us-ascii ALL");
  ASSERT_TRUE(command);
  const auto& sort = std::get<Sort>(command->body);
  EXPECT_EQ(sort.numbered_by, NumberedBy::sequence_number);
  EXPECT_EQ(sort.returns, (SearchReturn{.min = true, .count = true}));
  EXPECT_EQ(sort.criteria,
            (std::vector<SortCriterion>{{SortKey::display_from, false}, {SortKey::display_to, true}}));
}

TEST(SortCommand, ReadsItsTextsInItsCharset) {
  const auto command = parse_command("t SORT (CC ARRIVAL SIZE FROM TO) ISO-8859-1 SUBJECT {1}\r\n\xE4");
  ASSERT_TRUE(command);
  const auto& key = std::get<Sort>(command->body).program.keys.front();
  EXPECT_EQ(std::get<SearchHeader>(key.value).text, "\u00e4");
}

TEST(ThreadCommand, IsRead) {
  const auto by_subject = parse_command("t THREAD OrderedSubject UTF-8 ALL");
  ASSERT_TRUE(by_subject);
  EXPECT_EQ(std::get<Thread>(by_subject->body).algorithm, ThreadAlgorithm::ordered_subject);
  const auto by_references = parse_command("t UID THREAD REFERENCES UTF-8 SINCE 5-MAR-2000 UNSEEN");
  ASSERT_TRUE(by_references);
  const auto& thread = std::get<Thread>(by_references->body);
  EXPECT_EQ(thread.algorithm, ThreadAlgorithm::references);
  EXPECT_EQ(thread.numbered_by, NumberedBy::uid);
  EXPECT_EQ(thread.program.keys.size(), 2U);
}

TEST(SortAndThreadCommands, AreRefusedWhenWrong) {
  struct Case {
    const char* command;
    SyntaxErrorKind kind;
    std::size_t offset;
  };
  using enum SyntaxErrorKind;
  const Case kCases[] = {
      {"t SORT", syntax, 6},
      {"t SORT ALL", syntax, 7},
      {"t SORT () UTF-8 ALL", syntax, 7},
      {"t SORT (DATE", syntax, 12},
      {"t SORT (REVERSE) UTF-8 ALL", syntax, 8},
      {"t SORT (REVERSE REVERSE DATE) UTF-8 ALL", syntax, 16},
      {"t SORT (AGE) UTF-8 ALL", syntax, 8},
      {"t SORT (DATE) UTF-8", syntax, 19},
      {"t SORT (DATE) UTF-8 ", syntax, 20},
      {"t SORT (DATE) X-NONE ALL", bad_charset, 14},
      {"t SORT (DATE) UTF-8 SUBJECT {1}\r\n\xE4", bad_charset, 20},
      {"t SORT RETURN (FOO) (DATE) UTF-8 ALL", syntax, 15},
      {"t SORT RETURN (COUNT)(DATE) UTF-8 ALL", syntax, 21},
      {"t SORT (DATE DATE DATE DATE DATE DATE DATE DATE DATE DATE DATE DATE DATE DATE DATE DATE DATE) UTF-8 ALL",
       too_long, 88},
      {"t THREAD", syntax, 8},
      {"t THREAD REFS UTF-8 ALL", syntax, 9},
      {"t THREAD REFERENCES ALL", bad_charset, 20},
      {"t THREAD REFERENCES UTF-8", syntax, 25},
  };
  for (const auto& test : kCases) {
    const auto command = parse_command(test.command);
    ASSERT_FALSE(command) << test.command;
    EXPECT_EQ(command.error(), (CommandError{"t", test.kind, test.offset})) << test.command;
  }
}

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

/// A message sent `sent` seconds into the epoch.
ThreadMessage message(int sent, const char* subject, const char* id, std::vector<std::string> references = {}) {
  ThreadMessage made;
  made.sent = sys_seconds{seconds{sent}};
  const auto base = base_subject(subject);
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

}  // namespace
}  // namespace posthaste::imap
