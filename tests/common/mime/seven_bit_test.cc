#include "common/mime/seven_bit.h"

#include <gtest/gtest.h>

#include <string>

#include "common/mime/structure.h"
#include "common/mime/transfer.h"

namespace posthaste::mime {
namespace {

struct Case {
  const char* name;
  std::string message;
  std::optional<std::string> converted;
};

const std::string kMime = "MIME-Version: 1.0\r\n";
const std::string kText = kMime + "Content-Type: text/plain; charset=utf-8\r\n";
const std::string kMixed = kMime + "Content-Type: multipart/mixed; boundary=b\r\n";
const std::string kEight = "Content-Transfer-Encoding: 8bit\r\n";
const std::string kSeven = "Content-Transfer-Encoding: 7bit\r\n";
const std::string kQuoted = "Content-Transfer-Encoding: quoted-printable\r\n";
const std::string kBase64 = "Content-Transfer-Encoding: base64\r\n";
const std::string kGerman =
    "Gr\xc3\xbc\xc3\x9f"
    "e aus dem sch\xc3\xb6nen K\xc3\xb6ln = Colonia, am Rhein gelegen\r\n";
const std::string kGermanQuoted =
    "Gr=C3=BC=C3=9Fe aus dem sch=C3=B6nen K=C3=B6ln =3D Colonia, am Rhein gelegen\r\n";
const std::string kNihon = "\xe6\x97\xa5\xe6\x9c\xac\r\n";  // "Nihon"
const std::string kNihonBase64 = "5pel5pysDQo=\r\n";

std::string in_parts(const std::string& part) { return kMixed + "\r\n--b\r\n" + part + "\r\n--b--\r\n"; }

std::string repeated(const std::string& text, std::size_t count) {
  std::string all;
  for (; count > 0; --count) all += text;
  return all;
}

std::string as_signed(const std::string& text) {
  return "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\n" + text +
         "\r\n--s\r\nContent-Type: "
         "application/pgp-signature\r\n\r\nx\r\n--s--\r\n";
}

const Case kCases[] = {
    {"Ascii", kText + "\r\nHello\r\n", kText + "\r\nHello\r\n"},
    {"AsciiSaidToBeEightBit", kText + kEight + "\r\nHello\r\n", kText + kSeven + "\r\nHello\r\n"},
    {"AsciiSaidToBeBinary", kText + "content-transfer-encoding: (a) Binary\r\n\r\nHello\r\n",
     kText + kSeven + "\r\nHello\r\n"},
    {"Empty", "", ""},
    {"WithoutAnEnd", "Subject: a", "Subject: a"},
    {"Text", kText + kEight + "\r\n" + kGerman, kText + kQuoted + "\r\n" + kGermanQuoted},
    {"FieldAmongOthers", kMime + kEight + "Content-Type: text/plain\r\nSubject: a\r\n\r\n" + kGerman,
     kMime + kQuoted + "Content-Type: text/plain\r\nSubject: a\r\n\r\n" + kGermanQuoted},
    {"TextThatIsShorterInBase64", kText + kEight + "\r\n" + kNihon, kText + kBase64 + "\r\n" + kNihonBase64},
    {"EncodingNotSaid", kText + "\r\n" + kGerman, kText + kQuoted + "\r\n" + kGermanQuoted},
    {"SevenBitSaid", kText + kSeven + "\r\n" + kGerman, kText + kQuoted + "\r\n" + kGermanQuoted},
    {"SaidTwice", kText + kEight + kEight + "\r\n" + kGerman, kText + kQuoted + "\r\n" + kGermanQuoted},
    {"NoMime", "Subject: a\r\n\r\n" + kGerman, "Subject: a\r\n" + kText + kQuoted + "\r\n" + kGermanQuoted},
    {"NoMimeInLatin1", "Subject: a\r\n\r\ncaf\xe9 au lait\r\n",
     "Subject: a\r\n" + kMime + "Content-Type: text/plain; charset=unknown-8bit\r\n" + kQuoted +
         "\r\ncaf=E9 au lait\r\n"},
    {"NoHeader", "\r\n" + kNihon, kText + kBase64 + "\r\n" + kNihonBase64},
    {"Header", "Subject: \xc3\xbc\r\n\r\nHello\r\n", "Subject: =?utf-8?q?=C3=BC?=\r\n\r\nHello\r\n"},
    {"Nul", kText + std::string("\r\neight\0nine\r\n", 14), kText + kQuoted + "\r\neight=00nine\r\n"},
    {"BareLineFeedInText", kText + "\r\nfirst line\nsecond line\r\n",
     kText + kQuoted + "\r\nfirst line=0Asecond line\r\n"},
    {"BareLineFeedInHeader", "Subject: a\nTo: b\r\n\r\n" + kGerman, std::nullopt},
    {"EncodedAlreadyButNotAll", kText + kQuoted + "\r\nK=C3=B6ln, K\xc3\xb6ln\r\n",
     kText + kQuoted + "\r\nK=C3=B6ln, K=C3=B6ln\r\n"},
    {"Base64AlreadyWithNoise",
     kText + kBase64 +
         "\r\n5pel\xff"
         "5pysDQo=\r\n",
     kText + kBase64 + "\r\n" + kNihonBase64},
    {"EncodedAlreadyInVain", kText + kQuoted + "\r\n" + repeated("\xd0\xb6", 2'000) + "\r\n", std::nullopt},
    {"EqualsThatBeginNoCode", kText + kQuoted + "\r\n<a b=\"\xc3\xb6\" c=4 d==\xc3\xb6=> =C3=B6\r\n",
     kText + kQuoted + "\r\n<a b=\"=C3=B6\" c=4 d===C3=B6=> =C3=B6\r\n"},
    {"LinesOfQuotedPrintableStay", kText + kQuoted + "\r\n=e4 \t\r\n=\r\n\xc3\xb6 \t\r\n=20\r\nend",
     kText + kQuoted + "\r\n=e4 \t\r\n=\r\n=C3=B6\r\n=20\r\nend"},
    {"LineEndsInQuotedPrintable", kText + kQuoted + "\r\nsoft= \nbare \nCR\rhere\r\r\nlast\n",
     kText + kQuoted + "\r\nsoft=\r\nbare=0A=\r\nCR=0Dhere=0D\r\nlast=0A"},
    {"LongLineOfQuotedPrintable",
     kText + kQuoted + "\r\n" + std::string(73, 'x') + "=3D=\r\n\xc3\xb6" + std::string(68, 'y') + "=4 z\r\n",
     kText + kQuoted + "\r\n" + std::string(73, 'x') + "=3D=\r\n=C3=B6" + std::string(68, 'y') + "=4 =\r\nz\r\n"},
    {"Base64InTwoRuns", kText + kBase64 + "\r\nQUI=\xff\r\nQ0Q=\r\n", kText + kBase64 + "\r\nQUI=\r\nQ0Q=\r\n"},
    {"Base64WithoutPadding", kText + kBase64 + "\r\nQU\xffI\r\n", kText + kBase64 + "\r\nQUI\r\n"},
    {"Base64InBareLines", kText + kBase64 + "\r\nQUJD\nREVG\rR0hJ\r\n",
     kText + kBase64 + "\r\nQUJD\r\nREVG\r\nR0hJ\r\n"},
    {"Base64WithNoiseThatHidesADelimiter", in_parts(kBase64 + "\r\nQUJD\r\n-\xff-b\r\nREVG"), std::nullopt},
    {"UnknownEncoding", kText + "Content-Transfer-Encoding: x-uuencode\r\n\r\n" + kGerman, std::nullopt},

    {"LongLine", kText + "\r\n" + std::string(999, 'x') + "\r\n\xe4",
     kText + kQuoted + "\r\n" + repeated(std::string(75, 'x') + "=\r\n", 13) + std::string(24, 'x') + "\r\n=E4"},
    {"LongLineInAnotherPart", in_parts("\r\n" + kNihon + "--b\r\n\r\n" + std::string(999, 'x')),
     in_parts("Content-Type: text/plain; charset=utf-8\r\n" + kBase64 + "\r\n" + "5pel5pys\r\n" +
              "\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n" + kQuoted + "\r\n" +
              repeated(std::string(75, 'x') + "=\r\n", 13) + std::string(24, 'x'))},
    {"LongestLine", in_parts("\r\n" + std::string(998, 'x') + "\r\n\r\n"),
     in_parts("\r\n" + std::string(998, 'x') + "\r\n\r\n")},
    {"LongLineThatIsEncodedAlready", in_parts(kBase64 + "\r\n" + std::string(2'000, 'x')),
     in_parts(kBase64 + "\r\n" + std::string(2'000, 'x'))},

    {"PartThatHasNoEmptyLine",
     in_parts("Content-Type: text/plain\r\nGr\xc3\xbc\xc3\x9f"
              "e aus K\xc3\xb6ln"),
     std::nullopt},
    {"PartThatHasItsEmptyLineLater",
     in_parts("Gr\xc3\xbc\xc3\x9f"
              "e\r\n\r\naus dem Rheinland"),
     std::nullopt},
    {"PartThatHasItsEmptyLineTooLateToBeEncoded", in_parts("Hello\r\nHello: again\r\n\r\n" + kGerman),
     std::nullopt},
    {"PartInAsciiThatHasNoEmptyLine",
     in_parts("Content-Description: \xc3\xbc\r\nHello\r\nContent-Transfer-Encoding: 8bit\r\nabc"),
     in_parts("Content-Description: =?utf-8?q?=C3=BC?=\r\nHello\r\nContent-Transfer-Encoding: 8bit\r\nabc")},
    {"PartThatIsAllHeader", in_parts("Content-Description: \xc3\xbc"),
     in_parts("Content-Description: =?utf-8?q?=C3=BC?=")},
    {"MessageThatHasNoEmptyLine",
     "Subject: a\r\nGr\xc3\xbc\xc3\x9f"
     "e\r\n",
     std::nullopt},
    {"MessageOfAMbox", "From a@b Mon Nov 30\r\nSubject: a\r\n\r\n" + kNihon,
     "From a@b Mon Nov 30\r\nSubject: a\r\n" + kText + kBase64 + "\r\n" + kNihonBase64},

    {"Part", in_parts("Content-Type: text/plain; charset=utf-8\r\n" + kEight + "\r\n" + kGerman),
     in_parts("Content-Type: text/plain; charset=utf-8\r\n" + kQuoted + "\r\n" + kGermanQuoted)},
    {"PartWithoutHeader", in_parts("\r\n" + kNihon),
     in_parts("Content-Type: text/plain; charset=utf-8\r\n" + kBase64 + "\r\n" + kNihonBase64)},
    {"OtherPartsStay",
     in_parts("\r\n1\t \r\n--b\r\n" + kQuoted + "\r\na=20=\r\n\r\n--b\r\n" + kEight +
              "Content-Type: text/plain\r\n\r\n" + kNihon),
     in_parts("\r\n1\t \r\n--b\r\n" + kQuoted + "\r\na=20=\r\n\r\n--b\r\n" + kBase64 +
              "Content-Type: text/plain\r\n\r\n" + kNihonBase64)},
    {"MultipartSaidToBeEightBit", kMixed + kEight + "\r\n--b\r\n\r\nHello\r\n--b--\r\n",
     kMixed + kSeven + "\r\n--b\r\n\r\nHello\r\n--b--\r\n"},
    {"AroundTheParts", kMixed + "\r\nf\xc3\xbcr\r\n--b\r\n\r\nHello\r\n--b--\r\n\xff\r\n",
     kMixed + "\r\nf**r\r\n--b\r\n\r\nHello\r\n--b--\r\n*\r\n"},
    {"PartsHeader", in_parts("Content-Description: \xc3\xbc\r\n\r\nHello"),
     in_parts("Content-Description: =?utf-8?q?=C3=BC?=\r\n\r\nHello")},
    {"PartsInParts",
     in_parts("Content-Type: multipart/alternative; boundary=i\r\n" + kEight +
              "\r\n--i\r\nContent-Type: text/html\r\n" + kEight + "\r\n" + kNihon + "\r\n--i--\r\n"),
     in_parts("Content-Type: multipart/alternative; boundary=i\r\n" + kSeven +
              "\r\n--i\r\nContent-Type: text/html\r\n" + kBase64 + "\r\n" + kNihonBase64 + "\r\n--i--\r\n")},
    {"LineThatWouldBecomeADelimiter",
     kMime +
         "Content-Type: multipart/mixed; boundary=\"b=C3=B6\"\r\n\r\n--b=C3=B6\r\nContent-Type: text/plain\r\n\r\n"
         "--b\xc3\xb6\r\nand a line that is long enough\r\n--b=C3=B6--\r\n",
     kMime +
         "Content-Type: multipart/mixed; boundary=\"b=C3=B6\"\r\n\r\n--b=C3=B6\r\nContent-Type: text/plain\r\n" +
         kBase64 + "\r\nLS1iw7YNCmFuZCBhIGxpbmUgdGhhdCBpcyBsb25nIGVub3VnaA==\r\n\r\n--b=C3=B6--\r\n"},
    {"LineThatWouldBecomeASloppyDelimiter",
     kMime + "Content-Type: multipart/mixed; boundary=\"b=C3, x\"\r\n\r\n--b=C3\r\nContent-Type: text/plain\r\n\r\n"
             "--b\xc3\r\nand a line that is long enough\r\n--b=C3--\r\n",
     kMime + "Content-Type: multipart/mixed; boundary=\"b=C3, x\"\r\n\r\n--b=C3\r\nContent-Type: text/plain\r\n" +
         kBase64 + "\r\nLS1iww0KYW5kIGEgbGluZSB0aGF0IGlzIGxvbmcgZW5vdWdo\r\n\r\n--b=C3--\r\n"},
    {"StarsThatWouldBecomeADelimiter",
     kMime +
         "Content-Type: multipart/mixed; boundary=\"b**\"\r\n\r\n--b\xc3\xb6\r\n--b**\r\n\r\nHello\r\n--b**--\r\n",
     std::nullopt},
    {"StarsAreNoMatterWhereNoneAreMade",
     "Subject: \xc3\xbc\r\nContent-Type: multipart/mixed; boundary=\"b*\"\r\n\r\n--b*\r\n\r\nHello\r\n--b*--\r\n",
     "Subject: =?utf-8?q?=C3=BC?=\r\nContent-Type: multipart/mixed; "
     "boundary=\"b*\"\r\n\r\n--b*\r\n\r\nHello\r\n--b*--\r\n"},
    {"BoundaryInEightBits",
     kMime + "Content-Type: multipart/mixed; boundary=\xc3\xb6\r\n\r\n--\xc3\xb6\r\n\r\nHello\r\n--\xc3\xb6--\r\n",
     std::nullopt},
    {"MessageInIt", "Content-Type: message/rfc822\r\n" + kEight + "\r\n" + kText + kEight + "\r\n" + kNihon,
     "Content-Type: message/rfc822\r\n" + kSeven + "\r\n" + kText + kBase64 + "\r\n" + kNihonBase64},
    {"MessageInItWithoutMime", in_parts("Content-Type: message/rfc822\r\n\r\nSubject: \xc3\xbc\r\n\r\n" + kNihon),
     in_parts("Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?=C3=BC?=\r\n" + kText + kBase64 + "\r\n" +
              kNihonBase64)},
    {"DigestsMessage",
     kMime + "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n" + kText + "\r\n" + kNihon +
         "\r\n--b--\r\n",
     kMime + "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n" + kText + kBase64 + "\r\n" +
         kNihonBase64 + "\r\n--b--\r\n"},
    {"GlobalStatusMayBeEncoded", in_parts("Content-Type: message/global-delivery-status\r\n\r\n" + kNihon),
     in_parts("Content-Type: message/global-delivery-status\r\n" + kBase64 + "\r\n" + kNihonBase64)},

    {"SignedPartInSevenBits", in_parts(as_signed("a \t\r\nb") + "--b\r\nContent-Type: text/plain\r\n\r\n" + kNihon),
     in_parts(as_signed("a \t\r\nb") + "--b\r\nContent-Type: text/plain\r\n" + kBase64 + "\r\n" + kNihonBase64)},
    {"AroundSignedParts",
     kMime + "Content-Type: multipart/signed; boundary=s\r\n\r\nf\xc3\xbcr\r\n--s\r\n\r\na \t\r\n--s\r\n"
             "Content-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n\xff\r\n",
     kMime + "Content-Type: multipart/signed; boundary=s\r\n\r\nf**r\r\n--s\r\n\r\na \t\r\n--s\r\n"
             "Content-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n*\r\n"},
    {"AroundSealedParts",
     kMime +
         "Content-Type: multipart/encrypted; boundary=s\r\n\r\n\xc3\r\n--s\r\n\r\na\r\n--s\r\n\r\nx\r\n--s--\r\n",
     kMime + "Content-Type: multipart/encrypted; boundary=s\r\n\r\n*\r\n--s\r\n\r\na\r\n--s\r\n\r\nx\r\n--s--\r\n"},
    {"LongLineInASignedPart", in_parts(as_signed(std::string(1'500, 'x'))),
     in_parts(as_signed(std::string(1'500, 'x')))},
    {"BetweenSignedParts",
     kMime + "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n\r\na\r\n--s x\xff\r\n\r\nx\r\n--s--\r\n",
     std::nullopt},
    {"SignedInEightBits", kMime + as_signed(kGerman), std::nullopt},
    {"SignedPartInEightBits", in_parts(as_signed(kGerman)), std::nullopt},
    {"SignedPartsHeaderInEightBits", kMime + as_signed("Content-Type: text/plain; name=\xc3\xbc\r\n\r\na"),
     std::nullopt},
    {"EncryptedInEightBits",
     kMime + "Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\n" + kGerman + "\r\n--b--\r\n",
     std::nullopt},
    {"PartialMessage", kMime + "Content-Type: message/partial; id=1\r\n\r\n" + kGerman, std::nullopt},
    {"MultipartWithoutBoundary", kMime + "Content-Type: multipart/mixed\r\n" + kEight + "\r\n" + kGerman,
     kMime + kQuoted + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + kGermanQuoted},
    {"MultipartWithoutDelimiter",
     in_parts("Content-Type: multipart/alternative; boundary=other\r\n\r\n--i\r\n\r\n\xe4"),
     in_parts("Content-Type: text/plain; charset=unknown-8bit\r\n" + kQuoted + "\r\n--i\r\n\r\n=E4")},
    {"MultipartWithoutPartsInAscii", kMixed + kEight + "\r\nHello\r\n", kMixed + kSeven + "\r\nHello\r\n"},
    {"SignedWithoutBoundary", kMime + "Content-Type: multipart/signed\r\n\r\n" + kGerman, std::nullopt},
};

TEST(SevenBit, SaysTheSame) {
  for (const auto& test : kCases) EXPECT_EQ(to_seven_bit(test.message), test.converted) << test.name;
}

TEST(SevenBit, SaysItInTheSameWordsAgain) {
  for (const auto& test : kCases) {
    if (test.converted) {
      EXPECT_EQ(to_seven_bit(*test.converted), test.converted) << test.name;
    }
  }
}

TEST(SevenBit, EveryLineIsShort) {
  const std::string body(100'000, '\xe9');
  const std::string spaced = std::string(100'000, 'x') + '\xe9';
  for (const auto& text : {body, spaced}) {
    const auto converted = to_seven_bit(kText + "\r\n" + text);
    ASSERT_TRUE(converted);
    EXPECT_LT(converted->size(), text.size() / 2 * 3);
    for (std::size_t line = 0, end = 0; end != std::string::npos; line = end + 2) {
      end = converted->find("\r\n", line);
      EXPECT_LE(std::min(end, converted->size()) - line, 76U);
    }
    const auto part = parse_structure(*converted);
    EXPECT_EQ(decode_transfer(transfer_encoding(part.transfer_encoding), part.body.of(*converted)), text);
  }
}

TEST(SevenBit, LooksAHundredLevelsDeep) {
  const auto nested = [](int levels) {
    std::string begin;
    for (int i = 1; i <= levels; ++i) {
      const std::string boundary = "b" + std::to_string(i);
      begin += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
    }
    return begin + "Content-Type: text/plain\r\n\r\n\xff\r\n";
  };
  EXPECT_TRUE(to_seven_bit(nested(100)));
  EXPECT_FALSE(to_seven_bit(nested(101)));
}

}  // namespace
}  // namespace posthaste::mime
