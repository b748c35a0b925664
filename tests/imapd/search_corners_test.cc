// Where SEARCH looks, and how it reads what stands there (RFC 9051 §6.4.4): mail as it comes.
#include "house.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  std::string message;
  std::vector<const char*> finds;   // programs
  std::vector<const char*> misses;  // such, too
};

std::string text_in(const std::string& charset, const std::string& octets) {
  return "Content-Type: text/plain; charset=" + charset + "\r\n\r\n" + octets + "\r\n";
}

std::string parts(const std::vector<std::string>& all) {
  std::string message = "Subject: outside\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (const std::string& part : all) message += "--b\r\n" + part + "\r\n";
  return message + "--b--\r\n";
}

const std::string kReport =
    parts({"Content-Type: text/plain\r\n\r\nnot delivered",
           "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
           "Final-Recipient: rfc822; carol@example.com\r\nStatus: 5.1.1",
           "Content-Type: text/rfc822-headers\r\n\r\nSubject: lost letter"});

const Case kCases[] = {
    // MIME headers of parts belong to TEXT, and are no body
    {"NameOfAnAttachment",
     parts({"\r\nhello", "Content-Type: application/pdf; name=\"invoice-4711.pdf\"\r\n\r\nJVBER"}),
     {"TEXT invoice-4711", "TEXT application/pdf", "TEXT hello"},
     {"TEXT JVBER"}},
    {"MimeHeadersAreNoBody",
     parts({"Content-Description: grandmother\r\n\r\nhello",
            "Content-Type: image/png\r\nContent-Disposition: attachment;\r\n filename=cat.png\r\n\r\nAAAA"}),
     {"TEXT grandmother", "TEXT cat.png", "TEXT \"attachment; filename\"", "BODY hello"},
     {"BODY grandmother", "BODY cat.png", "BODY image/png", "TEXT AAAA"}},
    {"EncodedWordsInThem",
     parts({"Content-Type: application/x; name=\"=?iso-8859-1?q?Gr=FC=DFe?=\"\r\n\r\nAA"}),
     {"CHARSET UTF-8 TEXT {7+}\r\nGR\xC3\x9C\xC3\x9F"
      "e"},
     {"CHARSET UTF-8 BODY {7+}\r\nGR\xC3\x9C\xC3\x9F"
      "e"}},
    {"ThoseOfPartsWithinParts",
     parts({"Content-Type: multipart/alternative; boundary=c\r\nContent-Description: inner\r\n\r\n"
            "--c\r\nContent-ID: <deep@x>\r\n\r\none\r\n--c--"}),
     {"TEXT deep@x", "TEXT inner", "TEXT one"},
     {"BODY deep@x", "BODY inner"}},
    {"ThoseOfAnEmbeddedMessagesParts",
     parts({"Content-Type: message/rfc822\r\n\r\nSubject: inside\r\n"
            "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-ID: <deep@x>\r\n\r\none\r\n--c--"}),
     {"TEXT deep@x", "TEXT inside", "BODY inside", "BODY one"},
     {"BODY deep@x"}},
    // all of text and of message
    {"DeliveryStatus",
     kReport,
     {"BODY carol@example.com", "TEXT mx.example.net", "BODY 5.1.1", "BODY \"lost letter\""},
     {"BODY delivery-status"}},
    {"DispositionNotification",
     parts({"Content-Type: message/disposition-notification\r\n\r\nDisposition: manual-action; displayed"}),
     {"BODY displayed", "TEXT manual-action"},
     {}},
    {"FeedbackReport",
     parts({"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: Some/1.0"}),
     {"BODY \"feedback-type: abuse\""},
     {}},
    {"PartialMessage",
     "Content-Type: message/partial; id=x; number=1; total=2\r\n\r\nSubject: halves\r\n\r\nfirst half\r\n",
     {"BODY halves", "BODY \"first half\""},
     {}},
    {"ExternalBody",
     parts({"Content-Type: message/external-body; access-type=URL\r\n\r\nContent-Type: image/gif\r\nplace"}),
     {"BODY place", "TEXT access-type"},
     {"BODY access-type"}},
    {"EmbeddedMessageInAnEncodingItMayNotHave",
     parts({"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            "U3ViamVjdDogaGlkZGVuDQoNCnRyZWFzdXJlDQo="}),
     {"BODY treasure", "BODY hidden"},
     {}},
    {"OtherTextTypes",
     parts({"Content-Type: text/calendar\r\n\r\nSUMMARY:Picnic", "Content-Type: text/x-diff\r\n\r\n+added"}),
     {"BODY picnic", "BODY +added"},
     {}},
    {"OctetsOfOtherTypesAreLeftOut",
     parts({"Content-Type: application/octet-stream\r\n\r\nsecret", "Content-Type: audio/x\r\n\r\nnoise"}),
     {"NOT BODY secret"},
     {"TEXT secret", "BODY noise"}},
    // white space as a reader sees it
    {"WordsOverALinesEnd",
     text_in("utf-8", "the quick brown\r\nfox   jumps\tover \r\n the lazy\n\n dog"),
     {"BODY \"brown fox\"", "BODY \"fox jumps over the lazy dog\"", "TEXT \"quick  brown\"", "BODY \"brown\tfox\"",
      "BODY \" fox \""},
     {"BODY brownfox", "BODY \"quick fox\""}},
    {"WordsInHtml",
     "Content-Type: text/html\r\n\r\n<p>the quick&nbsp;brown\r\n   <b>fox</b></p>\r\n<p>jumps</p>\r\n",
     {"BODY \"quick brown fox\"", "BODY \"fox jumps\""},
     {"BODY foxjumps"}},
    {"WordsInSoftLines",
     "Content-Transfer-Encoding: quoted-printable\r\n\r\nthe qu=\r\nick =\r\nbrown=20\r\nfox\r\n",
     {"BODY \"quick brown fox\""},
     {}},
    {"WordsOfAFoldedField",
     "Subject: the quick\r\n\tbrown  fox\r\nX-Other: a\r\n  b\r\n\r\ntext\r\n",
     {"SUBJECT \"quick brown fox\"", "TEXT \"quick brown fox\"", "HEADER X-Other \"a b\"",
      "HEADER Subject \"k b\""},
     {"SUBJECT quickbrown"}},
    {"SpacesOfOtherKinds",
     text_in("utf-8",
             "ten\xC2\xA0miles, \xE3\x80\x80"
             "far\xE2\x80\x83"
             "away"),
     {"BODY \"ten miles, far away\""},
     {}},
    {"AcrossTwoWindows",
     text_in("utf-8", std::string(65'535, 'x') + "\r\n \r\n" + std::string(70'000, ' ') + "y"),
     {"BODY \"x y\""},
     {"BODY xy"}},
    // addresses as the envelope has them
    {"CommentsAreNoAddress",
     "From: <bob (the builder)@ (at work) example.org>\r\nTo: (to) dora@example.org (Dora Deer)\r\n\r\nx\r\n",
     {"FROM bob@example.org", "FROM b@example", "TO dora@example.org", "TO \"dora deer\""},
     {"TO bob@example.org"}},
    {"SpaceAroundTheSeparators",
     "From: bob . builder @ example\r\n . org\r\n\r\nx\r\n",
     {"FROM bob.builder@example.org"},
     {}},
    {"QuotedNames",
     "From: \"Bob \\\"Bolt\\\" Builder\" <bob@example.org>\r\nCc: \"Doe, Jane\" <jane@example.org>\r\n\r\nx\r\n",
     {"FROM {10+}\r\nBob \"Bolt\"", "FROM \"builder <bob@\"", "CC \"doe, jane\"", "CC \"jane <jane\""},
     {}},
    {"EncodedNames",
     "From: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?= <nippon@example.org>\r\n"
     "Bcc: =?utf-8?q?Gr=C3=BC=C3=9F?= =?utf-8?q?_Gott?= <g@example.org>\r\n\r\nx\r\n",
     {"CHARSET UTF-8 FROM {6+}\r\n\xE6\x97\xA5\xE6\x9C\xAC", "CHARSET UTF-8 BCC {11+}\r\nGr\xC3\xBC\xC3\x9F Gott"},
     {}},
    {"Groups",
     "To: Friends: bob@example.org, \"Jane D.\" <jane @ example.org>;,\r\n Others:;\r\n\r\nx\r\n",
     {"TO friends", "TO others", "TO bob@", "TO jane@example.org", "TO \"friends: bob\"", "TO \"jane d. <jane\""},
     {"TO nobody"}},
    {"FoldedAddresses",
     "To: bob@example.org,\r\n\tJane\r\n Doe <jane@example.org>\r\n\r\nx\r\n",
     {"TO \"jane doe\"", "TO \"org, jane doe <jane\""},
     {}},
    {"FieldsThatAreThere",
     "From: bob@example.org\r\nTo:\r\n\r\nx\r\n",
     {"HEADER From \"\"", "HEADER To \"\"", "NOT HEADER Cc \"\""},
     {"HEADER Cc \"\""}},
    // charsets as they are used
    {"KoreanBeyondItsCharset",
     text_in("ks_c_5601-1987",
             "\x8C"
             "c\xB9\xE6\xB0\xA2\xC7\xCF"),
     {"CHARSET UTF-8 BODY {12+}\r\n\xEB\x98\xA0\xEB\xB0\xA9\xEA\xB0\x81\xED\x95\x98"},
     {}},
    {"ChineseBeyondItsCharset",
     text_in("gb2312",
             "\xE9"
             "F\xBB\xF9"),
     {"CHARSET UTF-8 BODY {6+}\r\n\xE9\x95\x95\xE5\x9F\xBA"},
     {}},
    {"JapaneseWithCircledDigits",
     text_in("iso-2022-jp", "\x1B$B-!\x1B(B"),
     {"CHARSET UTF-8 BODY {3+}\r\n\xE2\x91\xA0"},
     {}},
    {"HebrewInItsLogicalOrder",
     text_in("iso-8859-8-i", "\xF9\xEC\xE5\xED"),
     {"CHARSET UTF-8 BODY {8+}\r\n\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"},
     {}},
    {"SubjectInSuchACharset",
     "Subject: =?ks_c_5601-1987?B?jGO55rCix88=?=\r\n\r\nx\r\n",
     {"CHARSET UTF-8 SUBJECT {12+}\r\n\xEB\x98\xA0\xEB\xB0\xA9\xEA\xB0\x81\xED\x95\x98",
      "CHARSET ks_c_5601-1987 SUBJECT {8+}\r\n\x8C"
      "c\xB9\xE6\xB0\xA2\xC7\xCF"},
     {}},
};

TEST(SearchCorners, LooksWhereTheRfcSays) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    House house;
    house.append("INBOX", test.message);
    Script script{"1 login", "1 select INBOX"};
    const auto ask = [&script](const char* program, const char* found) {
      script.push_back(std::string{"1C: a SEARCH "} + program);
      script.push_back(std::string{"1S: * SEARCH"} + found);
      script.emplace_back("1S: a OK *");
    };
    for (const char* program : test.finds) ask(program, " 1");
    for (const char* program : test.misses) ask(program, "");
    house.play(script);
  }
}

}  // namespace
}  // namespace posthaste::imapd
