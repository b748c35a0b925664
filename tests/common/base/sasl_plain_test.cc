#include "common/base/sasl_plain.h"

#include <gtest/gtest.h>

namespace posthaste {
namespace {

using std::string_literals::operator""s;

struct Case {
  const char* name;
  std::string message;
  std::optional<PlainCredentials> credentials;
};

const Case kCases[] = {
    {"TheFirstExampleOfRfc4616", "\0tim\0tanstaaftanstaaf"s, PlainCredentials{"", "tim", "tanstaaftanstaaf"}},
    {"TheSecondExampleOfRfc4616", "Ursel\0Kurt\0xipj3plmq"s, PlainCredentials{"Ursel", "Kurt", "xipj3plmq"}},
    {"Utf8IsAllowed", "\0\xc3\xa4\0\xe2\x82\xac"s, PlainCredentials{"", "\xc3\xa4", "\xe2\x82\xac"}},
    {"PartsOf255OctetsFit", "\0a\0"s + std::string(255, 'p'), PlainCredentials{"", "a", std::string(255, 'p')}},
    {"PartsOf256OctetsDoNot", "\0a\0"s + std::string(256, 'p'), std::nullopt},
    {"LongNamesDoNot", "\0"s + std::string(256, 'a') + "\0p"s, std::nullopt},
    {"NothingAtAll", "", std::nullopt},
    {"NoNul", "tim", std::nullopt},
    {"OneNul", "tim\0secret"s, std::nullopt},
    {"ThreeNuls", "\0tim\0sec\0ret"s, std::nullopt},
    {"NulAtTheEnd", "\0tim\0secret\0"s, std::nullopt},
    {"EmptyName", "\0\0secret"s, std::nullopt},
    {"EmptyPassword", "\0tim\0"s, std::nullopt},
    {"NameThatIsNotUtf8", "\0t\xffm\0secret"s, std::nullopt},
    {"PasswordThatIsNotUtf8", "\0tim\0secr\xe4t"s, std::nullopt},
};

TEST(SaslPlain, TakesExactlyThreeParts) {
  for (const auto& test : kCases) EXPECT_EQ(parse_sasl_plain(test.message), test.credentials) << test.name;
}

}  // namespace
}  // namespace posthaste
