#include "common/imap/section.h"

#include <gtest/gtest.h>

namespace posthaste::imap {
namespace {

const std::string kEmbedded =
    "Subject: inner\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\ndeep\r\n--in--\r\n";

const std::string kMessage =
    "Subject: outer\r\nFrom: alice@example.org\r\nTo: bob@example.org\r\n"
    "Content-Type: multipart/mixed; boundary=out\r\n\r\npreamble\r\n--out\r\n"
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nna=C3=AFve\r\n--out\r\n"
    "Content-Type: message/rfc822\r\n\r\n" +
    kEmbedded + "\r\n--out\r\nContent-Transfer-Encoding: x-unknown\r\n\r\n?\r\n--out--\r\n";

const std::string kPlain = "Subject: plain\r\n\r\nbody\r\n";

// What BODY[...] as a client writes it cuts out; "NIL" for nothing.
std::string cut(const std::string& message, std::string_view item) {
  const auto items = parse_fetch_items(item);
  const auto& body = std::get<FetchBody>(items.value().front());
  const auto octets = cut_section(message, mime::parse_structure(message), body.section, body.partial);
  return octets ? std::string(view_of(*octets)) : "NIL";
}

struct Case {
  const char* item;
  std::string expected;
};

TEST(Section, IsCutOutOfAMultipart) {
  const Case kCases[] = {
      {"BODY[]", kMessage},
      {"BODY[HEADER]", kMessage.substr(0, kMessage.find("preamble"))},
      {"BODY[TEXT]", kMessage.substr(kMessage.find("preamble"))},
      {"BODY[HEADER.FIELDS (subject)]", "Subject: outer\r\n\r\n"},
      {"BODY[HEADER.FIELDS (To Subject)]", "Subject: outer\r\nTo: bob@example.org\r\n\r\n"},
      {"BODY[HEADER.FIELDS (Cc)]", "\r\n"},
      {"BODY[HEADER.FIELDS.NOT (Subject Content-Type)]", "From: alice@example.org\r\nTo: bob@example.org\r\n\r\n"},
      {"BODY[1]", "na=C3=AFve"},
      {"BODY[1.MIME]", "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"},
      {"BODY[2]", kEmbedded},
      {"BODY[2.MIME]", "Content-Type: message/rfc822\r\n\r\n"},
      {"BODY[2.HEADER]", "Subject: inner\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n"},
      {"BODY[2.TEXT]", "--in\r\n\r\ndeep\r\n--in--\r\n"},
      {"BODY[2.HEADER.FIELDS (Subject)]", "Subject: inner\r\n\r\n"},
      {"BODY[2.1]", "deep"},
      {"BODY[2.1.MIME]", "\r\n"},
  };
  for (const auto& test : kCases) EXPECT_EQ(cut(kMessage, test.item), test.expected) << test.item;
}

TEST(Section, OfAMessageWithoutPartsIsPartOne) {
  EXPECT_EQ(cut(kPlain, "BODY[1]"), "body\r\n");
  EXPECT_EQ(cut(kPlain, "BODY[TEXT]"), "body\r\n");
  EXPECT_EQ(cut(kPlain, "BODY[HEADER]"), "Subject: plain\r\n\r\n");
  EXPECT_EQ(cut("", "BODY[]"), "");
  EXPECT_EQ(cut("", "BODY[HEADER.FIELDS (X)]"), "");
}

TEST(Section, ThatDoesNotExistIsNil) {
  for (const auto* item : {"BODY[4]", "BODY[1.1]", "BODY[2.2]", "BODY[1.HEADER]", "BODY[1.TEXT]", "BODY[4.MIME]",
                           "BODY[2.1.HEADER]", "BODY[4294967295]", "BODY[1.HEADER.FIELDS (Subject)]"}) {
    EXPECT_EQ(cut(kMessage, item), "NIL") << item;
  }
  EXPECT_EQ(cut(kPlain, "BODY[2]"), "NIL");
  EXPECT_EQ(cut(kPlain, "BODY[1.1]"), "NIL");
}

TEST(Section, PartialIsHeldToTheOctetsThereAre) {
  const Case kCases[] = {
      {"BODY[TEXT]<0.4>", "body"},
      {"BODY[TEXT]<1.2>", "od"},
      {"BODY[TEXT]<4.100>", "\r\n"},
      {"BODY[TEXT]<6.1>", ""},
      {"BODY[TEXT]<7.1>", ""},
      {"BODY[TEXT]<9223372036854775807.9223372036854775807>", ""},
      {"BODY[TEXT]<1.9223372036854775807>", "ody\r\n"},
      {"BODY[HEADER.FIELDS (Subject)]<9.5>", "plain"},
  };
  for (const auto& test : kCases) EXPECT_EQ(cut(kPlain, test.item), test.expected) << test.item;
}

TEST(Section, ExtentIsWhereTheOctetsLie) {
  const auto root = mime::parse_structure(kMessage);
  EXPECT_EQ(section_extent(root, {{1}, SectionText::content, {}}),
            (mime::Extent{kMessage.find("na=C3"), std::string_view("na=C3=AFve").size()}));
  EXPECT_EQ(section_extent(root, {}), (mime::Extent{0, kMessage.size()}));
  EXPECT_EQ(section_extent(root, {{9}, SectionText::content, {}}), std::nullopt);
}

TEST(Binary, FindsThePartAndItsTransferEncoding) {
  using mime::TransferEncoding;
  const auto root = mime::parse_structure(kMessage);
  auto find = [&root](std::vector<std::uint32_t> parts) { return encoded_part(root, parts); };
  auto part = [](std::string_view octets, TransferEncoding encoding) {
    return EncodedPart{{kMessage.find(octets), octets.size()}, encoding};
  };
  EXPECT_EQ(find({1}), part("na=C3=AFve", TransferEncoding::quoted_printable));
  EXPECT_EQ(find({2}), part(kEmbedded, TransferEncoding::identity));
  EXPECT_EQ(find({2, 1}), part("deep", TransferEncoding::identity));
  EXPECT_EQ(find({}), part(kMessage, TransferEncoding::identity));
  EXPECT_EQ(find({3}), std::unexpected(BinaryError::unknown_encoding));
  EXPECT_EQ(find({4}), std::unexpected(BinaryError::no_such_part));
}

}  // namespace
}  // namespace posthaste::imap
