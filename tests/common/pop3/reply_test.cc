#include "common/pop3/reply.h"

#include <gtest/gtest.h>

#include "common/pop3/top.h"

namespace posthaste::pop3 {
namespace {

TEST(Reply, IsAStatusACodeAndText) {
  EXPECT_EQ(to_wire(ok("")), "+OK\r\n");
  EXPECT_EQ(to_wire(ok("2 320")), "+OK 2 320\r\n");
  EXPECT_EQ(to_wire(err("no such message")), "-ERR no such message\r\n");
  EXPECT_EQ(to_wire(err(ResponseCode::in_use, "Do you have another POP session running?")),
            "-ERR [IN-USE] Do you have another POP session running?\r\n");  // RFC 2449 §8.1.2
  EXPECT_EQ(to_wire(err(ResponseCode::login_delay, "")), "-ERR [LOGIN-DELAY]\r\n");
  EXPECT_EQ(to_wire(err(ResponseCode::sys_temp, "x")), "-ERR [SYS/TEMP] x\r\n");
  EXPECT_EQ(to_wire(err(ResponseCode::sys_perm, "x")), "-ERR [SYS/PERM] x\r\n");
  EXPECT_EQ(to_wire(err(ResponseCode::auth, "x")), "-ERR [AUTH] x\r\n");
  EXPECT_EQ(to_wire(err(ResponseCode::utf8, "x")), "-ERR [UTF8] x\r\n");
}

TEST(Reply, StaysOneLineWithinTheLimit) {
  EXPECT_EQ(to_wire(err("a\r\n+OK b")), "-ERR a??+OK b\r\n");
  EXPECT_EQ(to_wire(ok(std::string(600, 'x'))), "+OK " + std::string(506, 'x') + "\r\n");
}

TEST(Top, ShowsTheHeaderTheBlankLineAndThatManyLines) {
  const std::string_view message = "A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\nfour";
  EXPECT_EQ(top(message, 0), "A: 1\r\nB: 2\r\n\r\n");
  EXPECT_EQ(top(message, 1), "A: 1\r\nB: 2\r\n\r\none\r\n");
  EXPECT_EQ(top(message, 2), "A: 1\r\nB: 2\r\n\r\none\r\n\r\n");
  EXPECT_EQ(top(message, 4), message);
  EXPECT_EQ(top(message, 18446744073709551615U), message);
}

TEST(Top, TakesAllForHeaderWhereNoBlankLineIs) {
  for (const auto* message :
       {"", "A: 1", "A: 1\r\n", "A: 1\r\nB: 2", "A: 1\r\n \r\nB: 2\r\n", "A: 1\r\r\nB: 2\r\n"}) {
    EXPECT_EQ(top(message, 0), message);
    EXPECT_EQ(top(message, 3), message);
  }
}

TEST(Top, KnowsABlankLineWithoutCrAndAtTheStart) {
  EXPECT_EQ(top("A: 1\n\none\ntwo\n", 1), "A: 1\n\none\n");
  EXPECT_EQ(top("\r\none\r\ntwo\r\n", 1), "\r\none\r\n");
}

}  // namespace
}  // namespace posthaste::pop3
