#include "common/imap/mailbox_name.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

#include "common/imap/list_pattern.h"

namespace posthaste::imap {
namespace {

TEST(ModifiedUtf7, DecodesAndEncodes) {
  struct Case {
    const char* wire;
    const char* utf8;
  };
  const Case kCases[] = {
      {"", ""},
      {"INBOX", "INBOX"},
      {"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"},  // RFC 3501 §5.1.3
      {"&Jjo-!", "\u263a!"},                                           // RFC 3501 §5.1.3
      {"&U,BTF2XlZyyKng-", "台北日本語"},                              // RFC 3501 §5.1.3
      {"Tom &- Jerry", "Tom & Jerry"},
      {"&-&-", "&&"},
      {"Entw&APw-rfe", "Entw\u00fcrfe"},
      {"&2D3cqQ-", "\U0001f4a9"},
      {"&APw-&-&APw-", "\u00fc&\u00fc"},
      {"&AOQA9gD8-", "\u00e4\u00f6\u00fc"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(decode_modified_utf7(test.wire), test.utf8);
    EXPECT_EQ(encode_modified_utf7(test.utf8), test.wire);
  }
}

TEST(ModifiedUtf7, RefusesWhatNoEncoderWrites) {
  for (const auto* wrong : {
           "&",                   // a shift without end
           "a&",                  //
           "&Jjo",                //
           "&Jjo!",               // RFC 3501 §5.1.3: does not shift back
           "&U,BTFw-&ZeVnLIqe-",  // RFC 3501 §5.1.3: a superfluous shift
           "&AGE-",               // "a", which stands for itself
           "&ACY-",               // "&", which is "&-"
           "&AO-",                // half a character
           "&A-",                 //
           "&APx-",               // bits left over
           "&APwA-",              // six bits too many
           "&2D0-",               // a high surrogate alone
           "&3Kk-",               // a low surrogate alone
           "&2D0A-",              //
           "&2D0AYQ-",            // a high surrogate, then "a"
           "&AP w-",              // a space in it
           "&AP/w-",              // "/" is not in the alphabet
           "&APw=-",              // padding
           "\xc3\xbc",            // 8-bit
           "a\tb",                // a control
           "a\x7f",               //
       }) {
    EXPECT_EQ(decode_modified_utf7(wrong), std::nullopt) << wrong;
  }
}

TEST(MailboxName, IsMadeCanonical) {
  struct Case {
    const char* name;
    const char* utf8;
    const char* canonical;
  };
  const Case kCases[] = {
      {"InboxIsInCapitals", "inBox", "INBOX"},
      {"InboxAsFirstLevelToo", "Inbox/Lists", "INBOX/Lists"},
      {"InboxElsewhereIsAName", "Lists/inbox", "Lists/inbox"},
      {"LongerNameIsNotInbox", "inboxes", "inboxes"},
      {"OneDelimiterAtTheEndGoes", "owatagusiam/", "owatagusiam"},
      {"SpacesStay", "Sent Mail", "Sent Mail"},
      {"OtherScriptsStay", "台北/日本語", "台北/日本語"},
      {"NamespacePrefixIsAName", "#mh/Deleted Items", "#mh/Deleted Items"},
  };
  for (const auto& test : kCases) EXPECT_EQ(canonical_mailbox_name(test.utf8), test.canonical) << test.name;
}

TEST(MailboxName, IsRefused) {
  const std::string long_level(kMailboxLevelMaxOctets + 1, 'a');
  const std::string long_name = std::string(250, 'a') + "/" + std::string(250, 'b');
  std::string deep = "a";
  for (std::size_t i = 0; i < kMailboxLevelsMax; ++i) deep += "/a";
  struct Case {
    const char* name;
    std::string utf8;
    MailboxNameError error;
  };
  const Case kCases[] = {
      {"Empty", "", MailboxNameError::empty},
      {"DelimiterAlone", "/", MailboxNameError::empty},
      {"EmptyFirstLevel", "/a", MailboxNameError::empty},
      {"EmptyMiddleLevel", "a//b", MailboxNameError::empty},
      {"TwoDelimitersAtTheEnd", "a//", MailboxNameError::empty},
      {"Star", "a*", MailboxNameError::wildcard},
      {"Percent", "100%", MailboxNameError::wildcard},
      {"Nul", std::string("a\0b", 3), MailboxNameError::control},
      {"LineFeed", "a\nb", MailboxNameError::control},
      {"Delete", "a\x7f", MailboxNameError::control},
      {"C1Control", "a\u0085", MailboxNameError::control},
      {"LineSeparator", "a\u2028", MailboxNameError::control},
      {"ParagraphSeparator", "a\u2029", MailboxNameError::control},
      {"NotUtf8", "a\xff", MailboxNameError::encoding},
      {"OverlongUtf8", "\xc0\xaf", MailboxNameError::encoding},
      {"LongLevel", long_level, MailboxNameError::too_long},
      {"LongName", long_name, MailboxNameError::too_long},
      {"DeepName", deep, MailboxNameError::too_long},
  };
  for (const auto& test : kCases) {
    const auto name = canonical_mailbox_name(test.utf8);
    ASSERT_FALSE(name) << test.name;
    EXPECT_EQ(name.error(), test.error) << test.name;
  }
}

TEST(MailboxName, ControlsDoNotHideInAShift) {
  const auto name = parse_mailbox_name("a&AAo-b", MailboxEncoding::modified_utf7);
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error(), MailboxNameError::control);
}

TEST(MailboxName, EncodingIsTheSessions) {
  EXPECT_EQ(parse_mailbox_name("Entw&APw-rfe", MailboxEncoding::modified_utf7), "Entw\u00fcrfe");
  EXPECT_EQ(parse_mailbox_name("Entw&APw-rfe", MailboxEncoding::utf8), "Entw&APw-rfe");
  EXPECT_EQ(parse_mailbox_name("Entw\u00fcrfe", MailboxEncoding::utf8), "Entw\u00fcrfe");
  EXPECT_FALSE(parse_mailbox_name("Entw\u00fcrfe", MailboxEncoding::modified_utf7));
}

TEST(ListPattern, Matches) {
  struct Case {
    const char* pattern;
    const char* name;
    bool matches;
  };
  const Case kCases[] = {
      {"*", "foo", true},
      {"*", "foo/bar", true},
      {"%", "foo", true},
      {"%", "foo/bar", false},
      {"foo/%", "foo/bar", true},
      {"foo/%", "foo", false},
      {"foo/%", "foo/bar/baz", false},
      {"foo/*", "foo/bar/baz", true},
      {"foo*", "foo", true},
      {"foo%", "foo/bar", false},
      {"%/%", "foo/bar", true},
      {"%/%", "foo", false},
      {"*/baz", "foo/bar/baz", true},
      {"%/baz", "foo/bar/baz", false},
      {"*2", "foo2/bar2", true},
      {"*2", "foo2/bar", false},
      {"%*", "foo/bar", true},
      {"*%", "foo/bar", true},
      {"%%", "foo", true},
      {"f%o", "foo", true},
      {"f%o", "f/o", false},
      {"*a%b", "x/a1/a2b", true},
      {"*a%b", "x/a1/2b", false},
      {"INBOX", "INBOX", true},
      {"inbox", "INBOX", false},
      {"foo", "foobar", false},
      {"foobar", "foo", false},
      {"", "foo", false},
      {"", "", true},
      {"*", "", true},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(matches_pattern(test.pattern, test.name), test.matches) << test.pattern << " " << test.name;
  }
}

TEST(ListPattern, ManyWildcardsStayCheap) {
  std::string pattern;
  for (std::size_t i = 0; i < kPatternMaxOctets / 2; ++i) pattern += "*a";
  EXPECT_FALSE(matches_pattern(pattern + "b", std::string(kMailboxNameMaxOctets, 'a')));
}

/// By the definition: all places of the name that each octet of the pattern can lead to.
bool matches_slowly(std::string_view pattern, std::string_view name) {
  std::vector<bool> reached(name.size() + 1, false);
  reached[0] = true;
  for (const char c : pattern) {
    if (c == '*' || c == '%') {
      for (std::size_t i = 1; i < reached.size(); ++i) {
        if (reached[i - 1] && (c == '*' || name[i - 1] != '/')) reached[i] = true;
      }
    } else {
      for (std::size_t i = name.size(); i > 0; --i) reached[i] = reached[i - 1] && name[i - 1] == c;
      reached[0] = false;
    }
  }
  return reached[name.size()];
}

TEST(ListPattern, MatchesAsTheDefinitionSays) {
  std::minstd_rand random{1};
  const auto any_of = [&random](std::string_view octets, std::size_t octets_max) {
    std::string text(random() % (octets_max + 1), ' ');
    for (char& c : text) c = octets[random() % octets.size()];
    return text;
  };
  int matched = 0;
  for (int i = 0; i < 5'000; ++i) {
    const std::string pattern = any_of("ab/*%", i % 2 == 0 ? 8 : 150);
    const std::string name = any_of("aab/", i % 2 == 0 ? 12 : 300);
    const bool expected = matches_slowly(pattern, name);
    matched += expected ? 1 : 0;
    ASSERT_EQ(matches_pattern(pattern, name), expected) << pattern << " " << name;
  }
  EXPECT_GT(matched, 100);
}

/// 64 places of the pattern are one step, and those before a "*" that was reached are none.
TEST(ListPattern, TakesAFewStepsForAnOctet) {
  const std::string name(kMailboxNameMaxOctets, 'a');
  std::string stars;
  for (std::size_t i = 0; i < kMailboxNameMaxOctets - 10; ++i) stars += "*a";
  std::string percents = "*";
  for (std::size_t i = 0; i < kMailboxNameMaxOctets - 10; ++i) percents += "%a";
  for (const auto& [pattern, steps_max] : {std::pair{stars + "*b*", 2 * name.size()},
                                           {percents + "*b*", 7 * name.size()},
                                           {std::string(kPatternMaxOctets, 'a') + "*", 0UZ}}) {
    std::uint64_t steps = 0;
    EXPECT_FALSE(ListPattern(pattern).matches(name, steps));
    EXPECT_LE(steps, steps_max) << pattern.substr(0, 5);
  }
}

TEST(ListPattern, ComesFromReferenceAndPattern) {
  EXPECT_EQ(interpret_pattern("", "*"), "*");
  EXPECT_EQ(interpret_pattern("~smith/Mail/", "foo/*"), "~smith/Mail/foo/*");
  EXPECT_EQ(interpret_pattern("archive/", "/usr/doc/foo"), "/usr/doc/foo");
  EXPECT_EQ(interpret_pattern("", "inbox"), "INBOX");
  EXPECT_EQ(interpret_pattern("inbox/", "%"), "INBOX/%");
  EXPECT_EQ(interpret_pattern("", "inb*"), "inb*");
}

}  // namespace
}  // namespace posthaste::imap
