#include "common/auth/scram.h"

#include <gtest/gtest.h>

#include <utility>

#include "common/base/base64.h"

namespace posthaste::auth {
namespace {

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

ScramExchange exchange_of(const Exchange& example, const std::vector<std::string>& passwords) {
  std::vector<ScramKeys> keys;
  for (const auto& password : passwords) {
    keys.push_back(*scram_keys(example.hash, password, *base64_decode(example.salt), 4096));
  }
  return {example.hash, *parse_scram_client_first(example.client_first), std::move(keys), example.server_nonce};
}

TEST(Scram, ExchangesOfTheRfcs) {
  for (const auto& example : kExchanges) {
    const auto exchange = exchange_of(example, {"pencil"});
    EXPECT_EQ(exchange.server_first(), example.server_first) << example.name;
    const auto final = exchange.finish(example.client_final);
    ASSERT_TRUE(final) << example.name;
    EXPECT_EQ(*final, (ScramExchange::Proof{0, example.server_final})) << example.name;
  }
}

TEST(Scram, AnyOfAUsersPasswordsProves) {
  for (const auto& example : kExchanges) {
    const auto exchange = exchange_of(example, {"pen", "pencil", "brush"});
    EXPECT_EQ(exchange.server_first(), example.server_first) << example.name;
    EXPECT_EQ(exchange.finish(example.client_final), (ScramExchange::Proof{1, example.server_final}))
        << example.name;
  }
}

TEST(Scram, OtherPasswordDoesNotProve) {
  for (const auto& example : kExchanges) {
    const auto final = exchange_of(example, {"pencils"}).finish(example.client_final);
    ASSERT_FALSE(final) << example.name;
    EXPECT_EQ(final.error(), ScramError::wrong_proof) << example.name;
  }
}

TEST(Scram, FinalMessageOfAnotherExchangeIsRefused) {
  const auto exchange = exchange_of(kExchanges[0], {"pencil"});
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
      {"c=biwsZXhwb3J0ZXI=,r=" + nonce + proof, ScramError::other_channel},  // data that "n" does not announce
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

/// What a client with the password "pencil" answers, made by the formulas of RFC 5802 §3.
std::string client_final(std::string_view channel, std::string_view gs2_header, const ScramExchange& exchange) {
  const std::string nonce = exchange.server_first().substr(2, exchange.server_first().find(',') - 2);
  const std::string without_proof =
      "c=" + base64_encode(std::string{gs2_header} + std::string{channel}) + ",r=" + nonce;
  // SaltedPassword of kExchanges[0], by Python's hashlib.pbkdf2_hmac.
  const auto salted = base64_decode("HZbuOlKbWl+eR8AfIposuKbhX30=");
  const auto client_key = hmac(ScramHash::sha1, *salted, "Client Key");
  const auto signature = hmac(ScramHash::sha1, digest(ScramHash::sha1, client_key),
                              "n=user,r=client," + exchange.server_first() + "," + without_proof);
  std::string proof = client_key;
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  return without_proof + ",p=" + base64_encode(proof);
}

TEST(Scram, BindsToTheChannel) {
  const std::string header = "p=tls-exporter,,";
  const auto first = parse_scram_client_first(header + "n=user,r=client");
  ASSERT_TRUE(first);
  const auto keys = scram_keys(ScramHash::sha1, "pencil", *base64_decode("QSXCR+Q6sek8bf92"), 4096);
  const ScramExchange exchange{ScramHash::sha1, *first, {*keys}, "server", "channel"};
  EXPECT_TRUE(exchange.finish(client_final("channel", header, exchange)));
  for (const auto* other : {"", "channe", "channel2", "another"}) {
    const auto final = exchange.finish(client_final(other, header, exchange));
    ASSERT_FALSE(final) << other;
    EXPECT_EQ(final.error(), ScramError::other_channel) << other;
  }
  // A header other than the first message's: somebody took the binding out of it.
  const auto stripped = exchange.finish(client_final("channel", "n,,", exchange));
  ASSERT_FALSE(stripped);
  EXPECT_EQ(stripped.error(), ScramError::malformed);
}

TEST(Scram, ClientFirstMessageIsTakenApart) {
  const auto first = parse_scram_client_first("y,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=nonce,x=1");
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (ScramClientFirst{"y,a=a=2Cb=3Dc,", ClientBinds::server_does_not, "", "n=a=2Cb=3Dc,r=nonce,x=1",
                                      "a,b=c", "nonce"}));
  EXPECT_EQ(parse_scram_client_first("n,,n=user,r=nonce"),
            (ScramClientFirst{"n,,", ClientBinds::no, "", "n=user,r=nonce", "user", "nonce"}));
  EXPECT_EQ(parse_scram_client_first("p=tls-exporter,a=user,n=user,r=nonce"),
            (ScramClientFirst{"p=tls-exporter,a=user,", ClientBinds::yes, "tls-exporter", "n=user,r=nonce", "user",
                              "nonce"}));
  struct Case {
    const char* text;
    ScramError error;
  };
  for (const auto& test : {Case{"", ScramError::malformed},
                           Case{"n", ScramError::malformed},
                           Case{"n,", ScramError::malformed},
                           Case{"n,,", ScramError::malformed},
                           Case{"x,,n=user,r=nonce", ScramError::malformed},
                           Case{"n,,n=,r=nonce", ScramError::malformed},
                           Case{"n,,n=user", ScramError::malformed},
                           Case{"n,,n=user,r=", ScramError::malformed},
                           Case{"n,,r=nonce,n=user", ScramError::malformed},
                           Case{"n,,n=us=er,r=nonce", ScramError::malformed},
                           Case{"n,,n=us=2c,r=nonce", ScramError::malformed},
                           Case{"n,,n=\xff,r=nonce", ScramError::malformed},
                           Case{"n,,n=user,r=a b", ScramError::malformed},
                           Case{"n,user,n=user,r=nonce", ScramError::malformed},
                           Case{"n,a=,n=user,r=nonce", ScramError::malformed},
                           Case{"n,a=root,n=user,r=nonce", ScramError::impersonation},
                           Case{"n,,m=1,n=user,r=nonce", ScramError::extension},
                           Case{"p=,,n=user,r=nonce", ScramError::malformed},
                           Case{"p=a b,,n=user,r=nonce", ScramError::malformed},
                           Case{"p,,n=user,r=nonce", ScramError::malformed},
                           Case{"nn,,n=user,r=nonce", ScramError::malformed},
                           Case{"p=tls-exporter,n=user,r=nonce", ScramError::malformed}}) {
    const auto parsed = parse_scram_client_first(test.text);
    ASSERT_FALSE(parsed) << test.text;
    EXPECT_EQ(parsed.error(), test.error) << test.text;
  }
}

TEST(Scram, KeysAreOfThePreparedPassword) {
  EXPECT_TRUE(scram_keys(ScramHash::sha1, "with space", "salt", 1));
  EXPECT_FALSE(scram_keys(ScramHash::sha1, "", "salt", 1));
  EXPECT_FALSE(scram_keys(ScramHash::sha1, "tab\t", "salt", 1));
  // "a" with a combining diaeresis is "ä", by NFKC.
  EXPECT_EQ(scram_keys(ScramHash::sha256, "pa\u0308sswort", "salt", 1),
            scram_keys(ScramHash::sha256, "p\u00e4sswort", "salt", 1));
  EXPECT_TRUE(scram_keys(ScramHash::sha256, "p\u00e4sswort", "salt", 1));
  EXPECT_FALSE(scram_keys(ScramHash::sha256, "\U0001f511", "salt", 1));  // later than Unicode 3.2
}

}  // namespace
}  // namespace posthaste::auth
