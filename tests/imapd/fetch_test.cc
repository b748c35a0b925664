// SELECT, FETCH and what they say of messages, against transcripts written by hand.
#include "common/base/base64.h"
#include "common/mime/transfer.h"
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

constexpr mailbox::InternalDate kArrived{
    std::chrono::sys_days{std::chrono::year{2026} / 12 / 3} + std::chrono::hours{4} + std::chrono::minutes{5}, 60};

/// INBOX with the plain message (UID 1, seen, with a keyword) and the mixed one (UID 2).
void fill(House& house) {
  house.append("INBOX", kPlain, {mailbox::SystemFlag::seen}, {"$Forwarded"}, kArrived);
  house.append("INBOX", kMixed, {}, {}, kArrived);
}

const Script kOpened{"1S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded)",
                     "1S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Forwarded \\*)] *",
                     "1S: * 2 EXISTS",
                     "1S: * 0 RECENT",
                     "1S: * OK [UNSEEN 2] First unseen message",
                     "1S: * OK [UIDVALIDITY *",
                     "1S: * OK [UIDNEXT 3] Next UID",
                     "1S: * OK [MAILBOXID (F*",
                     "1S: * OK [HIGHESTMODSEQ 14] *",
                     "1S: o OK [READ-WRITE] Mailbox opened"};

Script opened_then(const Script& then) {
  Script script{"1 login", "1C: o SELECT inbox"};
  script.insert(script.end(), kOpened.begin(), kOpened.end());
  script.insert(script.end(), then.begin(), then.end());
  return script;
}

struct Case {
  const char* name;
  Script script;  // in the opened INBOX
};

const Case kCases[] = {
    {"FlagsAndDatesAndSizes",
     {"1C: a FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE)",
      "1S: * 1 FETCH (UID 1 FLAGS (\\Seen $Forwarded) INTERNALDATE \" 3-Dec-2026 05:05:00 +0100\" RFC822.SIZE " +
          std::to_string(kPlain.size()) + ")",
      "1S: * 2 FETCH (UID 2 FLAGS () INTERNALDATE \" 3-Dec-2026 05:05:00 +0100\" RFC822.SIZE " +
          std::to_string(kMixed.size()) + ")",
      "1S: a OK That is all"}},
    {"UidFetchSaysTheUidUnasked", {"1C: a UID FETCH 2 FLAGS", "1S: * 2 FETCH (UID 2 FLAGS ())", "1S: a OK *"}},
    {"UidFetchSaysTheUidOnce", {"1C: a UID FETCH 2 (FLAGS UID)", "1S: * 2 FETCH (FLAGS () UID 2)", "1S: a OK *"}},
    {"MacroFast",
     {"1C: a FETCH 2 FAST", "1S: * 2 FETCH (FLAGS () INTERNALDATE \" 3-Dec-2026 05:05:00 +0100\" RFC822.SIZE *",
      "1S: a OK *"}},
    {"Envelope",
     {"1C: a FETCH 1 ENVELOPE",
      "1S: * 1 FETCH (ENVELOPE (\"Tue, 1 Dec 2026 10:00:00 +0100\" \"Hello\" ((\"Alice Example\" NIL \"alice\" "
      "\"example.org\")) ((\"Alice Example\" NIL \"alice\" \"example.org\")) ((\"Alice Example\" NIL \"alice\" "
      "\"example.org\")) ((NIL NIL \"bob\" \"example.org\")) NIL NIL NIL \"<1@example.org>\"))",
      "1S: a OK *"}},
    {"BodyStructureOfPlainText",
     {"1C: a FETCH 1 BODYSTRUCTURE",
      "1S: * 1 FETCH (BODYSTRUCTURE (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 25 2 NIL NIL "
      "NIL NIL))",
      "1S: a OK *"}},
    {"BodyIsTheStructureWithoutExtensions",
     {"1C: a FETCH 2 BODY",
      "1S: * 2 FETCH (BODY ((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 27 "
      "0)(\"application\" \"octet-stream\" (\"name\" \"data\") NIL NIL \"base64\" 8) \"mixed\"))",
      "1S: a OK *"}},
    {"HeaderFieldsOfTheCache",
     {"1C: a FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT TO)]", "1S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT TO)] {39}",
      "1S: To: bob@example.org", "1S: Subject: Hello", "1S: ", "1S: )", "1S: a OK *"}},
    {"HeaderFieldsBeyondTheCache",
     {"1C: a FETCH 1 BODY.PEEK[HEADER.FIELDS (X-Private)]", "1S: * 1 FETCH (BODY[HEADER.FIELDS (X-Private)] {18}",
      "1S: X-Private: yes", "1S: ", "1S: )", "1S: a OK *"}},
    {"HeaderFieldsNot",
     {"1C: a FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (FROM TO DATE MESSAGE-ID X-PRIVATE)]",
      "1S: * 1 FETCH (BODY[HEADER.FIELDS.NOT (FROM TO DATE MESSAGE-ID X-PRIVATE)] {18}", "1S: Subject: Hello",
      "1S: ", "1S: )", "1S: a OK *"}},
    {"Text",
     {"1C: a FETCH 1 BODY.PEEK[TEXT]", "1S: * 1 FETCH (BODY[TEXT] {25}", "1S: First line", "1S: Second line",
      "1S: )", "1S: a OK *"}},
    {"Partial",
     {"1C: a FETCH 1 BODY.PEEK[TEXT]<6.4>", "1S: * 1 FETCH (BODY[TEXT]<6> {4}", "1S: line)", "1S: a OK *"}},
    {"PartialOfTheWholeMessage",
     {"1C: a FETCH 1 BODY.PEEK[]<0.5>", "1S: * 1 FETCH (BODY[]<0> {5}", "1S: From:)", "1S: a OK *"}},
    {"PartialBeyondTheEnd",
     {"1C: a FETCH 1 BODY.PEEK[]<9999.5>", "1S: * 1 FETCH (BODY[]<9999> {0}", "1S: )", "1S: a OK *"}},
    {"APart",
     {"1C: a FETCH 2 BODY.PEEK[1]", "1S: * 2 FETCH (BODY[1] {27}", "1S: Sch=C3=B6ne Gr=C3=BC=C3=9Fe)",
      "1S: a OK *"}},
    {"ItsMimeHeader",
     {"1C: a FETCH 2 BODY.PEEK[2.MIME]", "1S: * 2 FETCH (BODY[2.MIME] {88}",
      "1S: Content-Type: application/octet-stream; name=data", "1S: Content-Transfer-Encoding: base64",
      "1S: ", "1S: )", "1S: a OK *"}},
    {"APartThatIsNotThere", {"1C: a FETCH 2 BODY.PEEK[7]", "1S: * 2 FETCH (BODY[7] NIL)", "1S: a OK *"}},
    {"BinaryOfAPart",
     {"1C: a FETCH 2 (BINARY.SIZE[2] BINARY.PEEK[1])", "1S: * 2 FETCH (BINARY.SIZE[2] 4 BINARY[1] ~{15}",
      "1S: Sch\xC3\xB6ne Gr\xC3\xBC\xC3\x9F"
      "e)",
      "1S: a OK *"}},
    {"OldNames",
     {"1C: a FETCH 1 (RFC822.TEXT RFC822.SIZE)", "1S: * 1 FETCH (RFC822.TEXT {25}", "1S: First line",
      "1S: Second line", "1S:  RFC822.SIZE " + std::to_string(kPlain.size()) + ")", "1S: a OK *"}},
    {"BodySetsSeenAndSaysSo",
     {"1C: a FETCH 2 BODY[1]", "1S: * 2 FETCH (BODY[1] {27}", "1S: Sch=C3=B6ne Gr=C3=BC=C3=9Fe FLAGS (\\Seen))",
      "1S: a OK *", "1C: b FETCH 2 FLAGS", "1S: * 2 FETCH (FLAGS (\\Seen))", "1S: b OK *"}},
    {"PeekDoesNot",
     {"1C: a FETCH 2 (BODY.PEEK[1]<0.1>)", "1S: * 2 FETCH (BODY[1]<0> {1}", "1S: S)", "1S: a OK *",
      "1C: b FETCH 2 FLAGS", "1S: * 2 FETCH (FLAGS ())", "1S: b OK *"}},
    {"ObjectIdsAndSaveDate",
     {"1C: a FETCH 1 (EMAILID THREADID)", "1S: * 1 FETCH (EMAILID (M*", "1S: a OK *", "1C: b FETCH 2 SAVEDATE",
      "1S: * 2 FETCH (SAVEDATE \" 1-Jan-2026 00:00:0*", "1S: b OK *"}},
    {"NoSuchNumber", {"1C: a FETCH 3 FLAGS", "1S: a BAD No such message"}},
    {"NoSuchUidIsNoError", {"1C: a UID FETCH 3:9 FLAGS", "1S: a OK *"}},
    {"TheLastByStar",
     {"1C: a FETCH * UID", "1S: * 2 FETCH (UID 2)", "1S: a OK *", "1C: b UID FETCH 9:* UID",
      "1S: * 2 FETCH (UID 2)", "1S: b OK *"}},
    {"Preview",
     {"1C: a FETCH 1 (PREVIEW)", "1S: * 1 FETCH (PREVIEW \"First line Second line\")", "1S: a OK *",
      "1C: b UID FETCH 2 PREVIEW", "1S: * 2 FETCH (UID 2 PREVIEW {15}", "1S: Sch\u00f6ne Gr\u00fc\u00dfe)",
      "1S: b OK *", "1C: c FETCH 2 (PREVIEW (LAZY) FLAGS)", "1S: * 2 FETCH (PREVIEW NIL FLAGS ())", "1S: c OK *",
      "1C: d FETCH 1 (BODY.PEEK[2] PREVIEW (LAZY))",
      "1S: * 1 FETCH (BODY[2] NIL PREVIEW \"First line Second line\")", "1S: d OK *",
      "1C: e FETCH 1 PREVIEW (EAGER)", "1S: e BAD *"}},
    {"ExamineReadsOnly",
     {"1C: a EXAMINE INBOX",
      "1S: * OK [CLOSED] *",
      "1S: * FLAGS *",
      "1S: * OK [PERMANENTFLAGS ()] *",
      "1S: * 2 EXISTS",
      "1S: * 0 RECENT",
      "1S: * OK [UNSEEN 2] *",
      "1S: * OK [UIDVALIDITY *",
      "1S: * OK [UIDNEXT 3] *",
      "1S: * OK [MAILBOXID *",
      "1S: * OK [HIGHESTMODSEQ *",
      "1S: a OK [READ-ONLY] Mailbox opened",
      "1C: b FETCH 2 BODY[1]<0.1>",
      "1S: * 2 FETCH (BODY[1]<0> {1}",
      "1S: S)",
      "1S: b OK *",
      "1C: c STORE 1 +FLAGS (\\Deleted)",
      "1S: c NO [READ-ONLY] *",
      "1C: d EXPUNGE",
      "1S: d NO [READ-ONLY] *",
      "1C: e MOVE 1 Trash",
      "1S: e NO [READ-ONLY] *",
      "1C: f CLOSE",
      "1S: f OK *",
      "1C: g FETCH 1 FLAGS",
      "1S: g BAD Select a mailbox first"}},
    {"AFailedSelectLeavesTheMailbox",
     {"1C: a SELECT Nowhere", "1S: * OK [CLOSED] *", "1S: a NO [NONEXISTENT] No such mailbox",
      "1C: b FETCH 1 FLAGS", "1S: b BAD Select a mailbox first"}},
    {"ARefusedSelectDoesNot",
     {"1C: a SELECT Sent (FROB)", "1S: a BAD *", "1C: b FETCH 1 UID", "1S: * 1 FETCH (UID 1)", "1S: b OK *"}},
    {"Unselect",
     {"1C: a STORE 1 +FLAGS.SILENT (\\Deleted)", "1S: a OK *", "1C: b UNSELECT", "1S: b OK *",
      "1C: c STATUS INBOX (MESSAGES DELETED)", "1S: * STATUS INBOX (MESSAGES 2 DELETED 1)", "1S: c OK *"}},
    {"CloseExpungesInSilence",
     {"1C: a STORE 1 +FLAGS.SILENT (\\Deleted)", "1S: a OK *", "1C: b CLOSE", "1S: b OK Mailbox left",
      "1C: c STATUS INBOX (MESSAGES DELETED)", "1S: * STATUS INBOX (MESSAGES 1 DELETED 0)", "1S: c OK *"}},
};

TEST(Fetch, AnswersAsWritten) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    House house;
    fill(house);
    house.play(opened_then(test.script));
  }
}

TEST(Fetch, AnEmptyMailboxHasNothing) {
  House house;
  house.play({"1 login", "1C: o EXAMINE Trash", "1S: * FLAGS *", "1S: * OK [PERMANENTFLAGS *", "1S: * 0 EXISTS",
              "1S: * 0 RECENT", "1S: * OK [UIDVALIDITY *", "1S: * OK [UIDNEXT 1] *", "1S: * OK [MAILBOXID *",
              "1S: * OK [HIGHESTMODSEQ *", "1S: o OK *", "1C: a FETCH 1:* FLAGS", "1S: a OK *",
              "1C: b FETCH 1 FLAGS", "1S: b BAD No such message", "1C: c UID FETCH 1:* FLAGS", "1S: c OK *"});
}

TEST(Fetch, LargeMessagesGoOutInPieces) {
  House house;
  std::string large = kPlain;
  while (large.size() < 3 * kSliceOctets)
    large += "A line of a large message with a number " + std::to_string(large.size()) + "\r\n";
  house.append("INBOX", large);
  house.append("INBOX", kPlain);
  Script script{"1 login", "1C: o SELECT INBOX"};
  for (const char* line :
       {"1S: * FLAGS *", "1S: * OK [PERM*", "1S: * 2 EXISTS", "1S: * 0 RECENT", "1S: * OK [UNSEEN 1] *",
        "1S: * OK [UIDV*", "1S: * OK [UIDN*", "1S: * OK [MAIL*", "1S: * OK [HIGH*", "1S: o OK *"}) {
    script.emplace_back(line);
  }
  script.emplace_back("1C: a FETCH 1:2 (BODY.PEEK[] UID)");
  script.push_back("1S: * 1 FETCH (BODY[] {" + std::to_string(large.size()) + "}");
  const auto expect_lines = [&script](const std::string& octets) {
    for (std::size_t from = 0; from < octets.size();) {
      const auto end = octets.find("\r\n", from);
      script.push_back("1S: " + octets.substr(from, end - from));
      from = end + 2;
    }
  };
  expect_lines(large);
  script.emplace_back("1S:  UID 1)");
  script.push_back("1S: * 2 FETCH (BODY[] {" + std::to_string(kPlain.size()) + "}");
  expect_lines(kPlain);
  script.emplace_back("1S:  UID 2)");
  script.emplace_back("1S: a OK *");
  house.play(script);
}

/// `octets` as lines that client 1 hears.
void expect_octets(Script& script, const std::string& octets) {
  for (std::size_t from = 0; from < octets.size();) {
    const auto end = octets.find("\r\n", from);
    script.push_back("1S: " + octets.substr(from, end - from));
    from = end + 2;
  }
}

std::string literal(const std::string& octets) { return "{" + std::to_string(octets.size()) + "}\r\n" + octets; }

const Script kOneOpened{"1S: * FLAGS *",         "1S: * OK [PERM*", "1S: * 1 EXISTS",  "1S: * 0 RECENT",
                        "1S: * OK [UNSEEN 1] *", "1S: * OK [UIDV*", "1S: * OK [UIDN*", "1S: * OK [MAIL*",
                        "1S: * OK [HIGH*",       "1S: o OK *"};

Script one_opened() {
  Script script{"1 login", "1C: o SELECT INBOX"};
  script.insert(script.end(), kOneOpened.begin(), kOneOpened.end());
  return script;
}

TEST(Fetch, LargeSectionsGoOutInPieces) {
  std::string fields;
  while (fields.size() < 2 * kSliceOctets) fields += "X-Field: number " + std::to_string(fields.size()) + "\r\n";
  std::string decoded;
  while (decoded.size() < 3 * kSliceOctets) decoded += "Line " + std::to_string(decoded.size()) + '\0' + "\r\n";
  const std::string base64 = base64_encode(decoded);
  std::string text;
  for (std::size_t from = 0; from < base64.size(); from += 76) text += base64.substr(from, 76) + "\r\n";
  const std::string header =
      "Subject: large\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n" + fields +
      "\r\n";
  House house;
  house.append("INBOX", header + text);

  Script script = one_opened();
  script.emplace_back(
      "1C: a FETCH 1 (BODY.PEEK[TEXT] BODY.PEEK[1]<4.300000> BINARY.PEEK[1] BINARY.SIZE[1] BODY.PEEK[HEADER] "
      "BODY.PEEK[HEADER.FIELDS (X-FIELD)])");
  expect_octets(script, "* 1 FETCH (BODY[TEXT] " + literal(text) + " BODY[1]<4> " +
                            literal(text.substr(4, 300'000)) + " BINARY[1] ~" + literal(decoded) +
                            " BINARY.SIZE[1] " + std::to_string(decoded.size()) + " BODY[HEADER] " +
                            literal(header) + " BODY[HEADER.FIELDS (X-FIELD)] " + literal(fields + "\r\n") +
                            ")\r\n");
  script.emplace_back("1S: a OK *");
  house.play(script);
}

TEST(Fetch, LargeBodyStructuresGoOutInPieces) {
  const std::string one = R"(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 1 NIL NIL NIL NIL))";
  std::string parts;
  std::string structure;
  while (structure.size() < 3 * kSliceOctets) {
    parts += "--b\r\n\r\nx\r\n\r\n";
    structure += one;
  }
  structure = "(" + structure + R"( "mixed" ("boundary" "b") NIL NIL NIL))";
  House house;
  house.append("INBOX", "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + "--b--\r\n");
  Script script = one_opened();
  script.emplace_back("1C: a FETCH 1 (BODYSTRUCTURE UID)");
  expect_octets(script, "* 1 FETCH (BODYSTRUCTURE " + structure + " UID 1)\r\n");
  script.emplace_back("1S: a OK *");
  script.emplace_back("1C: b FETCH 1 (BODY.PEEK[1] BODYSTRUCTURE)");
  expect_octets(script, "* 1 FETCH (BODY[1] " + literal("x\r\n") + " BODYSTRUCTURE " + structure + ")\r\n");
  script.emplace_back("1S: b OK *");
  house.play(script);
}

TEST(Fetch, LargePartsAreDecodedAsTheyGo) {
  std::string decoded;
  while (decoded.size() < 3 * kSliceOctets) decoded += "L\xC3\xADnea " + std::to_string(decoded.size()) + "\r\n";
  decoded += std::string(2 * kSliceOctets, '=');  // one line
  const std::string quoted = mime::encode_quoted_printable(decoded);
  const std::string in_one_line(2 * kSliceOctets, 'x');
  const std::string fields = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: ";
  House house;
  house.append("INBOX", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + fields +
                            "quoted-printable\r\n\r\n" + quoted + "\r\n--b\r\n" + fields +
                            "quoted-printable\r\n\r\n" + in_one_line + "\r\n--b\r\n" + fields + "base64\r\n\r\n" +
                            base64_encode(decoded) + "\r\n--b--\r\n");

  const auto piece = [&decoded](std::size_t offset, std::size_t octets) {
    return "<" + std::to_string(offset) + "> ~" + literal(decoded.substr(offset, octets));
  };
  const auto named = [](std::size_t offset, std::size_t octets) {
    return "<" + std::to_string(offset) + "." + std::to_string(octets) + ">";
  };
  const std::size_t middle = decoded.find("nea", 2 * kSliceOctets);
  const std::size_t last = decoded.size() - 10;
  Script script = one_opened();
  script.push_back("1C: a FETCH 1 (BINARY.PEEK[1] BINARY.PEEK[1]" + named(5, middle) + " BINARY.PEEK[1]" +
                   named(middle, 3) + " BINARY.PEEK[1]" + named(last, 900'000) + " BINARY.PEEK[1]" +
                   named(9'000'000, 900'000) + " BINARY.SIZE[1] BINARY.PEEK[2] BINARY.PEEK[3] BINARY.PEEK[3]" +
                   named(1, middle) + ")");
  expect_octets(script, "* 1 FETCH (BINARY[1] ~" + literal(decoded) + " BINARY[1]" + piece(5, middle) +
                            " BINARY[1]" + piece(middle, 3) + " BINARY[1]" + piece(last, 10) +
                            " BINARY[1]<9000000> ~" + literal("") + " BINARY.SIZE[1] " +
                            std::to_string(decoded.size()) + " BINARY[2] ~" + literal(in_one_line) +
                            " BINARY[3] ~" + literal(decoded) + " BINARY[3]" + piece(1, middle) + ")\r\n");
  script.emplace_back("1S: a OK *");
  house.play(script);
}

TEST(Fetch, ALostMessageIsToldBeforeItsLiteral) {  // RFC 5530 §3
  House house;
  house.append("INBOX", kPlain + std::string(2 * kSliceOctets, 'x'));
  house.lose_messages();
  Script script = one_opened();
  script.emplace_back("1C: a FETCH 1 BODY.PEEK[]");
  script.emplace_back("1S: a NO [CORRUPTION] *");
  house.play(script);
}

TEST(Fetch, NothingIsSaidInTheMidstOfALiteral) {
  House house{1, {.executor_delay_max = std::chrono::seconds{1}}};
  std::string message = kPlain;
  while (message.size() < 8 * kSliceOctets) message += std::string(76, 'x') + "\r\n";
  house.append("INBOX", message);
  Script script = one_opened();
  script.emplace_back("1C: a FETCH 1 BODY.PEEK[]");
  script.push_back("1S: * 1 FETCH (BODY[] {" + std::to_string(message.size()) + "}");
  script.emplace_back("lose messages");
  script.emplace_back("1 never a");
  script.emplace_back("2 login");
  house.play(script);
  EXPECT_TRUE(house.log_text().contains("message.cut")) << house.log_text();
}

TEST(Fetch, ManySectionsAtOnceAreRefused) {
  House house;
  house.append("INBOX", kPlain);
  std::string sections = "BODY.PEEK[1]";
  for (std::size_t i = 1; i < kFetchSectionsMax; ++i) sections += " BODY.PEEK[7]";
  std::string nils;
  for (std::size_t i = 1; i < kFetchSectionsMax; ++i) nils += " BODY[7] NIL";
  Script script = one_opened();
  script.push_back("1C: a FETCH 1 (" + sections + ")");
  expect_octets(script, "* 1 FETCH (BODY[1] " + literal("First line\r\nSecond line\r\n") + nils + ")\r\n");
  script.emplace_back("1S: a OK *");
  script.push_back("1C: b FETCH 1 (" + sections + " BINARY.SIZE[1])");
  script.emplace_back("1S: b NO [LIMIT] *");
  house.play(script);
}

TEST(Fetch, ManyMessagesComeInOrderAndWhole) {
  House house;
  Script script{"1 login"};
  for (int i = 1; i <= 300; ++i) house.append("Archive", "Subject: " + std::to_string(i) + "\r\n\r\n");
  for (const char* line : {"1C: o EXAMINE Archive", "1S: * FLAGS *", "1S: * OK [PERM*", "1S: * 300 EXISTS",
                           "1S: * 0 RECENT", "1S: * OK [UNSEEN 1] *", "1S: * OK [UIDV*", "1S: * OK [UIDN*",
                           "1S: * OK [MAIL*", "1S: * OK [HIGH*", "1S: o OK *", "1C: a FETCH 1:* ENVELOPE"}) {
    script.emplace_back(line);
  }
  for (int i = 1; i <= 300; ++i) {
    script.push_back("1S: * " + std::to_string(i) + " FETCH (ENVELOPE (NIL \"" + std::to_string(i) +
                     "\" NIL NIL NIL NIL NIL NIL NIL NIL))");
  }
  script.emplace_back("1S: a OK *");
  script.emplace_back("1C: b FETCH 299:300,1 (BODY.PEEK[TEXT] UID)");
  for (const int i : {1, 299, 300}) {
    script.push_back("1S: * " + std::to_string(i) + " FETCH (BODY[TEXT] {0}");
    script.push_back("1S:  UID " + std::to_string(i) + ")");
  }
  script.emplace_back("1S: b OK *");
  house.play(script);
}

}  // namespace
}  // namespace posthaste::imapd
