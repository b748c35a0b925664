#include "common/auth/saslprep.h"

#include <gtest/gtest.h>

namespace posthaste::auth {
namespace {

struct Case {
  const char* name;
  std::string text;
  std::optional<std::string> query;
  std::optional<std::string> stored;
};

const Case kCases[] = {
    // RFC 4013 §3.
    {"SoftHyphenMapsToNothing", "I\u00adX", "IX", "IX"},
    {"Unchanged", "user", "user", "user"},
    {"CaseStays", "USER", "USER", "USER"},
    {"FeminineOrdinalIsNfkcA", "\u00aa", "a", "a"},
    {"RomanNumeralNineIsNfkcIx", "\u2168", "IX", "IX"},
    {"ControlIsProhibited", "\u0007", std::nullopt, std::nullopt},
    {"ArabicThenDigitFailsBidi", "\u0627\u0031", std::nullopt, std::nullopt},
    // §2.1
    {"NoBreakSpaceIsASpace", "a\u00a0b", "a b", "a b"},
    // §2.3
    {"PrivateUse", "\ue000", std::nullopt, std::nullopt},
    {"Delete", "\x7f", std::nullopt, std::nullopt},
    {"ReplacementCharacter", "\ufffd", std::nullopt, std::nullopt},
    // §2.5
    {"UnassignedMayBeAskedForButNotStored", "\U0001f511", "\U0001f511", std::nullopt},
    {"Decomposed", "a\u0308", "\u00e4", "\u00e4"},
    {"Empty", "", std::nullopt, std::nullopt},
    {"NothingLeft", "\u00ad", std::nullopt, std::nullopt},
    {"NotUtf8", "\xff", std::nullopt, std::nullopt},
    {"CutUtf8", "a\xc3", std::nullopt, std::nullopt},
    {"Nul", std::string{"a\0b", 3}, std::nullopt, std::nullopt},
};

TEST(Saslprep, PreparesAsTheRfcSays) {
  for (const auto& test : kCases) {
    EXPECT_EQ(saslprep(test.text, StringKind::query), test.query) << test.name;
    EXPECT_EQ(saslprep(test.text, StringKind::stored), test.stored) << test.name;
  }
}

}  // namespace
}  // namespace posthaste::auth
