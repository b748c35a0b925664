#include "common/base/http_request.h"

#include <gtest/gtest.h>

namespace posthaste {
namespace {

TEST(HttpRequest, IsAMethodATargetAndAVersion) {
  for (const auto* line : {"GET / HTTP/1.1", "POST /a?b=c HTTP/1.0", "PUT /x HTTP/1.1 ", "OPTIONS * HTTP/1.1",
                           "CONNECT mail.example.org:25 HTTP/1.1", "PRI * HTTP/2.0", "GET /a b HTTP/1.1",
                           "HEAD http://example.org/ HTTP/1.1", "PROPFIND / HTTP/1.1", "GET  HTTP/1.1"}) {
    EXPECT_TRUE(is_http_request(line)) << line;
  }
}

TEST(HttpRequest, IsNoCommandOfMail) {
  for (const auto* line : {"", "GET", "GET /", "HTTP/1.1", " HTTP/1.1", "GET / HTTP/", "GET / HTTP/x",
                           "get / HTTP/1.1", "EHLO mail.example.org", "MAIL FROM:<a@example.org>", "A1 NOOP",
                           "a1 SEARCH TEXT \" HTTP/1\"", "Host: example.org", "QUIT"}) {
    EXPECT_FALSE(is_http_request(line)) << line;
  }
}

}  // namespace
}  // namespace posthaste
