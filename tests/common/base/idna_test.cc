#include "common/base/idna.h"

#include <gtest/gtest.h>

namespace posthaste {
namespace {

struct Case {
  const char* name;
  std::string domain;
  std::optional<std::string> labels;
};

const Case kCases[] = {
    {"AsciiStays", "Mail.Example.org", "Mail.Example.org"},
    {"AnUmlautIsPunycode", "b\u00fccher.example", "xn--bcher-kva.example"},
    {"CapitalsAreMapped", "B\u00dcCHER.example", "xn--bcher-kva.example"},
    {"SharpSStaysItself", "stra\u00dfe.example", "xn--strae-oqa.example"},  // RFC 5891, not RFC 3490's "ss"
    {"EachLabelForItself", "\u4f8b\u3048.\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah"},
    {"DecomposedIsComposed", "bu\u0308cher.example", "xn--bcher-kva.example"},
    {"NoUtf8",
     "b\xfc"
     "cher.example",
     std::nullopt},
    {"Empty", "", ""},
    {"EveryLabel",
     "www.\u03c0\u03b1\u03c1\u03ac\u03b4\u03b5\u03b9\u03b3\u03bc\u03b1.\u03b4\u03bf\u03ba\u03b9\u03bc\u03ae",
     "www.xn--hxajbheg2az3al.xn--jxalpdlp"},
    {"Chinese", "\u4ed6\u4eec\u4e3a\u4ec0\u4e48\u4e0d\u8bf4\u4e2d\u6587",  // RFC 3492 §7.1 (B)
     "xn--ihqwcrb4cv8a8dqg056pqjye"},
    {"ALabelTooLong", std::string(60, 'a') + "\u00fc.example", std::nullopt},
    {"ANameTooLong", std::string(100'000, 'a') + "\u0308.example", std::nullopt},
    {"NulEndsNoName", std::string("b\u00fccher.example\0.org", 20), std::nullopt},
    {"ASymbolIsNoLetter", "\u2665\u202e.example", std::nullopt},
};

class Idna : public testing::TestWithParam<Case> {};

TEST(FoldDomain, GivesEachNameOneSpelling) {
  const std::string long_label =
      "\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b"
      "\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b\u4f8b";
  const std::pair<std::string, std::string> kSpellings[] = {
      {"Mail.Example.ORG", "mail.example.org"},
      {"xn--bcher-kva.example", "b\u00fccher.example"},
      {"XN--BCHER-KVA.Example", "b\u00fccher.example"},
      {"B\u00dcCHER.EXAMPLE", "b\u00fccher.example"},
      {"bu\u0308cher.example", "b\u00fccher.example"},
      {"a.xn--bcher-kva.B\u00dcCHER", "a.b\u00fccher.b\u00fccher"},
      {"stra\u00dfe.example", "stra\u00dfe.example"},
      {"xn--\u00e9.example", "xn--\u00e9.example"},  // no name
      {"xn--0.example", "xn--0.example"},            // no A-label
      {"\u2665\u202e.Example", "\u2665\u202e.example"},
      {"b\xfc.Example", "b\xfc.example"},
      {"exn--ample.org", "exn--ample.org"},
      {"", ""},
      {long_label + ".example", *to_a_labels(long_label + ".example")},
      {*to_a_labels(long_label + ".example"), *to_a_labels(long_label + ".example")}};
  for (const auto& [domain, folded] : kSpellings) {
    EXPECT_EQ(fold_domain(domain), folded) << domain;
    EXPECT_EQ(fold_domain(folded), folded) << domain;
  }
}

TEST_P(Idna, GivesALabels) { EXPECT_EQ(to_a_labels(GetParam().domain), GetParam().labels); }

INSTANTIATE_TEST_SUITE_P(Domains, Idna, testing::ValuesIn(kCases),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace posthaste
