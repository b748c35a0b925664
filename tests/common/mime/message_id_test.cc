#include "common/mime/message_id.h"

#include <gtest/gtest.h>

namespace posthaste::mime {
namespace {

struct Case {
  const char* text;
  std::vector<std::string> ids;
};

const Case kCases[] = {
    {"<1@example.org>", {"1@example.org"}},
    {" <1@a>\r\n\t<2@b> ", {"1@a", "2@b"}},
    {"<1@a><2@b>", {"1@a", "2@b"}},
    {"<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>", {"01KF8JCEOCBS0045PS@xxx.yyy.com"}},  // RFC 5256 §3
    {"<\"a\\\"b c\"@d>", {"a\"b c@d"}},
    {"<\"a>b\"@d>", {"a>b@d"}},
    {"<1@[192.0.2.1]>", {"1@[192.0.2.1]"}},
    {"<1 @\r\n a>", {"1@a"}},
    {"Your message of Monday <1@a> from <2@b>", {"1@a", "2@b"}},
    {"<no-at-sign>", {}},
    {"<@a>", {}},
    {"<1@>", {}},
    {"<>", {}},
    {"<1@a", {}},
    {"1@a", {}},
    {"<1@a <2@b>", {"2@b"}},
    {"<<2@b>", {"2@b"}},
    {"<\"1@a> <2@b>", {}},
    {"", {}},
};

TEST(MessageIds, AreNormalized) {
  for (const auto& test : kCases) EXPECT_EQ(parse_message_ids(test.text), test.ids) << test.text;
}

TEST(MessageIds, AreBounded) {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += "<1@a>";
  EXPECT_EQ(parse_message_ids(text).size(), kMessageIdsMax);
  EXPECT_EQ(parse_message_ids(text, 2).size(), 2U);
}

}  // namespace
}  // namespace posthaste::mime
