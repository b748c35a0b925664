#include "common/imap/message_url.h"

#include <gtest/gtest.h>

namespace posthaste::imap {
namespace {

struct Case {
  const char* url;
  std::optional<std::string> mailbox;
  std::optional<UidValidity> uid_validity;
  std::uint32_t uid;
  const char* part;
};

// Examples of RFC 4469 and RFC 8508 first.
const Case kCases[] = {
    {"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER", "Drafts", UidValidity{385759045}, 20, "BODY[HEADER]"},
    {"/Drafts;UIDVALIDITY=385759045/;UID=20/;Section=1.MIME", "Drafts", UidValidity{385759045}, 20, "BODY[1.MIME]"},
    {"/INBOX;UIDVALIDITY=785799047/;UID=113330/;section=1.5.9", "INBOX", UidValidity{785799047}, 113330,
     "BODY[1.5.9]"},
    {"/INBOX;UIDVALIDITY=785799047/;UID=11467", "INBOX", UidValidity{785799047}, 11467, "BODY[]"},
    {"/Drafts/;UID=3002", "Drafts", {}, 3002, "BODY[]"},
    {"/a/b%20c/;uid=1", "a/b c", {}, 1, "BODY[]"},
    {"/Gr%C3%BC%C3%9Fe/;UID=1", "Gr\u00fc\u00dfe", {}, 1, "BODY[]"},
    {"/inbox/;UID=1", "INBOX", {}, 1, "BODY[]"},
    {"/x/;UID=1/;SECTION=TEXT/;PARTIAL=5.10", "x", {}, 1, "BODY[TEXT]<5>"},
    {"/x/;UID=1/;PARTIAL=5", "x", {}, 1, "BODY[]<5>"},
    {"/x/;UID=1/;SECTION=HEADER.FIELDS%20(DATE%20FROM)", "x", {}, 1, "BODY[HEADER.FIELDS (DATE FROM)]"},
    {"/;UID=4294967295", {}, {}, 4294967295, "BODY[]"},
    {";UID=7/;SECTION=2", {}, {}, 7, "BODY[2]"},
};

TEST(MessageUrl, NamesAMessageOrAPartOfIt) {
  for (const auto& test : kCases) {
    const auto url = parse_message_url(test.url);
    ASSERT_TRUE(url) << test.url;
    EXPECT_EQ(url->mailbox, test.mailbox) << test.url;
    EXPECT_EQ(url->uid_validity, test.uid_validity) << test.url;
    EXPECT_EQ(number(url->uid), test.uid) << test.url;
    EXPECT_EQ(response_name(FetchItem{url->part}), test.part) << test.url;
    EXPECT_TRUE(url->part.peek) << test.url;
  }
}

TEST(MessageUrl, IsNothingElse) {
  const char* const kOthers[] = {
      "",
      "/",
      "/x",
      "/x/;UID=",
      "/x/;UID=0",
      "/x/;UID=4294967296",
      "/x/;UID=1x",
      "/x/;UID=-1",
      "/x/;UID=1/",
      "/x/;UID=1/;SECTION=",
      "/x/;UID=1/;SECTION=NONE",
      "/x/;UID=1/;SECTION=1] FLAGS BODY[2",
      "/x/;UID=1/;SECTION=1]%0D%0A",
      "/x/;UID=1/;PARTIAL=",
      "/x/;UID=1/;PARTIAL=1.0",
      "/x/;UID=1/;PARTIAL=1.2/;SECTION=1",
      "/x/;UID=1;URLAUTH=anonymous",
      "/x;UIDVALIDITY=0/;UID=1",
      "/x;UIDVALIDITY=/;UID=1",
      "/x%2/;UID=1",
      "/x%GG/;UID=1",
      "/%FF/;UID=1",
      "/a%00b/;UID=1",
      "x/;UID=1",
      "//server/x/;UID=1",
      "imap://server/x/;UID=1",
  };
  for (const char* url : kOthers) EXPECT_FALSE(parse_message_url(url)) << url;
  EXPECT_FALSE(parse_message_url("/" + std::string(kMessageUrlMaxOctets, 'x') + "/;UID=1"));
}

}  // namespace
}  // namespace posthaste::imap
