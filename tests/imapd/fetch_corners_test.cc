// The corners of FETCH: sections, partials, sets and what sets \Seen (RFC 3501 and RFC 9051 §6.4.5, RFC 3516
// §4.2-3).
#include "house.h"

namespace posthaste::imapd {
namespace {

const std::string kOddHeader =
    "Subject: one\r\n"
    "X-Odd\"name: two\r\n"
    "X-Fold: a\r\n"
    " b\r\n"
    "subject: again\r\n"
    "\r\n";
const std::string kOdd = kOddHeader + "Text\r\n";

const std::string kInnerHeader =
    "Subject: inner\r\n"
    "Content-Type: multipart/mixed; boundary=i\r\n"
    "\r\n";
const std::string kInnerText =
    "--i\r\n"
    "\r\n"
    "first\r\n"
    "--i\r\n"
    "Content-Type: application/octet-stream\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "AAECAw==\r\n"
    "--i--\r\n";
const std::string kOuterHeader =
    "Subject: outer\r\n"
    "Content-Type: multipart/mixed; boundary=o\r\n"
    "\r\n";
const std::string kNested = kOuterHeader +
                            "--o\r\n"
                            "Content-Type: text/plain\r\n"
                            "\r\n"
                            "outside\r\n"
                            "--o\r\n"
                            "Content-Type: message/rfc822\r\n"
                            "\r\n" +
                            kInnerHeader + kInnerText + "\r\n--o--\r\n";

const std::string kUnknownEncoding = "Content-Transfer-Encoding: x-secret\r\n\r\nwho knows\r\n";

/// INBOX with the three messages above.
void fill(House& house) {
  for (const auto& message : {kOdd, kNested, kUnknownEncoding}) house.append("INBOX", message);
}

std::string literal(const std::string& octets) { return "{" + std::to_string(octets.size()) + "}\r\n" + octets; }

struct SectionCase {
  const char* name;
  std::string command;  // behind "FETCH"
  std::string answer;   // untagged, without its last line end; empty: none
  const char* condition = "OK";
};

const SectionCase kSections[] = {
    // HEADER.FIELDS
    {"FieldsInAnyCaseAndOrder", "1 BODY.PEEK[HEADER.FIELDS (x-fold \"SUBJECT\")]",
     "* 1 FETCH (BODY[HEADER.FIELDS (x-fold SUBJECT)] " +
         literal("Subject: one\r\nX-Fold: a\r\n b\r\nsubject: again\r\n\r\n") + ")"},
    {"AFieldNameThatMustBeQuoted", R"(1 BODY.PEEK[HEADER.FIELDS ("X-Odd\"name")])",
     R"(* 1 FETCH (BODY[HEADER.FIELDS ("X-Odd\"name")] )" + literal("X-Odd\"name: two\r\n\r\n") + ")"},
    {"AFieldNameAsALiteral", "1 BODY.PEEK[HEADER.FIELDS ({6+}\r\nX-Fold)]",
     "* 1 FETCH (BODY[HEADER.FIELDS (X-Fold)] " + literal("X-Fold: a\r\n b\r\n\r\n") + ")"},
    {"AnEmptyFieldName", "1 BODY.PEEK[HEADER.FIELDS (\"\")]",
     "* 1 FETCH (BODY[HEADER.FIELDS (\"\")] " + literal("\r\n") + ")"},
    {"NoSuchField", "1 BODY.PEEK[HEADER.FIELDS (To)]",
     "* 1 FETCH (BODY[HEADER.FIELDS (To)] " + literal("\r\n") + ")"},
    {"FieldsNot", "1 BODY.PEEK[HEADER.FIELDS.NOT (subject X-FOLD)]",
     "* 1 FETCH (BODY[HEADER.FIELDS.NOT (subject X-FOLD)] " + literal("X-Odd\"name: two\r\n\r\n") + ")"},
    {"NoFieldsNamed", "1 BODY.PEEK[HEADER.FIELDS ()]", "", "BAD"},
    {"NoListOfFields", "1 BODY.PEEK[HEADER.FIELDS]", "", "BAD"},
    {"AListOfFieldsForText", "1 BODY.PEEK[TEXT (To)]", "", "BAD"},
    // Partials
    {"PartialUpToTheEnd", "1 BODY.PEEK[TEXT]<4.100>", "* 1 FETCH (BODY[TEXT]<4> " + literal("\r\n") + ")"},
    {"PartialFromTheEnd", "1 BODY.PEEK[TEXT]<6.1>", "* 1 FETCH (BODY[TEXT]<6> " + literal("") + ")"},
    {"PartialFarBeyondTheEnd", "1 BODY.PEEK[TEXT]<4294967295.4294967295>",
     "* 1 FETCH (BODY[TEXT]<4294967295> " + literal("") + ")"},
    {"PartialOfChosenFields", "1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]<9.3>",
     "* 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)]<9> " + literal("one") + ")"},
    {"PartialOfAnUncachedField", "1 BODY.PEEK[HEADER.FIELDS (X-FOLD)]<8.1>",
     "* 1 FETCH (BODY[HEADER.FIELDS (X-FOLD)]<8> " + literal("a") + ")"},
    {"PartialOfNothing", "1 BODY.PEEK[9]<0.5>", "* 1 FETCH (BODY[9]<0> NIL)"},
    {"PartialWithoutOctets", "1 BODY.PEEK[]<0.0>", "", "BAD"},
    {"PartialWithoutCount", "1 BODY.PEEK[]<0>", "", "BAD"},
    {"PartialWithoutOffset", "1 BODY.PEEK[]<.5>", "", "BAD"},
    {"PartialNegative", "1 BODY.PEEK[]<-1.5>", "", "BAD"},
    // Part numbers
    {"PartOneOfNoMultipart", "1 BODY.PEEK[1]", "* 1 FETCH (BODY[1] " + literal("Text\r\n") + ")"},
    {"ItsMimeHeaderIsTheMessages", "1 BODY.PEEK[1.MIME]", "* 1 FETCH (BODY[1.MIME] " + literal(kOddHeader) + ")"},
    {"ItHasNoHeaderOfItsOwn", "1 (BODY.PEEK[1.HEADER] BODY.PEEK[1.TEXT] BODY.PEEK[1.1] BODY.PEEK[2])",
     "* 1 FETCH (BODY[1.HEADER] NIL BODY[1.TEXT] NIL BODY[1.1] NIL BODY[2] NIL)"},
    {"PartZero", "1 BODY.PEEK[0]", "", "BAD"},
    {"PartBeyondNumbers", "1 BODY.PEEK[4294967296]", "", "BAD"},
    {"ADotAtTheEnd", "1 BODY.PEEK[1.]", "", "BAD"},
    {"MimeOfNoPart", "1 BODY.PEEK[MIME]", "", "BAD"},
    {"NoSection", "1 BODY.PEEK[FROB]", "", "BAD"},
    {"PeekWithoutSection", "1 BODY.PEEK", "", "BAD"},
    // A message in a message
    {"TheMessageInAPart", "2 BODY.PEEK[2]", "* 2 FETCH (BODY[2] " + literal(kInnerHeader + kInnerText) + ")"},
    {"ItsHeaderAndText", "2 (BODY.PEEK[2.HEADER] BODY.PEEK[2.TEXT])",
     "* 2 FETCH (BODY[2.HEADER] " + literal(kInnerHeader) + " BODY[2.TEXT] " + literal(kInnerText) + ")"},
    {"ItsFields", "2 (BODY.PEEK[2.HEADER.FIELDS (SUBJECT)] BODY.PEEK[2.HEADER.FIELDS.NOT (SUBJECT)]<0.12>)",
     "* 2 FETCH (BODY[2.HEADER.FIELDS (SUBJECT)] " + literal("Subject: inner\r\n\r\n") +
         " BODY[2.HEADER.FIELDS.NOT (SUBJECT)]<0> " + literal("Content-Type") + ")"},
    {"TheMimeHeaderOfItsPart", "2 BODY.PEEK[2.MIME]",
     "* 2 FETCH (BODY[2.MIME] " + literal("Content-Type: message/rfc822\r\n\r\n") + ")"},
    {"ItsParts", "2 (BODY.PEEK[2.1] BODY.PEEK[2.1.MIME] BODY.PEEK[2.2] BODY.PEEK[2.3])",
     "* 2 FETCH (BODY[2.1] " + literal("first") + " BODY[2.1.MIME] " + literal("\r\n") + " BODY[2.2] " +
         literal("AAECAw==") + " BODY[2.3] NIL)"},
    {"FieldsOfAPartThatIsNoMessage", "2 (BODY.PEEK[1.HEADER.FIELDS (SUBJECT)] BODY.PEEK[1.TEXT])",
     "* 2 FETCH (BODY[1.HEADER.FIELDS (SUBJECT)] NIL BODY[1.TEXT] NIL)"},
    // BINARY
    {"BinaryOfANestedPart", "2 (BINARY.PEEK[2.2]<1.2> BINARY.SIZE[2.2] BINARY.SIZE[2.1])",
     "* 2 FETCH (BINARY[2.2]<1> ~" + literal("\x01\x02") + " BINARY.SIZE[2.2] 4 BINARY.SIZE[2.1] 5)"},
    {"BinaryOfTheWholeMessage", "1 (BINARY.PEEK[] BINARY.SIZE[])",
     "* 1 FETCH (BINARY[] ~" + literal(kOdd) + " BINARY.SIZE[] " + std::to_string(kOdd.size()) + ")"},
    {"BinaryOfNoPart", "1 (BINARY.PEEK[3] BINARY.SIZE[3])", "* 1 FETCH (BINARY[3] NIL BINARY.SIZE[3] 0)"},
    {"AnEncodingThatNobodyKnows", "3 BINARY.PEEK[1]", "* 3 FETCH (BINARY[1] NIL)", "NO [UNKNOWN-CTE]"},
    {"BinaryOfAHeader", "1 BINARY.PEEK[HEADER]", "", "BAD"},
    {"BinarySizeOfAPiece", "1 BINARY.SIZE[1]<0.1>", "", "BAD"},
    // Macros and lists
    {"AMacroInAList", "1 (ALL)", "", "BAD"},
    {"AMacroBesideAnItem", "1 (FLAGS FAST)", "", "BAD"},
    {"TwoMacros", "1 FAST ALL", "", "BAD"},
    {"NoItems", "1 ()", "", "BAD"},
    {"NoSuchItem", "1 FROB", "", "BAD"},
    // Sets
    {"NumberZero", "0 UID", "", "BAD"},
    {"FromZero", "0:1 UID", "", "BAD"},
    {"NumberBeyondNumbers", "4294967296 UID", "", "BAD"},
    {"Beyond", "4 UID", "", "BAD"},
    {"Backwards", "3:3,2:2 UID", "* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)"},
    {"OnceEach", "1,1:1,1 UID", "* 1 FETCH (UID 1)"},
    {"FromTheLastToTheFirst", "*:2 UID", "* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)"},
    {"TheSavedResultBeforeAnySearch", "$ UID", ""},
};

const SectionCase kByUid[] = {
    {"TheLastAndBeyond", "*:4294967295 UID", "* 3 FETCH (UID 3)"},
    {"BeyondAndTheLast", "4294967295:* UID", "* 3 FETCH (UID 3)"},
    {"BeyondAlone", "4:4294967295 UID", ""},
    {"BeyondNumbers", "4294967296 UID", "", "BAD"},
    {"SomeUnknown", "2,9,77 UID", "* 2 FETCH (UID 2)"},
};

Script script_of(const std::string& word, const SectionCase& test) {
  Script script{"1 login", "1 select INBOX", "1C: a " + word + " " + test.command};
  const std::string answer = test.answer.empty() ? "" : test.answer + "\r\n";
  for (std::size_t from = 0; from < answer.size();) {
    const auto end = answer.find("\r\n", from);
    script.push_back("1S: " + answer.substr(from, end - from));
    from = end + 2;
  }
  script.push_back("1S: a " + std::string{test.condition} + " *");
  return script;
}

TEST(FetchCorners, SectionsAndSets) {
  for (const auto& test : kSections) {
    SCOPED_TRACE(test.name);
    House house;
    fill(house);
    house.play(script_of("FETCH", test));
  }
}

TEST(FetchCorners, SetsOfUids) {
  for (const auto& test : kByUid) {
    SCOPED_TRACE(test.name);
    House house;
    fill(house);
    house.play(script_of("UID FETCH", test));
  }
}

TEST(FetchCorners, AnEmptyMailboxHasNoUids) {
  House house;
  house.play({"1 login", "1 select Junk", "1C: a UID FETCH * UID", "1S: a OK *", "1C: b UID FETCH 1:* UID",
              "1S: b OK *", "1C: c UID STORE 1:* +FLAGS (\\Seen)", "1S: c OK *", "1C: d UID COPY 1:* Sent",
              "1S: d OK *", "1C: e FETCH 1 UID", "1S: e BAD *"});
}

struct SeenCase {
  const char* items;
  bool sets_seen;
};

const SeenCase kSeen[] = {
    {"BODY[]", true},
    {"BODY[TEXT]", true},
    {"BODY[HEADER]", true},
    {"BODY[HEADER.FIELDS (TO)]", true},
    {"BODY[9]", true},
    {"RFC822", true},
    {"RFC822.TEXT", true},
    {"BINARY[1]", true},
    {"(UID BODY.PEEK[] BODY[1])", true},
    {"BODY.PEEK[]", false},
    {"RFC822.HEADER", false},  // RFC 3501 §6.4.5
    {"BINARY.PEEK[1]", false},
    {"BINARY.SIZE[1]", false},
    {"FULL", false},
    {"BODYSTRUCTURE", false},
    {"PREVIEW", false},
};

TEST(FetchCorners, WhatSetsSeen) {
  for (const auto& test : kSeen) {
    for (const std::string opening : {"SELECT", "EXAMINE"}) {
      SCOPED_TRACE(opening + " " + test.items);
      House house;
      fill(house);
      const bool sets_seen = test.sets_seen && opening == "SELECT";
      house.play({"1 login", "1C: o " + opening + " INBOX", "1 until o OK *",
                  "1C: a FETCH 1 " + std::string{test.items}, "1 until a OK *", "1C: b STATUS INBOX (UNSEEN)",
                  sets_seen ? "1S: * STATUS INBOX (UNSEEN 2)" : "1S: * STATUS INBOX (UNSEEN 3)", "1S: b OK *"});
    }
  }
}

TEST(FetchCorners, WhatAnotherSessionHasExpunged) {
  House house;
  fill(house);
  house.play({"1 login", "2 login", "1 select INBOX", "2 select INBOX", "2C: a MOVE 2 Trash", "2 until a OK *",
              "1C: b FETCH 1:3 UID", "1S: * 1 FETCH (UID 1)", "1S: * 3 FETCH (UID 3)", "1S: b NO [EXPUNGEISSUED] *",
              "1C: c STORE 2 +FLAGS (\\Seen)", "1S: c NO [EXPUNGEISSUED] *", "1C: d UID FETCH 2 UID",
              "1S: * 2 EXPUNGE", "1S: d OK *"});
}

/// A message with such a BODYSTRUCTURE in the index, as an earlier version made it.
void append_with(House& house, const std::string& octets, const std::string& body_structure) {
  house.append("Junk", "x\r\n");
  mailbox::Summary summary = summarize(octets);
  summary.body_structure = body_structure;
  mailbox::Batch batch;
  const MailboxId inbox = house.store().read(house.alice())->mailbox("INBOX")->id;
  batch.operations.emplace_back(
      mailbox::Append{inbox, mailbox::put_blob(octets, summary), {}, {}, {}, std::nullopt});
  house.applier.others[house.applier.batches + 1] = std::move(batch);
  house.append("Junk", "y\r\n");
}

/// Messages that earlier versions took for a text, for their delimiters have text behind them or their boundary is
/// followed by something sloppy. What the index has of such a one is not said any more, for BODY[1] is of a part
/// now.
TEST(FetchCorners, MultipartsOfEarlierVersionsHaveTheirPartsNow) {
  const std::string part = R"(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 0 NIL NIL NIL NIL))";
  struct {
    const char* parameters;  // behind "multipart/mixed"
    const char* delimiter;
    const char* written;
  } const cases[] = {
      {"; boundary=b", "--b x", R"(("boundary" "b"))"},
      {"; boundary=b", "--b\t(1)", R"(("boundary" "b"))"},
      {"; boundary=b charset=utf-8", "--b", R"(("boundary" "b" "charset" "utf-8"))"},
      {"; charset=utf-8 boundary=b", "--b", R"(("charset" "utf-8" "boundary" "b"))"},
      {"; boundary=b, charset=utf-8", "--b", R"(("boundary" "b," "charset" "utf-8"))"},
  };
  for (const bool is_long : {false, true}) {  // too long for the index: the summary is read from the segment
    for (const auto& test : cases) {
      SCOPED_TRACE(testing::Message() << test.parameters << ' ' << test.delimiter << ' ' << is_long);
      House house;
      const std::string to = is_long ? "To: " + std::string(5'000, 'x') + "\r\n" : "";
      append_with(house,
                  "Content-Type: multipart/mixed" + std::string{test.parameters} + "\r\n" + to + "\r\n" +
                      test.delimiter + "\r\n\r\none\r\n" + test.delimiter + "\r\n\r\ntwo\r\n--b--\r\n",
                  R"(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 99 9 NIL NIL NIL NIL))");
      house.play({"1 login", "1 select INBOX", "1C: a FETCH 1 BODYSTRUCTURE",
                  "1S: * 1 FETCH (BODYSTRUCTURE (" + part + part + " \"mixed\" " + test.written + " NIL NIL NIL))",
                  "1S: a OK *", "1C: b FETCH 1 (BODY.PEEK[2] UID)", "1S: * 1 FETCH (BODY[2] {3}", "1S: two UID 1)",
                  "1S: b OK *"});
    }
  }
}

TEST(FetchCorners, OtherStructuresAreSaidAsTheIndexHasThem) {
  const std::string as_text = R"(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 99 9 NIL NIL NIL NIL))";
  const std::string as_parts = R"((("text" "plain" NIL NIL NIL "7bit" 9 9) "mixed"))";
  struct {
    const char* type;
    const std::string& structure;
  } const cases[] = {{"text/plain", as_text},
                     {"text/html", as_text},
                     {"nonsense", as_text},
                     {"message/rfc822", as_text},
                     {"multipart/mixed; boundary=b", as_parts}};
  for (const auto& test : cases) {
    House house;
    append_with(house, "Content-Type: " + std::string{test.type} + "\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
                test.structure);
    house.lose_messages();
    house.play({"1 login", "1 select INBOX", "1C: a FETCH 1 BODYSTRUCTURE",
                "1S: * 1 FETCH (BODYSTRUCTURE " + test.structure + ")", "1S: a OK *"});
  }
}

}  // namespace
}  // namespace posthaste::imapd
