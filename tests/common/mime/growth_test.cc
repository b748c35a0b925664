// What a parser costs grows no faster than what it is given.
#include "../../growth.h"

#include <memory>
#include <string>
#include <string_view>

#include "common/mime/address.h"
#include "common/mime/ascii_header.h"
#include "common/mime/charset.h"
#include "common/mime/content.h"
#include "common/mime/encoded_word.h"
#include "common/mime/html_text.h"
#include "common/mime/message_id.h"
#include "common/mime/preview.h"
#include "common/mime/seven_bit.h"
#include "common/mime/structure.h"
#include "common/mime/transfer.h"

namespace posthaste::mime {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

/// A parser, and octets of about so many that may be dear for it.
struct Row {
  const char* name;
  std::string (*make)(std::size_t octets);
  void (*parse)(std::string_view text);
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

void structure(std::string_view text) { (void)parse_structure(text); }
void addresses(std::string_view text) { (void)parse_address_list(text); }
void words(std::string_view text) { (void)decode_encoded_words(text); }
void content(std::string_view text) {
  const auto type = parse_content_type(text);
  if (type) (void)find_parameter(type->parameters, "name");
}
void joined(std::string_view text) {
  const auto type = parse_content_type(text);
  if (type) (void)join_continuations(type->parameters);
}
void ids(std::string_view text) { (void)parse_message_ids(text); }
void html(std::string_view text) { (void)html_text(text); }
void ascii(std::string_view text) {
  AsciiHeader surrogate;
  (void)surrogate.feed(text);
  (void)surrogate.finish();
}
void seven_bit(std::string_view text) { (void)to_seven_bit(text); }
void japanese(std::string_view text) { (void)to_utf8("iso-2022-jp", text); }
void shown(std::string_view text) { (void)preview(text); }
void quoted(std::string_view text) { (void)decode_quoted_printable(text); }

const Row kRows[] = {
    {"AsciiAddresses", [](std::size_t n) { return "To: " + repeated("\xff <a@b>, ", n / 9); }, ascii},
    {"AsciiGroups", [](std::size_t n) { return "To: " + repeated("\xff:a@\xff;", n / 7); }, ascii},
    {"AsciiOpenComments", [](std::size_t n) { return "Date: " + repeated("(\xff", n / 2); }, ascii},
    {"AsciiOpenAngles", [](std::size_t n) { return "From: " + repeated("<\xff", n / 2); }, ascii},
    {"AsciiQuotes", [](std::size_t n) { return "Keywords: " + repeated("\xff\" ", n / 3); }, ascii},
    {"AsciiParameters", [](std::size_t n) { return "Content-Type: " + repeated(";a=\xff", n / 4); }, ascii},
    {"AsciiWords", [](std::size_t n) { return "Received: " + repeated("for \xff ", n / 6); }, ascii},
    {"SevenBitOfNestedMultiparts",
     [](std::size_t n) {
       return repeated("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 99) + "\r\n" +
              repeated("--\xff and so on\r\n", n / 14);
     },
     seven_bit},
    {"SevenBitOfParts",
     [](std::size_t n) {
       return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + repeated("--b\r\n\r\n\xff\r\n", n / 10);
     },
     seven_bit},
    {"StructureOfOpenBoundaries",
     [](std::size_t n) {
       return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + repeated("--b\r\n\r\n", n / 7);
     },
     structure},
    {"StructureOfNestedMultiparts",
     [](std::size_t n) { return repeated("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", n / 50); },
     structure},
    {"StructureOfNestedMessages",
     [](std::size_t n) { return repeated("Content-Type: message/rfc822\r\n\r\n", n / 32); }, structure},
    {"StructureOfDelimitersThatAreNone",
     [](std::size_t n) {
       return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + repeated("--b", n / 3) +
              repeated("\r\n--", n / 4);
     },
     structure},
    {"StructureOfNestedDelimitersBeforeText",
     [](std::size_t n) {
       std::string message;
       for (std::size_t i = 0; message.size() < n / 2; ++i) {
         const std::string boundary = "b" + std::to_string(i);
         message += "Content-Type: multipart/mixed; boundary=" + boundary + ", x\r\n\r\n--" + boundary + " y\r\n";
       }
       return message + repeated("--b0 -- z\r\n", n / 22);
     },
     structure},
    {"AddressesOfGroups", [](std::size_t n) { return repeated("g: a@b, ;", n / 9); }, addresses},
    {"AddressesOfOpenComments", [](std::size_t n) { return repeated("a@b (", n / 5); }, addresses},
    {"AddressesOfOpenAngles", [](std::size_t n) { return repeated("<a", n / 2); }, addresses},
    {"AddressesOfOpenQuotes", [](std::size_t n) { return "\"" + repeated("a\\\"", n / 3); }, addresses},
    {"EncodedWordsInARow", [](std::size_t n) { return repeated("=?utf-8?q?a?= ", n / 14); }, words},
    {"EncodedWordsNeverClosed", [](std::size_t n) { return repeated("=?", n / 2); }, words},
    {"EncodedWordsHalfOpen", [](std::size_t n) { return repeated("=?a?q?", n / 6); }, words},
    {"ParametersInSections",
     [](std::size_t n) {
       std::string text = "text/plain";
       for (std::size_t i = 0; i < n / 16; ++i) text += "; name*" + std::to_string(i) + "*=a%20b";
       return text;
     },
     content},
    {"ParametersToJoin",
     [](std::size_t n) {
       std::string text = "text/plain";
       for (std::size_t i = n / 16; i > 0; --i) text += "; name*" + std::to_string(i - 1) + "*=a%20b";
       return text;
     },
     joined},
    {"ParametersWithoutSemicolons", [](std::size_t n) { return "text/plain; a=" + repeated("boundary ", n / 9); },
     content},
    {"JapaneseInManyEscapes", [](std::size_t n) { return repeated("\x1B$B", n / 3); }, japanese},
    {"PreviewOfBlankParts",
     [](std::size_t n) {
       return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + repeated("--b\r\n\r\n \r\n", n / 10);
     },
     shown},
    {"ParametersOfOpenComments", [](std::size_t n) { return "text/plain; " + repeated("(", n); }, content},
    {"MessageIdsNeverClosed", [](std::size_t n) { return repeated("<", n); }, ids},
    {"MessageIdsInOpenComments", [](std::size_t n) { return repeated("(<a@b>", n / 6); }, ids},
    {"HtmlOfOpenTags", [](std::size_t n) { return repeated("<a ", n / 3); }, html},
    {"HtmlOfOpenComments", [](std::size_t n) { return repeated("<!--", n / 4); }, html},
    {"HtmlOfOpenScripts", [](std::size_t n) { return repeated("<script>", n / 8); }, html},
    {"HtmlOfOpenEntities", [](std::size_t n) { return repeated("&a", n / 2); }, html},
    {"QuotedPrintableOfWhiteSpace", [](std::size_t n) { return repeated(" ", n); }, quoted},
};

class ParserGrowth : public testing::TestWithParam<Row> {};

TEST_P(ParserGrowth, IsInProportionToTheText) {
  const Row& row = GetParam();
  constexpr std::size_t kOctets = 8'192;
  expect_n_log_n({row.name, kOctets, [&row](std::size_t octets) {
                    return [text = std::make_shared<std::string>(row.make(octets)), parse = row.parse] {
                      parse(*text);
                    };
                  }});
}

INSTANTIATE_TEST_SUITE_P(Mime, ParserGrowth, testing::ValuesIn(kRows),
                         [](const auto& test) { return std::string{test.param.name}; });

}  // namespace
}  // namespace posthaste::mime
