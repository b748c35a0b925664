#include "common/mime/a_label.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste::mime {
namespace {

struct Case {
  const char* name;
  std::string domain;
  std::optional<std::string> a_labels;
};

const Case kCases[] = {
    {"Ascii", "Example.org", "Example.org"},
    {"Empty", "", ""},
    {"OneCharacter", "b\u00fccher.example", "xn--bcher-kva.example"},
    {"NoAsciiAtAll", "\u65e5\u672c\u8a9e.jp", "xn--wgv71a119e.jp"},
    {"CapitalsOfAscii", "B\u00fccher.example", "xn--bcher-kva.example"},
    {"EveryLabel",
     "www.\u03c0\u03b1\u03c1\u03ac\u03b4\u03b5\u03b9\u03b3\u03bc\u03b1.\u03b4\u03bf\u03ba\u03b9\u03bc\u03ae",
     "www.xn--hxajbheg2az3al.xn--jxalpdlp"},
    // RFC 3492 §7.1 (A), (B).
    {"Arabic",
     "\u0644\u064a\u0647\u0645\u0627\u0628\u062a\u0643\u0644\u0645\u0648\u0634\u0639\u0631\u0628\u064a\u061f",
     "xn--egbpdaj6bu4bxfgehfvwxn"},
    {"Chinese", "\u4ed6\u4eec\u4e3a\u4ec0\u4e48\u4e0d\u8bf4\u4e2d\u6587", "xn--ihqwcrb4cv8a8dqg056pqjye"},
    {"AboveTheFirstPlane", "\U0001F600.example", "xn--e28h.example"},
    {"NotUtf8",
     "b\xfc"
     "cher.example",
     std::nullopt},
    {"TooLong", std::string(60, 'a') + "\u00fc.example", std::nullopt},
};

TEST(ALabels, AreWhatHostsKnow) {
  for (const auto& test : kCases) EXPECT_EQ(to_a_labels(test.domain), test.a_labels) << test.name;
}

}  // namespace
}  // namespace posthaste::mime
