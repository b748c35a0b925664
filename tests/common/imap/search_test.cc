#include "common/imap/search.h"

#include <gtest/gtest.h>

#include "common/imap/command.h"

namespace posthaste::imap {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;

// The SEARCH in "t " + `text`.
std::expected<Search, CommandError> search_in(const std::string& text) {
  auto command = parse_command("t " + text);
  if (!command) return std::unexpected(command.error());
  return std::get<Search>(command->body);
}

// A key in brackets, so that a tree can be compared at a glance.
std::string shown(const SearchKey& key);

std::string shown(const std::vector<SearchKey>& keys) {
  std::string out;
  for (const auto& key : keys) out += (out.empty() ? "" : " ") + shown(key);
  return out;
}

struct Show {
  std::string operator()(const SearchAll&) const { return "all"; }
  std::string operator()(const SearchNumbers& key) const {
    return (key.numbered_by == NumberedBy::uid ? "uid " : "") + to_string(key.set);
  }
  std::string operator()(const SearchSystemFlag& key) const { return std::string(name_of(key.flag)); }
  std::string operator()(const SearchKeyword& key) const { return "keyword " + key.keyword; }
  std::string operator()(const SearchRecent&) const { return "recent"; }
  std::string operator()(const SearchDate& key) const {
    const char* fields[] = {"internal", "sent", "saved"};
    const char* relations[] = {"before", "on", "since"};
    return std::string(fields[static_cast<int>(key.field)]) + " " + relations[static_cast<int>(key.relation)] +
           " " + std::to_string(static_cast<int>(key.date.year())) + "-" +
           std::to_string(static_cast<unsigned>(key.date.month())) + "-" +
           std::to_string(static_cast<unsigned>(key.date.day()));
  }
  std::string operator()(const SearchSaveDateSupported&) const { return "save date supported"; }
  std::string operator()(const SearchHeader& key) const { return key.field_name + "~" + key.text; }
  std::string operator()(const SearchText& key) const {
    return (key.field == SearchTextField::body ? "body~" : "text~") + key.text;
  }
  std::string operator()(const SearchSize& key) const {
    return (key.relation == SearchSizeRelation::larger ? ">" : "<") + std::to_string(key.octets);
  }
  std::string operator()(const SearchAge& key) const {
    return (key.relation == SearchAgeRelation::older ? "older " : "younger ") +
           std::to_string(key.interval.count());
  }
  std::string operator()(const SearchModSeq& key) const { return "modseq " + std::to_string(number(key.at_least)); }
  std::string operator()(const SearchEmailId& key) const { return "emailid " + key.id; }
  std::string operator()(const SearchThreadId& key) const { return "threadid " + key.id; }
  std::string operator()(const SearchAnd& key) const { return "and[" + shown(key.keys) + "]"; }
  std::string operator()(const SearchOr& key) const { return "or[" + shown(key.keys) + "]"; }
  std::string operator()(const SearchNot& key) const { return "not[" + shown(key.key) + "]"; }
};

std::string shown(const SearchKey& key) { return std::visit(Show{}, key.value); }

TEST(SearchProgram, IsReadAsATree) {
  struct Case {
    const char* command;
    const char* program;
  };
  const Case kCases[] = {
      {"SEARCH ALL", "all"},
      {"SEARCH 1:5000", "1:5000"},
      {"SEARCH *", "*"},
      {"SEARCH UID 1:*", "uid 1:*"},
      {"SEARCH ANSWERED DELETED DRAFT FLAGGED SEEN", "\\Answered \\Deleted \\Draft \\Flagged \\Seen"},
      {"SEARCH UNANSWERED UNDELETED UNDRAFT UNFLAGGED UNSEEN",
       "not[\\Answered] not[\\Deleted] not[\\Draft] not[\\Flagged] not[\\Seen]"},
      {"SEARCH KEYWORD $Junk UNKEYWORD Work", "keyword $Junk not[keyword Work]"},
      {"SEARCH NEW", "and[recent not[\\Seen]]"},
      {"SEARCH OLD RECENT", "not[recent] recent"},
      {"SEARCH BEFORE 1-Feb-1994 ON 2-Feb-1994 SINCE \"3-Feb-1994\"",
       "internal before 1994-2-1 internal on 1994-2-2 internal since 1994-2-3"},
      {"SEARCH SENTBEFORE 1-Feb-1994 SENTON 2-Feb-1994 SENTSINCE 3-Feb-1994",
       "sent before 1994-2-1 sent on 1994-2-2 sent since 1994-2-3"},
      {"SEARCH SAVEDBEFORE 1-Feb-2014 SAVEDON 28-Dec-2014 SAVEDSINCE 28-Dec-2014 SAVEDATESUPPORTED",
       "saved before 2014-2-1 saved on 2014-12-28 saved since 2014-12-28 save date supported"},
      {"SEARCH BCC a CC b FROM \"Smith\" SUBJECT \"two words\" TO {3}\r\nc d",
       "BCC~a CC~b FROM~Smith SUBJECT~two words TO~c d"},
      {"SEARCH HEADER Message-Id \"<1@example.org>\" HEADER X-Spam \"\"", "Message-Id~<1@example.org> X-Spam~"},
      {"SEARCH BODY x TEXT \"string not in mailbox\"", "body~x text~string not in mailbox"},
      {"SEARCH LARGER 50000 SMALLER 4096", ">50000 <4096"},
      {"SEARCH UNSEEN YOUNGER 259200 OLDER 60", "not[\\Seen] younger 259200 older 60"},
      {"SEARCH MODSEQ \"/flags/\\\\draft\" all 620162338", "modseq 620162338"},
      {"SEARCH MODSEQ 0", "modseq 0"},
      {"SEARCH OR NOT MODSEQ 720162338 LARGER 50000", "or[not[modseq 720162338] >50000]"},
      {"SEARCH EMAILID M6d99ac3275bb4e THREADID T64b478a75b7ea9",
       "emailid M6d99ac3275bb4e threadid T64b478a75b7ea9"},
      {"SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"", "\\Flagged internal since 1994-2-1 not[FROM~Smith]"},
      {"SEARCH CHARSET UTF-8 (OR $ 1,3000:3021) TEXT {8+}\r\nYYYYYYYY", "or[$ 1,3000:3021] text~YYYYYYYY"},
      {"SEARCH CHARSET UTF-8 TEXT {12}\r\n\xd0\xb6\xd0\xb8\xd0\xb2\xd0\xb0\xd1\x8f!!",
       "text~\xd0\xb6\xd0\xb8\xd0\xb2\xd0\xb0\xd1\x8f!!"},
      {"SEARCH charset \"us-ascii\" SEEN", "\\Seen"},
      {"SEARCH (SEEN)", "\\Seen"},
      {"SEARCH (SEEN DRAFT) 1", "and[\\Seen \\Draft] 1"},
      {"SEARCH ( SEEN DRAFT ) ALL", "and[\\Seen \\Draft] all"},
      {"SEARCH NOT (SEEN DRAFT)", "not[and[\\Seen \\Draft]]"},
      {"SEARCH NOT NOT SEEN", "not[not[\\Seen]]"},
      {"SEARCH OR SEEN DRAFT FLAGGED", "or[\\Seen \\Draft] \\Flagged"},
      {"SEARCH OR FROM a OR FROM b OR FROM c FROM d UNSEEN", "or[FROM~a FROM~b FROM~c FROM~d] not[\\Seen]"},
      {"SEARCH OR OR 1 2 OR 3 4", "or[or[1 2] 3 4]"},
      {"SEARCH OR (SEEN DRAFT) NOT 1", "or[and[\\Seen \\Draft] not[1]]"},
      {"search unseen  ", "not[\\Seen]"},
  };
  for (const auto& test : kCases) {
    const auto search = search_in(test.command);
    ASSERT_TRUE(search) << test.command;
    EXPECT_EQ(shown(search->program.keys), test.program) << test.command;
  }
}

TEST(SearchReturn, SaysWhatIsWanted) {
  auto returns = [](const char* text) { return search_in(text).value().returns; };
  EXPECT_EQ(returns("SEARCH FLAGGED"), std::nullopt);
  EXPECT_EQ(returns("SEARCH RETURN (MIN COUNT) FLAGGED"), (SearchReturn{.min = true, .count = true}));
  EXPECT_EQ(returns("SEARCH RETURN () FLAGGED"), (SearchReturn{.all = true}));
  EXPECT_EQ(returns("SEARCH RETURN (SAVE) FLAGGED"), (SearchReturn{.save = true}));
  EXPECT_EQ(returns("SEARCH RETURN (PARTIAL 500:1 MIN) ALL"),
            (SearchReturn{.min = true, .partial = PartialRange{{1, 500}, false}}));
  EXPECT_EQ(returns("SEARCH RETURN ( partial -1:-100 ) ALL"),
            (SearchReturn{.partial = PartialRange{{1, 100}, true}}));
  EXPECT_EQ(returns("UID SEARCH return (max Save min ALL) CHARSET UTF-8 1"),
            (SearchReturn{.min = true, .max = true, .all = true, .save = true}));
}

TEST(Search, IsNumberedAsAsked) {
  EXPECT_EQ(search_in("UID SEARCH 1:*").value().numbered_by, NumberedBy::uid);
  EXPECT_EQ(search_in("SEARCH 1:*").value().numbered_by, NumberedBy::sequence_number);
}

TEST(SearchProgram, ErrorsNameKindAndOctet) {
  struct Case {
    const char* command;
    SyntaxErrorKind kind;
    std::size_t offset;  // in "t " + command
  };
  using enum SyntaxErrorKind;
  const Case kCases[] = {
      {"SEARCH", syntax, 8},
      {"SEARCH ", syntax, 9},
      {"SEARCH FOO", syntax, 9},
      {"SEARCH SEEN,DRAFT", syntax, 13},
      {"SEARCH ()", syntax, 10},
      {"SEARCH (SEEN", syntax, 14},
      {"SEARCH SEEN)", syntax, 13},
      {"SEARCH NOT", syntax, 12},
      {"SEARCH OR SEEN", syntax, 16},
      {"SEARCH OR SEEN OR DRAFT", syntax, 25},
      {"SEARCH 0", syntax, 9},
      {"SEARCH UID", syntax, 12},
      {"SEARCH UID a", syntax, 13},
      {"SEARCH FROM", syntax, 13},
      {"SEARCH FROM \"a", syntax, 16},
      {"SEARCH KEYWORD \\Seen", syntax, 17},
      {"SEARCH HEADER x", syntax, 17},
      {"SEARCH LARGER x", syntax, 16},
      {"SEARCH LARGER -1", syntax, 16},
      {"SEARCH YOUNGER 0", syntax, 17},
      {"SEARCH SINCE 1994-02-01", syntax, 17},
      {"SEARCH SINCE 31-Feb-1994", bad_date, 15},
      {"SEARCH SENTON 1-Foo-1994", syntax, 18},
      {"SEARCH MODSEQ \"/flags/x\" 3", syntax, 27},
      {"SEARCH EMAILID \"M1\"", syntax, 17},
      {"SEARCH RETURN MIN 1", syntax, 16},
      {"SEARCH RETURN (FOO) 1", syntax, 17},
      {"SEARCH RETURN (MIN) ", syntax, 22},
      {"SEARCH CHARSET UTF-8", syntax, 22},
      {"SEARCH CHARSET X-NONE TEXT {4}\r\nXXXX", bad_charset, 17},
      {"SEARCH CHARSET wchar_t TEXT {4}\r\nXXXX", bad_charset, 17},
      {"SEARCH CHARSET UTF-8//TRANSLIT TEXT {4}\r\nXXXX", bad_charset, 17},
      {"SEARCH CHARSET \"\" TEXT {4}\r\nXXXX", bad_charset, 17},
      {"SEARCH CHARSET ISO-8859-1", syntax, 27},
      {"SEARCH RETURN (SAVE) CHARSET X-NONE (OR $ 1,3000:3021) TEXT {4}\r\nXXXX", bad_charset, 31},
      {"SEARCH CHARSET UTF-8 TEXT {2}\r\n\xfc!", bad_charset, 23},
      {"SEARCH CHARSET EUC-KR SEEN NOT (OR BODY a BODY {2}\r\n\xff!)", bad_charset, 24},
      {"SEARCH TEXT {2}\r\n\xfc!", bad_charset, 9},
      {"SEARCH LARGER 9223372036854775808", too_long, 16},
  };
  for (const auto& test : kCases) {
    const auto search = search_in(test.command);
    ASSERT_FALSE(search) << test.command;
    EXPECT_EQ(search.error(), (CommandError{"t", test.kind, test.offset})) << test.command;
  }
}

TEST(SearchProgram, HasLimits) {
  auto refused_as_too_long = [](const std::string& text) {
    const auto search = search_in(text);
    return !search && search.error().kind == SyntaxErrorKind::too_long;
  };
  std::string nots, keys, octets = "SEARCH TEXT {90000}\r\n" + std::string(90'000, 'a');
  for (std::size_t i = 0; i < kSearchDepthMax; ++i) nots += "NOT ";
  for (std::size_t i = 0; i < kSearchKeysMax; ++i) keys += "1 ";
  EXPECT_TRUE(refused_as_too_long("SEARCH " + nots + "SEEN"));
  EXPECT_TRUE(search_in("SEARCH " + nots.substr(4) + "SEEN"));
  EXPECT_TRUE(refused_as_too_long("SEARCH " + std::string(100'000, '(')));
  EXPECT_TRUE(refused_as_too_long("SEARCH " + std::string(kSearchDepthMax + 1, '(')));
  EXPECT_TRUE(refused_as_too_long("SEARCH " + keys + "1"));
  EXPECT_TRUE(search_in("SEARCH " + keys));
  EXPECT_TRUE(refused_as_too_long(octets));
  EXPECT_TRUE(refused_as_too_long("SEARCH  " + std::string(kSearchProgramMaxOctets, ' ')));
}

TEST(SearchProgram, LongChainOfAlternativesIsOneLevel) {
  std::string text = "SEARCH ";
  for (int i = 0; i < 2'000; ++i) text += "OR FROM a ";
  const auto search = search_in(text + "FROM a");
  ASSERT_TRUE(search);
  EXPECT_EQ(std::get<SearchOr>(search->program.keys.front().value).keys.size(), 2'001U);
}

}  // namespace
}  // namespace posthaste::imap
