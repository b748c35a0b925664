#include "common/mime/ascii_header.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/octets.h"
#include "common/mime/encoded_word.h"

namespace posthaste::mime {
namespace {

struct Case {
  const char* name;
  std::string message;
  std::string surrogate;
};

const Case kCases[] = {
    {"Ascii", "Subject: hello  there \r\n\r\nbody \xff\r\n", "Subject: hello  there \r\n\r\nbody \xff\r\n"},
    {"BareLineFeeds", "Subject: a\n\nb\u00fc\n", "Subject: a\n\nb\u00fc\n"},
    {"NoHeader", "\r\nb\u00fc\r\n", "\r\nb\u00fc\r\n"},
    {"NoHeaderBareLineFeed", "\nb\u00fc\n\r\n", "\nb\u00fc\n\r\n"},
    {"Empty", "", ""},
    {"NoEnd", "Subject: a ", "Subject: a "},
    {"OneWord", "Subject: caf\u00e9\r\n\r\n", "Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\n"},
    {"OneWordAtTheEnd", "Subject: caf\u00e9", "Subject: =?utf-8?q?caf=C3=A9?="},
    {"AsciiBetween", "Subject: \u00fc and \u00e4 b\r\n\r\n",
     "Subject: =?utf-8?q?=C3=BC?= and =?utf-8?q?=C3=A4?= b\r\n\r\n"},
    {"SpaceBetweenTwoIsKept", "Subject: \u00fc  \u00e4\r\n\r\n",
     "Subject: =?utf-8?q?=C3=BC?= =?utf-8?q?__=C3=A4?=\r\n\r\n"},
    {"Folded", "Subject: \u00fc\r\n \u00e4\r\n\r\n", "Subject: =?utf-8?q?=C3=BC?=\r\n =?utf-8?q?=C3=A4?=\r\n\r\n"},
    {"Latin1", "Subject: caf\xe9\r\n\r\n", "Subject: =?unknown-8bit?q?caf=E9?=\r\n\r\n"},
    {"AddressStaysOneBySyntax", "From: J\u00f6rg <j\u00f6rg@ex\u00e4mple.org>\r\n\r\n",
     "From: =?utf-8?q?J=C3=B6rg?= <=?utf-8?q?j=C3=B6rg?=@=?utf-8?q?ex=C3=A4mple=2Eorg?=>\r\n\r\n"},
    {"QuotedString", "To: \"J\u00f6rg\" <a@example.org>\r\n\r\n",
     "To: \"=?utf-8?q?J=C3=B6rg?=\" <a@example.org>\r\n\r\n"},
    {"LongWordIsCutBetweenCharacters", "Subject: \u3042\u3044\u3046\u3048\u304a\u304b\u304d\r\n\r\n",
     "Subject: =?utf-8?q?=E3=81=82=E3=81=84=E3=81=86=E3=81=88=E3=81=8A?=\r\n"
     " =?utf-8?q?=E3=81=8B=E3=81=8D?=\r\n\r\n"},
    {"BodyStays", "A: \u00fc\r\n\r\nSubject: \u00fc\r\n\r\n\u00fc",
     "A: =?utf-8?q?=C3=BC?=\r\n\r\nSubject: \u00fc\r\n\r\n\u00fc"},
};

TEST(AsciiHeader, IsTheSameInEverySplit) {
  for (const auto& test : kCases) {
    for (std::size_t cut = 0; cut <= test.message.size(); ++cut) {
      AsciiHeader surrogate;
      std::string out{surrogate.feed(std::string_view{test.message}.substr(0, cut))};
      out += surrogate.feed(std::string_view{test.message}.substr(cut));
      out += surrogate.finish();
      EXPECT_EQ(out, test.surrogate) << test.name << ", cut at " << cut;
    }
  }
}

TEST(AsciiHeader, IsReadAsItWasWritten) {
  const std::string subject =
      "Gr\u00fc\u00dfe aus K\u00f6ln,  an \u3042\u3044\u3046\u3048\u304a\u304b\u304d\u3042 b";
  AsciiHeader surrogate;
  std::string out{surrogate.feed("Subject: " + subject + "\r\n\r\n")};
  EXPECT_TRUE(std::ranges::none_of(out, is_eight_bit));
  std::erase(out, '\r');
  std::erase(out, '\n');
  EXPECT_EQ(decode_encoded_words(out), "Subject: " + subject);
}

}  // namespace
}  // namespace posthaste::mime
