#include "common/auth/password.h"

#include <gtest/gtest.h>

namespace posthaste::auth {
namespace {

// Of "correct horse", by libcrypt's own crypt(3) outside of this program.
constexpr const char* kScrypt = "$7$CU..../....eqfaVcCbqkxKSoGBZ.7D60$SXi63c8vlf/QSL/tV7BFWL4Ms1FP4JQ8HUZX7J8X4L7";
constexpr const char* kBcryptB = "$2b$05$k9SJ5W21dq7fiE5uhPuLZO00qdt9RIwgvGZTEJQsCyZG1ZIK1lpHO";
constexpr const char* kBcryptY = "$2y$05$Mb2i6k3QhOW4Gyzu3li9DeMhCkCaaFF2x6JHQ4gSChDfYq5odZ1Gu";
constexpr const char* kBcryptA = "$2a$05$Heptef/pFjWi3rcpzdxcl.elLjH6zIl4P0ezkNiEYOsz6VFmxAZyK";
constexpr const char* kSha512 =
    "$6$cgX3UH4cyBRTtF8g$QuMU415yfyaDeG/qA8i3gQGaVe7EfFVyI5yGkLZ62lh9IGOgHQueCEPaphF1QMRCWqj89LNjtV4gMfVIL2KXJ.";
constexpr const char* kSha256 = "$5$4nQJ9ov0DawCs88g$eMPKSWkJJRX3.l.O1XV7Hp9/vrlPAOa62PF0Z3bG8F1";
// The specification's own example (Drepper, SHA-crypt.txt), of "Hello world!".
constexpr const char* kSha512Example =
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
constexpr const char* kMd5 = "$1$WMxgX/SE$YBnxX0eY2l97BhOAMp0FY/";

TEST(Password, HashFitsItsPasswordAlone) {
  const auto hash = hash_password("secret", std::string(kHashSaltOctets, 's'));
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$y$j9T$"));
  EXPECT_TRUE(check_hash(*hash));
  EXPECT_TRUE(verify_password("secret", *hash));
  for (const auto* other : {"Secret", "secret ", "secre", "", "*"})
    EXPECT_FALSE(verify_password(other, *hash)) << other;
  EXPECT_FALSE(verify_password(std::string{"secret\0", 7}, *hash));
}

TEST(Password, SaltMakesTheHash) {
  const auto one = hash_password("secret", std::string(kHashSaltOctets, 'a'));
  const auto other = hash_password("secret", std::string(kHashSaltOctets, 'b'));
  ASSERT_TRUE(one && other);
  EXPECT_NE(*one, *other);
}

TEST(Password, WhatLibcryptCanNotHoldIsNotHashed) {
  const std::string salt(kHashSaltOctets, 's');
  EXPECT_EQ(hash_password("", salt).error(), PasswordError::invalid);
  EXPECT_EQ(hash_password(std::string{"a\0b", 3}, salt).error(), PasswordError::invalid);
  EXPECT_EQ(hash_password(std::string(kPasswordMaxOctets + 1, 'a'), salt).error(), PasswordError::too_long);
  EXPECT_EQ(hash_password("secret", "short").error(), PasswordError::failed);
  EXPECT_TRUE(hash_password(std::string(kPasswordMaxOctets, 'a'), salt));
}

TEST(Password, ForeignHashesAreVerified) {
  for (const auto* hash : {kScrypt, kBcryptA, kBcryptB, kBcryptY, kSha512, kSha256}) {
    EXPECT_TRUE(check_hash(hash)) << hash;
    EXPECT_TRUE(verify_password("correct horse", hash)) << hash;
    EXPECT_FALSE(verify_password("correct horsE", hash)) << hash;
  }
  EXPECT_TRUE(verify_password("Hello world!", kSha512Example));
}

TEST(Password, NoPasswordFitsWhatIsNoHash) {
  for (const auto* hash : {"", "*", "!", "*0", "x", "$6$", "$y$j9T$", "secret"}) {
    EXPECT_FALSE(verify_password("secret", hash)) << hash;
    EXPECT_FALSE(check_hash(hash)) << hash;
  }
}

TEST(Password, DamagedHashesAreToldFromForeignOnes) {
  const std::string sha512 = kSha512;
  for (const auto& damaged :
       {sha512.substr(0, sha512.size() - 1), sha512 + "a", sha512 + " ", std::string{"$6$salt"}, std::string{"$6$"},
        std::string{"$y$j9T$salt"}, std::string{"$2b$05$tooshort"}, std::string{"$2b$"}, std::string{"$2b$5"},
        std::string{"$2b$05"}, "$2b$32" + std::string{kBcryptB}.substr(6),
        "$2b$03" + std::string{kBcryptB}.substr(6), std::string{kSha256}.replace(60, 1, "!")}) {
    const auto checked = check_hash(damaged);
    ASSERT_FALSE(checked) << damaged;
    EXPECT_EQ(checked.error(), PasswordError::malformed) << damaged;
  }
  for (const auto* foreign :
       {kMd5, "$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA", "abJnggxhB/yWI", "", "$", "$3$$x"}) {
    EXPECT_EQ(check_hash(foreign).error(), PasswordError::unsupported_scheme) << foreign;
  }
}

using Imported = std::expected<ImportedPassword, PasswordError>;

TEST(Password, ImportKnowsSchemes) {
  struct Case {
    std::string text;
    Imported expected;
  };
  const Case kCases[] = {
      {"secret", PlainPassword{"secret"}},
      {"{PLAIN}secret", PlainPassword{"secret"}},
      {"{cleartext}{PLAIN}", PlainPassword{"{PLAIN}"}},
      {"{ not a scheme}", PlainPassword{"{ not a scheme}"}},
      {"{PLAIN", PlainPassword{"{PLAIN"}},
      {"{}", PlainPassword{"{}"}},
      {"$ecret$", PlainPassword{"$ecret$"}},
      {"a:b", PlainPassword{"a:b"}},
      {kSha512, HashedPassword{kSha512}},
      {std::string{"{SHA512-CRYPT}"} + kSha512, HashedPassword{kSha512}},
      {std::string{"{sha256-crypt}"} + kSha256, HashedPassword{kSha256}},
      {std::string{"{CRYPT}"} + kBcryptY, HashedPassword{kBcryptY}},
      {std::string{"{BLF-CRYPT}"} + kBcryptY, HashedPassword{kBcryptY}},
      {std::string{"{CRYPT}"} + kSha512 + ":5000:5000::/home/a::", HashedPassword{kSha512}},
      {std::string{"{SHA512-CRYPT}"} + kSha256, std::unexpected(PasswordError::malformed)},
      {std::string{"{BLF-CRYPT}"} + kSha512, std::unexpected(PasswordError::malformed)},
      {"{CRYPT}", std::unexpected(PasswordError::unsupported_scheme)},
      {"{CRYPT}abJnggxhB/yWI", std::unexpected(PasswordError::unsupported_scheme)},
      {"{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA",
       std::unexpected(PasswordError::unsupported_scheme)},
      {"$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA", std::unexpected(PasswordError::unsupported_scheme)},
      {kMd5, std::unexpected(PasswordError::unsupported_scheme)},
      {"{SSHA}c2FsdA==", std::unexpected(PasswordError::unsupported_scheme)},
      {"$6$salt$short", std::unexpected(PasswordError::malformed)},
      {"", std::unexpected(PasswordError::invalid)},
      {"{PLAIN}", std::unexpected(PasswordError::invalid)},
      {std::string{"a\0b", 3}, std::unexpected(PasswordError::invalid)},
      {std::string(512, 'a'), std::unexpected(PasswordError::too_long)},
  };
  for (const auto& test : kCases) {
    const auto parsed = parse_password(test.text);
    ASSERT_EQ(parsed.has_value(), test.expected.has_value()) << test.text;
    if (parsed) {
      EXPECT_EQ(*parsed, *test.expected) << test.text;
    } else {
      EXPECT_EQ(parsed.error(), test.expected.error()) << test.text;
    }
  }
}

TEST(Password, ImportLineIsCutAtItsFirstColon) {
  const auto line = parse_import_line("Alice@Example.org:a:b ");
  ASSERT_TRUE(line);
  EXPECT_EQ(*line, (ImportLine{"alice@example.org", PlainPassword{"a:b "}}));
  EXPECT_EQ(parse_import_line("alice@example.org").error(), ImportError::no_colon);
  EXPECT_EQ(parse_import_line("").error(), ImportError::no_colon);
  EXPECT_EQ(parse_import_line(":secret").error(), ImportError::bad_address);
  EXPECT_EQ(parse_import_line("alice:secret").error(), ImportError::bad_address);
  EXPECT_EQ(parse_import_line(" alice@example.org:secret").error(), ImportError::bad_address);
  EXPECT_EQ(parse_import_line("alice@example.org:").error(), ImportError::invalid);
  EXPECT_EQ(parse_import_line("alice@example.org:{MD5}x").error(), ImportError::unsupported_scheme);
  EXPECT_EQ(parse_import_line("alice@example.org:{CRYPT}$6$x").error(), ImportError::malformed);
}

TEST(Password, ConstantTimeComparisonComparesAll) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "xbc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace posthaste::auth
