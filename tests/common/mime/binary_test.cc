#include "common/mime/binary.h"

#include <gtest/gtest.h>

namespace posthaste::mime {
namespace {

using namespace std::string_literals;

const std::string kHead = "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\n";

std::string mixed(const std::string& first, const std::string& second) {
  return kHead + "--b\r\n" + first + "\r\n--b\r\n" + second + "\r\n--b--\r\n";
}

const std::string kText = "Content-Transfer-Encoding: binary\r\n\r\nonly text";

TEST(WithoutBinaryParts, WritesThemInBase64) {
  EXPECT_EQ(without_binary_parts("A: b\r\ncontent-transfer-encoding:\r\n BINARY\r\nC: d\r\n\r\na\0b"s),
            "A: b\r\nContent-Transfer-Encoding: base64\r\nC: d\r\n\r\nYQBi\r\n");
  EXPECT_EQ(without_binary_parts(mixed(kText, "Content-Transfer-Encoding: binary\r\nX: y\r\n\r\n\0\r\n\xff"s)),
            mixed(kText, "Content-Transfer-Encoding: base64\r\nX: y\r\n\r\nAA0K/w==\r\n"));
}

TEST(WithoutBinaryParts, BreaksLongLines) {
  const auto message = without_binary_parts("Content-Transfer-Encoding: binary\r\n\r\n"s + std::string(58, '\0'));
  EXPECT_EQ(message, "Content-Transfer-Encoding: base64\r\n\r\n" + std::string(76, 'A') + "\r\nAA==\r\n");
}

TEST(WithoutBinaryParts, LeavesAllElse) {
  const std::string kOthers[] = {"", "a", "a\0b"s, "\r\na\0b"s, "Content-Transfer-Encoding: 8bit\r\n\r\na\0b"s,
                                 "Content-Transfer-Encoding: base64\r\n\r\na\0b"s, kText, mixed(kText, kText),
                                 // NUL in a preamble belongs to no part.
                                 kHead + "\0\r\n--b\r\n"s + kText + "\r\n--b--\r\n"};
  for (const auto& message : kOthers) EXPECT_FALSE(without_binary_parts(message)) << message;
}

}  // namespace
}  // namespace posthaste::mime
