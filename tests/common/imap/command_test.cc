#include "common/imap/command.h"

#include <gtest/gtest.h>

#include "common/imap/cursor.h"

namespace posthaste::imap {
namespace {

using std::chrono::sys_days;

SequenceSet set_of(std::string_view text) { return parse_sequence_set(text).value(); }

NumberSet numbers(std::vector<NumberRange> ranges) { return NumberSet(std::move(ranges)); }

struct Case {
  const char* name;
  std::string octets;
  Command expected;
};

void expect_all(std::span<const Case> cases) {
  for (const auto& test : cases) {
    const auto command = parse_command(test.octets);
    ASSERT_TRUE(command) << test.name << " at " << command.error().offset;
    EXPECT_EQ(*command, test.expected) << test.name;
  }
}

TEST(Command, WithoutArguments) {
  const Case kCases[] = {
      {"Capability", "abcd CAPABILITY", {"abcd", Capability{}}},
      {"Noop", "a002 NOOP", {"a002", Noop{}}},
      {"Logout", "A023 LOGOUT", {"A023", Logout{}}},
      {"StartTls", "A01 STARTTLS", {"A01", StartTls{}}},
      {"Namespace", "A001 NAMESPACE", {"A001", Namespace{}}},
      {"Idle", "A002 IDLE", {"A002", Idle{}}},
      {"Check", "FXXZ CHECK", {"FXXZ", Check{}}},
      {"Close", "A341 CLOSE", {"A341", Close{}}},
      {"Unselect", "A342 UNSELECT", {"A342", Unselect{}}},
      {"Expunge", "A202 EXPUNGE", {"A202", Expunge{}}},
      {"CaseDoesNotMatter", "a1 nOoP", {"a1", Noop{}}},
      {"SpacesAtTheEndAreForgiven", "a1 NOOP  ", {"a1", Noop{}}},
      {"TagIsAnyTag", "]1.#$&'!|~a NOOP", {"]1.#$&'!|~a", Noop{}}},
      {"DotIsATag", ". NOOP", {".", Noop{}}},
  };
  expect_all(kCases);
}

TEST(Command, OfAuthentication) {
  const Case kCases[] = {
      {"Login", "a001 LOGIN SMITH SESAME", {"a001", Login{"SMITH", "SESAME"}}},
      {"LoginQuoted", "A001 LOGIN \"FRED FOOBAR\" \"fat man\"", {"A001", Login{"FRED FOOBAR", "fat man"}}},
      {"LoginWithLiterals",
       "A001 LOGIN {11}\r\nFRED FOOBAR {7}\r\nfat man",
       {"A001", Login{"FRED FOOBAR", "fat man"}}},
      {"LoginWithLiteralsPlus",
       "A001 LOGIN {11+}\r\nFRED FOOBAR {7+}\r\nfat man",
       {"A001", Login{"FRED FOOBAR", "fat man"}}},
      {"LoginWithEscapes", "a LOGIN \"a\\\"b\" \"c\\\\d\"", {"a", Login{"a\"b", "c\\d"}}},
      {"LoginWithUtf8", "a LOGIN u \"p\xc3\xa4ss\"", {"a", Login{"u", "p\xc3\xa4ss"}}},
      {"LoginWithEmptyPassword", "a LOGIN u \"\"", {"a", Login{"u", ""}}},
      {"LiteralHoldsLineEnds", "a LOGIN u {4}\r\na\r\nb", {"a", Login{"u", "a\r\nb"}}},
      {"BracketInAnAstring", "a LOGIN u]x p", {"a", Login{"u]x", "p"}}},
      {"NilIsAnAstring", "a LOGIN NIL nil", {"a", Login{"NIL", "nil"}}},
      {"Authenticate", "A001 AUTHENTICATE gssapi", {"A001", Authenticate{"GSSAPI", {}}}},
      {"AuthenticateWithResponse",
       "A03 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=",
       {"A03", Authenticate{"PLAIN", std::string("test\0test\0test", 14)}}},
      {"AuthenticateWithEmptyResponse", "A01 AUTHENTICATE EXTERNAL =", {"A01", Authenticate{"EXTERNAL", ""}}},
      {"AuthenticateMechanismWithDigits",
       "A001 AUTHENTICATE SCRAM-SHA-256-PLUS ",
       {"A001", Authenticate{"SCRAM-SHA-256-PLUS", {}}}},
      {"Enable", "t2 ENABLE condstore X-GOOD-IDEA", {"t2", Enable{{"CONDSTORE", "X-GOOD-IDEA"}}}},
      {"EnableUtf8", "t2 ENABLE UTF8=ACCEPT", {"t2", Enable{{"UTF8=ACCEPT"}}}},
      {"IdNil", "a042 ID NIL", {"a042", Id{}}},
      {"IdEmpty", "a042 ID ()", {"a042", Id{std::vector<IdParameter>{}}}},
      {"Id",
       "a023 ID (\"name\" \"sodr\" \"version\" NIL)",
       {"a023", Id{std::vector<IdParameter>{{"name", "sodr"}, {"version", std::nullopt}}}}},
  };
  expect_all(kCases);
}

TEST(Command, OfMailboxes) {
  const Resynchronization known{UidValidity{67890007}, ModSeq{20050715194045000U}, numbers({{41, 41}, {43, 211}}),
                                SequenceMatch{numbers({{1, 1}, {3, 3}}), numbers({{11, 12}})}};
  const Resynchronization known_uids{UidValidity{3857529045}, ModSeq{20010715194032001U}, numbers({{1, 198}}), {}};
  const Resynchronization known_match{
      UidValidity{1}, ModSeq{2}, {}, SequenceMatch{numbers({{1, 1}}), numbers({{5, 5}})}};
  const Case kCases[] = {
      {"Select", "A142 SELECT INBOX", {"A142", Select{"INBOX", {}}}},
      {"SelectInboxInAnyCase", "a002 select inbox", {"a002", Select{"INBOX", {}}}},
      {"SelectQuoted", "25 select \"foo\"", {"25", Select{"foo", {}}}},
      {"SelectWithCondstore", "A142 SELECT INBOX (CONDSTORE)", {"A142", Select{"INBOX", {true, {}}}}},
      {"SelectModifiedUtf7", "a SELECT Entw&APw-rfe", {"a", Select{"Entw\u00fcrfe", {}}}},
      {"SelectWithQresync",
       "A142 SELECT INBOX (QRESYNC (3857529045 20010715194032001 1:198))",
       {"A142", Select{"INBOX", {false, known_uids}}}},
      {"SelectWithWholeQresync",
       "B04 SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211 (1,3 11:12)) CONDSTORE)",
       {"B04", Select{"INBOX", {true, known}}}},
      {"SelectWithMatchAlone",
       "B04 SELECT INBOX (QRESYNC (1 2 (1 5)))",
       {"B04", Select{"INBOX", {false, known_match}}}},
      {"Examine", "A932 EXAMINE blurdybloop", {"A932", Examine{"blurdybloop", {}}}},
      {"CreateWithDelimiterAtTheEnd", "A003 CREATE owatagusiam/", {"A003", Create{"owatagusiam", {}}}},
      {"Create", "A004 CREATE owatagusiam/blurdybloop", {"A004", Create{"owatagusiam/blurdybloop", {}}}},
      {"CreateSpecialUse",
       "t2 CREATE MySpecial (USE (\\Drafts \\Sent))",
       {"t2", Create{"MySpecial", {SpecialUse::drafts, SpecialUse::sent}}}},
      {"Delete", "A685 DELETE foo/bar", {"A685", Delete{"foo/bar"}}},
      {"Rename", "A683 RENAME blurdybloop sarasoop", {"A683", Rename{"blurdybloop", "sarasoop"}}},
      {"Subscribe", "A002 SUBSCRIBE #news.comp.mail.mime", {"A002", Subscribe{"#news.comp.mail.mime"}}},
      {"Unsubscribe", "A002 UNSUBSCRIBE \"a b\"", {"A002", Unsubscribe{"a b"}}},
      {"Lsub", "A002 LSUB \"#news.\" \"comp.mail.*\"", {"A002", Lsub{"#news.", "comp.mail.*"}}},
      {"Xlist", "a XLIST \"\" %", {"a", Xlist{"", "%"}}},
      {"XlistOfNoName", "a XLIST \"\" &x", {"a", Xlist{"", std::nullopt}}},
      {"LsubBelowNoName", "a LSUB \"&x\" %", {"a", Lsub{"", std::nullopt}}},
      {"Status",
       "A042 STATUS blurdybloop (UIDNEXT MESSAGES HIGHESTMODSEQ)",
       {"A042", Status{"blurdybloop", {StatusItem::uid_next, StatusItem::messages, StatusItem::highest_mod_seq}}}},
      {"StatusItemsOnce", "6 status foo (mailboxid MAILBOXID)", {"6", Status{"foo", {StatusItem::mailbox_id}}}},
  };
  expect_all(kCases);
}

TEST(Command, OfListing) {
  const std::vector<StatusItem> items{StatusItem::messages, StatusItem::unseen};
  const Case kCases[] = {
      {"Delimiter", "A101 LIST \"\" \"\"", {"A101", List{{}, "", {""}, {}, false}}},
      {"ReferenceAlone",
       "A103 LIST /usr/staff/jones \"\"",
       {"A103", List{{}, "/usr/staff/jones", {""}, {}, false}}},
      {"PercentIsAListChar", "A202 LIST ~/Mail/ %", {"A202", List{{}, "~/Mail/", {"%"}, {}, false}}},
      {"Star", "A682 LIST \"\" *", {"A682", List{{}, "", {"*"}, {}, false}}},
      {"PatternIsDecoded", "a LIST \"\" \"&APw-*\"", {"a", List{{}, "", {"\u00fc*"}, {}, false}}},
      {"PatternOfNoName", "a LIST \"\" &*", {"a", List{{}, "", {}, {}, false}}},
      {"PatternsOfNoName", "a LIST \"\" (&* b {1+}\r\n\xFF)", {"a", List{{}, "", {"b"}, {}, true}}},
      {"ReferenceOfNoName", "a LIST & (b c)", {"a", List{{}, "", {}, {}, true}}},
      {"Subscribed", "A02 LIST (SUBSCRIBED) \"\" \"*\"", {"A02", List{{.subscribed = true}, "", {"*"}, {}, true}}},
      {"NoOptionsButChildren",
       "A03 LIST () \"\" \"%\" RETURN (CHILDREN)",
       {"A03", List{{}, "", {"%"}, {.children = true, .status = {}}, true}}},
      {"RemoteSubscribed",
       "A05 LIST (REMOTE SUBSCRIBED) \"\" \"*\"",
       {"A05", List{{.subscribed = true, .remote = true}, "", {"*"}, {}, true}}},
      {"RecursiveMatch",
       "D03 LIST (RECURSIVEMATCH SUBSCRIBED) \"\" \"*2\"",
       {"D03", List{{.subscribed = true, .recursive_match = true}, "", {"*2"}, {}, true}}},
      {"SeveralPatterns",
       "BBB LIST \"\" (\"INBOX\" \"Drafts\" \"Sent/%\")",
       {"BBB", List{{}, "", {"INBOX", "Drafts", "Sent/%"}, {}, true}}},
      {"SeveralAtoms", "a3.1 LIST \"\" (% music/rock)", {"a3.1", List{{}, "", {"%", "music/rock"}, {}, true}}},
      {"ReturnStatus",
       "A01 LIST \"\" % RETURN (STATUS (MESSAGES UNSEEN))",
       {"A01", List{{}, "", {"%"}, {.status = items}, true}}},
      {"ReturnAll",
       "a LIST \"\" % RETURN (SUBSCRIBED SPECIAL-USE CHILDREN)",
       {"a", List{{}, "", {"%"}, {.subscribed = true, .children = true, .special_use = true, .status = {}}, true}}},
      {"ReturnNothing", "a LIST \"\" % RETURN ()", {"a", List{{}, "", {"%"}, {}, true}}},
      {"SpecialUse", "t3 LIST (SPECIAL-USE) \"\" \"*\"", {"t3", List{{.special_use = true}, "", {"*"}, {}, true}}},
  };
  expect_all(kCases);
}

TEST(Command, OfMessages) {
  using enum NumberedBy;
  const Case kCases[] = {
      {"Fetch",
       "A654 FETCH 2:4 (FLAGS UID)",
       {"A654",
        Fetch{sequence_number, set_of("2:4"), {FetchAttribute::flags, FetchAttribute::uid}, {}, false, {}}}},
      {"UidFetchWithoutParentheses",
       "A999 UID FETCH 4827313:4828442 FLAGS",
       {"A999", Fetch{uid, set_of("4827313:4828442"), {FetchAttribute::flags}, {}, false, {}}}},
      {"UidFetchWithParentheses",
       "a UID FETCH 1:* (FLAGS)",
       {"a", Fetch{uid, set_of("1:*"), {FetchAttribute::flags}, {}, false, {}}}},
      {"FetchSavedResult",
       "A283 FETCH $ UID",
       {"A283", Fetch{sequence_number, set_of("$"), {FetchAttribute::uid}, {}, false, {}}}},
      {"FetchChangedSince",
       "s100 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345)",
       {"s100", Fetch{uid, set_of("1:*"), {FetchAttribute::flags}, ModSeq{12345}, false, {}}}},
      {"FetchVanished",
       "s100 UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
       {"s100", Fetch{uid, set_of("300:500"), {FetchAttribute::flags}, ModSeq{12345}, true, {}}}},
      {"FetchPartial",
       "10 UID FETCH 1:* (FLAGS) (PARTIAL -1:-3 CHANGEDSINCE 7)",
       {"10", Fetch{uid, set_of("1:*"), {FetchAttribute::flags}, ModSeq{7}, false, PartialRange{{1, 3}, true}}}},
      {"Store",
       "A003 STORE 2:4 +FLAGS (\\Deleted)",
       {"A003",
        Store{sequence_number, set_of("2:4"), {}, StoreOperation::add, false, {{SystemFlag::deleted}, {}}}}},
      {"StoreWithoutParentheses",
       "a005 store 12 +flags \\deleted",
       {"a005", Store{sequence_number, set_of("12"), {}, StoreOperation::add, false, {{SystemFlag::deleted}, {}}}}},
      {"StoreSeveralWithoutParentheses",
       "a UID STORE 12 -FLAGS.SILENT \\Seen $Junk ",
       {"a", Store{uid, set_of("12"), {}, StoreOperation::remove, true, {{SystemFlag::seen}, {"$Junk"}}}}},
      {"StoreReplacesWithNothing",
       "a STORE 1 FLAGS ()",
       {"a", Store{sequence_number, set_of("1"), {}, StoreOperation::replace, false, {}}}},
      {"StoreSilent",
       "F284 STORE $ +FLAGS.Silent (\\Deleted)",
       {"F284", Store{sequence_number, set_of("$"), {}, StoreOperation::add, true, {{SystemFlag::deleted}, {}}}}},
      {"StoreUnchangedSince",
       "a103 UID STORE 6,4,8 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Deleted)",
       {"a103",
        Store{uid, set_of("6,4,8"), ModSeq{12121230045U}, StoreOperation::add, true, {{SystemFlag::deleted}, {}}}}},
      {"StoreUnchangedSinceZero",
       "a102 STORE 12 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)",
       {"a102", Store{sequence_number, set_of("12"), ModSeq{0}, StoreOperation::add, true, {{}, {"$MDNSent"}}}}},
      {"Copy", "A003 COPY 2:4 MEETING", {"A003", Copy{sequence_number, set_of("2:4"), "MEETING"}}},
      {"UidCopy", "A005 UID COPY 305:310 meeting", {"A005", Copy{uid, set_of("305:310"), "meeting"}}},
      {"Move", "23 move 2 foo", {"23", Move{sequence_number, set_of("2"), "foo"}}},
      {"UidMove", "a UID MOVE 42:69 foo", {"a", Move{uid, set_of("42:69"), "foo"}}},
      {"UidExpunge", "A003 UID EXPUNGE 3000:3002", {"A003", Expunge{set_of("3000:3002")}}},
  };
  expect_all(kCases);
}

std::vector<CatenatePart> text(std::string octets) { return {CatenateText{std::move(octets)}}; }

TEST(Command, OfAppending) {
  const DateTime date{sys_days{std::chrono::year{1994} / 2 / 8} + std::chrono::hours{6} + std::chrono::minutes{43} +
                          std::chrono::seconds{4},
                      -std::chrono::hours{8}};
  const std::string any_octet("a\0\r\nb", 5);
  const Case kCases[] = {
      {"Plain", "a APPEND x {5}\r\nHello", {"a", Append{"x", {{{}, {}, text("Hello"), false}}}}},
      {"Flags",
       "A003 APPEND saved-messages (\\Seen) {5+}\r\nHello",
       {"A003", Append{"saved-messages", {{{{SystemFlag::seen}, {}}, {}, text("Hello"), false}}}}},
      {"Date",
       "a APPEND x \" 7-Feb-1994 22:43:04 -0800\" {5}\r\nHello",
       {"a", Append{"x", {{{}, date, text("Hello"), false}}}}},
      {"FlagsAndDate",
       "a APPEND x (\\Seen $Forwarded) \" 7-Feb-1994 22:43:04 -0800\" {5}\r\nHello",
       {"a", Append{"x", {{{{SystemFlag::seen}, {"$Forwarded"}}, date, text("Hello"), false}}}}},
      {"MessageMayLookLikeSyntax",
       "a APPEND x {5}\r\n)\r\n{3",
       {"a", Append{"x", {{{}, {}, text(")\r\n{3"), false}}}}},
      {"AnyOctet", "a APPEND x ~{5}\r\n" + any_octet, {"a", Append{"x", {{{}, {}, text(any_octet), true}}}}},
      {"SeveralMessages",
       "a APPEND x (\\Seen) {3}\r\none {3+}\r\ntwo ~{5}\r\nthree",
       {"a", Append{"x",
                    {{{{SystemFlag::seen}, {}}, {}, text("one"), false},
                     {{}, {}, text("two"), false},
                     {{}, {}, text("three"), true}}}}},
      {"SpaceAfterTheLast", "a APPEND x {5}\r\nHello ", {"a", Append{"x", {{{}, {}, text("Hello"), false}}}}},
      {"EmptyMessage", "a APPEND x {0}\r\n", {"a", Append{"x", {{{}, {}, text(""), false}}}}},
      {"Catenate",
       "a APPEND x (\\Seen) CATENATE (URL \"/Drafts;UIDVALIDITY=1/;UID=20\" TEXT {3}\r\none TEXT {3+}\r\ntwo)",
       {"a", Append{"x",
                    {{{{SystemFlag::seen}, {}},
                      {},
                      {CatenateUrl{"/Drafts;UIDVALIDITY=1/;UID=20"}, CatenateText{"one"}, CatenateText{"two"}},
                      false}}}}},
      {"CatenateAndOthers",
       "a APPEND x catenate (url y) {1}\r\nx",
       {"a", Append{"x", {{{}, {}, {CatenateUrl{"y"}}, false}, {{}, {}, text("x"), false}}}}},
      {"Replace",
       "A003 REPLACE 4 Drafts (\\Seen \\Draft) {5}\r\nHello",
       {"A003", Replace{NumberedBy::sequence_number,
                        4,
                        "Drafts",
                        {{{SystemFlag::seen, SystemFlag::draft}, {}}, {}, text("Hello"), false}}}},
      {"ReplaceTheLast",
       "a UID REPLACE * x CATENATE (URL y)",
       {"a", Replace{NumberedBy::uid, {}, "x", {{}, {}, {CatenateUrl{"y"}}, false}}}},
      {"NameAsLiteral", "a APPEND {3+}\r\na b {1}\r\nx", {"a", Append{"a b", {{{}, {}, text("x"), false}}}}},
  };
  expect_all(kCases);
}

TEST(Command, MailboxNamesAreUtf8OnceEnabled) {
  const Command expected{"a", Select{"Entw\u00fcrfe", {}}};
  EXPECT_EQ(parse_command("a SELECT \"Entw\u00fcrfe\"", MailboxEncoding::utf8), expected);
  EXPECT_EQ(parse_command("a SELECT {9}\r\nEntw\u00fcrfe", MailboxEncoding::utf8), expected);
  EXPECT_FALSE(parse_command("a SELECT \"Entw\u00fcrfe\"", MailboxEncoding::modified_utf7));
}

TEST(Command, WithoutATagIsRefusedWithoutOne) {
  const std::string long_tag(kTagMaxOctets + 1, 't');
  struct Wrong {
    std::string octets;
    CommandError error;
  };
  const Wrong kCases[] = {
      {"", {{}, SyntaxErrorKind::syntax, 0}},           {" NOOP", {{}, SyntaxErrorKind::syntax, 0}},
      {"+ NOOP", {{}, SyntaxErrorKind::syntax, 0}},     {"(a) NOOP", {{}, SyntaxErrorKind::syntax, 0}},
      {"\"a\" NOOP", {{}, SyntaxErrorKind::syntax, 0}}, {"* NOOP", {{}, SyntaxErrorKind::syntax, 0}},
      {"\xff NOOP", {{}, SyntaxErrorKind::syntax, 0}},  {long_tag + " NOOP", {{}, SyntaxErrorKind::too_long, 0}},
  };
  for (const auto& test : kCases) {
    const auto command = parse_command(test.octets);
    ASSERT_FALSE(command) << test.octets;
    EXPECT_EQ(command.error(), test.error) << test.octets;
  }
}

TEST(Command, ErrorsNameKindAndOctet) {
  struct Wrong {
    std::string octets;
    SyntaxErrorKind kind;
    std::size_t offset;
  };
  using enum SyntaxErrorKind;
  const Wrong kCases[] = {
      {"a", syntax, 1},
      {"a+b NOOP", syntax, 1},
      {"a ", syntax, 2},
      {"a  NOOP", syntax, 2},
      {"a\tNOOP", syntax, 1},
      {"a DONE", unknown_command, 2},
      {"A442 XPIG-LATIN", unknown_command, 5},
      {"a NOOP x", syntax, 7},
      {"a NOOP\r\n", syntax, 6},
      {"a NOOP\t", syntax, 6},
      {"a UID", syntax, 5},
      {"a UID NOOP", unknown_command, 6},
      {"a UID LIST", unknown_command, 6},
      {"a LOGIN", syntax, 7},
      {"a LOGIN u", syntax, 9},
      {"a LOGIN u p x", syntax, 12},
      {"a LOGIN \"u p", syntax, 12},
      {"a LOGIN \"u\\x\" p", syntax, 11},
      {"a LOGIN \"u\r\n\" p", syntax, 10},
      {std::string("a LOGIN \"u\0\" p", 14), syntax, 10},
      {"a LOGIN u \"\xff\"", syntax, 10},
      {"a LOGIN u (p)", syntax, 10},
      {"a LOGIN {3}\r\nab", syntax, 8},
      {"a LOGIN {3}ab", syntax, 11},
      {"a LOGIN {3}\nabc p", syntax, 11},
      {"a LOGIN {}\r\n p", syntax, 9},
      {"a LOGIN {-1}\r\n p", syntax, 9},
      {"a LOGIN {99999999999999999999}\r\n", too_long, 9},
      {"a LOGIN ~{1}\r\nu p", syntax, 9},
      {std::string("a LOGIN {1}\r\n\0 p", 16), syntax, 8},
      {"a AUTHENTICATE", syntax, 14},
      {"a AUTHENTICATE PLAIN ====", syntax, 21},
      {"a AUTHENTICATE PLAIN dGVzdA", syntax, 21},
      {"a AUTHENTICATE PLAIN = =", syntax, 23},
      {"a ENABLE", syntax, 8},
      {"a ENABLE (CONDSTORE)", syntax, 9},
      {"a ID", syntax, 4},
      {"a ID (name x)", syntax, 6},
      {"a ID (\"name\")", syntax, 12},
      {"a ID (\"name\" x)", syntax, 13},
      {"a ID (\"" + std::string(31, 'n') + "\" NIL)", too_long, 6},
      {"a SELECT", syntax, 8},
      {"a SELECT ", syntax, 9},
      {"a SELECT a b", syntax, 11},
      {"a SELECT a*", syntax, 10},
      {"a SELECT \"a*\"", bad_mailbox_name, 9},
      {"a SELECT \"\"", bad_mailbox_name, 9},
      {"a SELECT a//b", bad_mailbox_name, 9},
      {"a SELECT &Jjo", bad_mailbox_name, 9},
      {"a SELECT \"\xc3\xbc\"", bad_mailbox_name, 9},
      {"a SELECT INBOX (FOO)", syntax, 16},
      {"a SELECT INBOX (CONDSTORE", syntax, 25},
      {"a SELECT INBOX ()", syntax, 16},
      {"a SELECT INBOX (QRESYNC)", syntax, 23},
      {"a SELECT INBOX (QRESYNC (0 1))", syntax, 25},
      {"a SELECT INBOX (QRESYNC (1 0))", syntax, 27},
      {"a SELECT INBOX (QRESYNC (1 2 1:*))", syntax, 29},
      {"a SELECT INBOX (QRESYNC (1 2 $))", syntax, 29},
      {"a SELECT INBOX (QRESYNC (1 2 1 (1 2:3)))", syntax, 31},
      {"a SELECT INBOX (QRESYNC (1 9223372036854775808))", too_long, 27},
      {"a CREATE x (USE (\\Nonsense))", bad_special_use, 17},
      {"a CREATE x (USE (Sent))", syntax, 17},
      {"a CREATE x (FOO (\\Sent))", syntax, 11},
      {"a DELETE", syntax, 8},
      {"a RENAME a", syntax, 10},
      {"a RENAME a b c", syntax, 13},
      {"a LIST", syntax, 6},
      {"a LIST \"\"", syntax, 9},
      {"a LIST \"\" ()", syntax, 10},
      {"a LIST (FOO) \"\" *", syntax, 8},
      {"a LIST (RECURSIVEMATCH) \"\" *", syntax, 7},
      {"a LIST (REMOTE RECURSIVEMATCH) \"\" *", syntax, 7},
      {"a LIST \"\" * RETURN", syntax, 12},
      {"a LIST \"\" * RETURN (FOO)", syntax, 20},
      {"a LIST \"\" * RETURN (STATUS)", syntax, 26},
      {"a LIST \"\" * RETURN (STATUS ())", syntax, 27},
      {"a LSUB \"\"", syntax, 9},
      {"a STATUS x", syntax, 10},
      {"a STATUS x ()", syntax, 11},
      {"a STATUS x UNSEEN", syntax, 11},
      {"a STATUS x (FOO)", syntax, 12},
      {"a APPEND x", syntax, 10},
      {"a APPEND x hello", syntax, 11},
      {"a APPEND x \"hello\"", syntax, 12},
      {"a APPEND x (\\Seen){1}\r\nx", syntax, 18},
      {"a APPEND x (\\Foo) {1}\r\nx", syntax, 12},
      {"a APPEND x \"31-Feb-2024 00:00:00 +0000\" {1}\r\nx", bad_date, 12},
      {"a APPEND x {2}\r\nx", syntax, 11},
      {"a APPEND x CATENATE", syntax, 11},
      {"a APPEND x CATENATE ()", syntax, 20},
      {"a APPEND x CATENATE (TEXT x)", syntax, 26},
      {"a APPEND x CATENATE (BODY x)", syntax, 21},
      {"a APPEND x CATENATE (URL x", syntax, 26},
      {"a REPLACE", syntax, 9},
      {"a REPLACE 1:2 x {1}\r\nx", syntax, 11},
      {"a REPLACE 0 x {1}\r\nx", syntax, 10},
      {"a REPLACE 1 x {1}\r\nx {1}\r\nx", syntax, 21},
      {"a APPEND x {1}\r\nxy", syntax, 17},
      {"a APPEND x {1}\r\nx (\\Seen)", syntax, 25},
      {"a FETCH", syntax, 7},
      {"a FETCH 1", syntax, 9},
      {"a FETCH FLAGS", syntax, 8},
      {"a FETCH 0 FLAGS", syntax, 8},
      {"a FETCH 1 FLAGS UID", syntax, 16},
      {"a FETCH 1 (FLAGS) (FOO 1)", syntax, 19},
      {"a FETCH 1 (FLAGS) (CHANGEDSINCE)", syntax, 31},
      {"a FETCH 1 (FLAGS) (CHANGEDSINCE 1 VANISHED)", syntax, 18},
      {"a UID FETCH 1 (FLAGS) (VANISHED)", syntax, 22},
      {"a STORE 1", syntax, 9},
      {"a STORE 1 FLAGS", syntax, 15},
      {"a STORE 1 FLAGS ", syntax, 16},
      {"a STORE 1 *FLAGS (x)", syntax, 10},
      {"a STORE 1 +FLAG (x)", syntax, 11},
      {"a STORE 1 + FLAGS (x)", syntax, 11},
      {"a STORE 1 FLAGS \\Seen\\Draft", syntax, 21},
      {"a STORE 1 FLAGS (\\Seen", syntax, 22},
      {"a STORE 1 (UNCHANGEDSINCE x) FLAGS (x)", syntax, 26},
      {"a STORE 1 (FOO 1) FLAGS (x)", syntax, 10},
      {"a COPY 1", syntax, 8},
      {"a COPY x y", syntax, 7},
      {"a MOVE 1:2:3 y", syntax, 10},
      {"a UID EXPUNGE", syntax, 13},
      {"a EXPUNGE 1", syntax, 10},
  };
  for (const auto& test : kCases) {
    const auto command = parse_command(test.octets);
    ASSERT_FALSE(command) << test.octets;
    EXPECT_EQ(command.error().kind, test.kind) << test.octets;
    EXPECT_EQ(command.error().offset, test.offset) << test.octets;
    EXPECT_TRUE(command.error().tag) << test.octets;
  }
}

TEST(Command, KeepsTheTagOfWhatItRefuses) {
  EXPECT_EQ(parse_command("A442 XPIG-LATIN").error().tag, "A442");
  EXPECT_EQ(parse_command("nonsense").error().tag, "nonsense");
}

TEST(Command, LongStringsAreRefused) {
  const std::string at_limit(kStringMaxOctets, 'x');
  EXPECT_TRUE(parse_command("a LOGIN u \"" + at_limit + "\""));
  EXPECT_EQ(parse_command("a LOGIN u \"" + at_limit + "x\"").error(),
            (CommandError{"a", SyntaxErrorKind::too_long, 10}));
  EXPECT_EQ(parse_command("a LOGIN u {" + std::to_string(at_limit.size() + 1) + "}\r\n" + at_limit + "x").error(),
            (CommandError{"a", SyntaxErrorKind::too_long, 10}));
}

}  // namespace
}  // namespace posthaste::imap
