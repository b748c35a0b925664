#include "common/auth/password.h"

#include <gtest/gtest.h>

#include "common/auth/scram.h"
#include "common/base/base64.h"

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

/// An exchange as an RFC prints it.
struct Exchange {
  const char* name;
  ScramHash hash;
  const char* salt;
  const char* server_nonce;
  const char* client_first;
  const char* server_first;
  const char* client_final;
  const char* server_final;
};

const Exchange kExchanges[] = {
    {"Rfc5802Section5", ScramHash::sha1, "QSXCR+Q6sek8bf92", "3rfcNHYJY1ZVvWVs7j",
     "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {"Rfc7677Section3", ScramHash::sha256, "W22ZaJ0SNY7soEsUEjb6gQ==", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

ScramExchange exchange_of(const Exchange& example, std::string_view password) {
  auto keys = scram_keys(example.hash, password, *base64_decode(example.salt), 4096);
  return {example.hash, *parse_scram_client_first(example.client_first), *keys, example.server_nonce};
}

TEST(Scram, ExchangesOfTheRfcs) {
  for (const auto& example : kExchanges) {
    const auto exchange = exchange_of(example, "pencil");
    EXPECT_EQ(exchange.server_first(), example.server_first) << example.name;
    const auto final = exchange.finish(example.client_final);
    ASSERT_TRUE(final) << example.name;
    EXPECT_EQ(*final, example.server_final) << example.name;
  }
}

TEST(Scram, OtherPasswordDoesNotProve) {
  for (const auto& example : kExchanges) {
    const auto final = exchange_of(example, "pencils").finish(example.client_final);
    ASSERT_FALSE(final) << example.name;
    EXPECT_EQ(final.error(), ScramError::wrong_proof) << example.name;
  }
}

TEST(Scram, FinalMessageOfAnotherExchangeIsRefused) {
  const auto exchange = exchange_of(kExchanges[0], "pencil");
  const std::string nonce = "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
  const std::string proof = ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
  struct Case {
    std::string text;
    ScramError error;
  };
  const Case kCases[] = {
      {"", ScramError::malformed},
      {"c=biws,r=" + nonce, ScramError::malformed},
      {"r=" + nonce + ",c=biws" + proof, ScramError::malformed},
      {"c=,r=" + nonce + proof, ScramError::malformed},
      {"c=eSws,r=" + nonce + proof, ScramError::malformed},  // "y,,", which the client did not say before
      {"c=biws,r=" + nonce + "x" + proof, ScramError::nonce_mismatch},
      {"c=biws,r=fyko+d2lbbFgONRv9qkxdawL" + proof, ScramError::nonce_mismatch},
      {"c=biws,r=" + nonce + ",p=", ScramError::wrong_proof},
      {"c=biws,r=" + nonce + ",p=v0X8", ScramError::wrong_proof},
      {"c=biws,r=" + nonce + ",p=!", ScramError::wrong_proof},
      {"c=biws,r=" + nonce + ",x=y" + proof, ScramError::wrong_proof},  // the proof covers extensions too
  };
  for (const auto& test : kCases) {
    const auto final = exchange.finish(test.text);
    ASSERT_FALSE(final) << test.text;
    EXPECT_EQ(final.error(), test.error) << test.text;
  }
}

TEST(Scram, ClientFirstMessageIsTakenApart) {
  const auto first = parse_scram_client_first("y,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=nonce,x=1");
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (ScramClientFirst{"y,a=a=2Cb=3Dc,", "n=a=2Cb=3Dc,r=nonce,x=1", "a,b=c", "nonce"}));
  struct Case {
    const char* text;
    ScramError error;
  };
  for (const auto& test :
       {Case{"", ScramError::malformed}, Case{"n", ScramError::malformed}, Case{"n,", ScramError::malformed},
        Case{"n,,", ScramError::malformed}, Case{"x,,n=user,r=nonce", ScramError::malformed},
        Case{"n,,n=,r=nonce", ScramError::malformed}, Case{"n,,n=user", ScramError::malformed},
        Case{"n,,n=user,r=", ScramError::malformed}, Case{"n,,r=nonce,n=user", ScramError::malformed},
        Case{"n,,n=us=er,r=nonce", ScramError::malformed}, Case{"n,,n=us=2c,r=nonce", ScramError::malformed},
        Case{"n,,n=\xff,r=nonce", ScramError::malformed}, Case{"n,,n=user,r=a b", ScramError::malformed},
        Case{"n,user,n=user,r=nonce", ScramError::malformed}, Case{"n,a=,n=user,r=nonce", ScramError::malformed},
        Case{"n,a=root,n=user,r=nonce", ScramError::impersonation},
        Case{"n,,m=1,n=user,r=nonce", ScramError::extension},
        Case{"p=tls-exporter,,n=user,r=nonce", ScramError::channel_binding_asked_for}}) {
    const auto parsed = parse_scram_client_first(test.text);
    ASSERT_FALSE(parsed) << test.text;
    EXPECT_EQ(parsed.error(), test.error) << test.text;
  }
}

TEST(Scram, PasswordThatSaslprepCouldChangeHasNoKeys) {
  EXPECT_TRUE(scram_keys(ScramHash::sha1, "with space", "salt", 1));
  EXPECT_FALSE(scram_keys(ScramHash::sha1, "", "salt", 1));
  EXPECT_FALSE(scram_keys(ScramHash::sha1, "tab\t", "salt", 1));
  EXPECT_FALSE(scram_keys(ScramHash::sha256, "p\xc3\xa4sswort", "salt", 1));
}

}  // namespace
}  // namespace posthaste::auth
