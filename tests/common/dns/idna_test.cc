#include "common/dns/idna.h"

#include <gtest/gtest.h>

namespace posthaste::dns {
namespace {

struct Case {
  const char* name;
  const char* domain;
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
    {"ASymbolIsNoLetter", "\u2665\u202e.example", std::nullopt},
};

class Idna : public testing::TestWithParam<Case> {};

TEST_P(Idna, GivesALabels) { EXPECT_EQ(to_a_labels(GetParam().domain), GetParam().labels); }

INSTANTIATE_TEST_SUITE_P(Domains, Idna, testing::ValuesIn(kCases),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace posthaste::dns
