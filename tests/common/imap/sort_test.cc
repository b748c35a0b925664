#include "common/imap/sort.h"

#include <gtest/gtest.h>

#include "common/imap/command.h"

namespace posthaste::imap {
namespace {

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

}  // namespace
}  // namespace posthaste::imap
