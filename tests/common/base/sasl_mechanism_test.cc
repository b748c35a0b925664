#include "common/base/sasl_mechanism.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste {
namespace {

TEST(SaslMechanism, NamesAreKnownInAnyCase) {
  for (const auto mechanism : kSaslMechanisms) {
    EXPECT_EQ(parse_sasl_mechanism(name_of(mechanism)), mechanism) << name_of(mechanism);
  }
  EXPECT_EQ(parse_sasl_mechanism("scram-sha-1-plus"), SaslMechanism::scram_sha_1_plus);
  EXPECT_EQ(parse_sasl_mechanism("Plain"), SaslMechanism::plain);
  for (const auto* other : {"", "CRAM-MD5", "SCRAM-SHA-512", "SCRAM-SHA-1-", "PLAIN ", "EXTERNAL", "ANONYMOUS"}) {
    EXPECT_FALSE(parse_sasl_mechanism(other)) << other;
  }
}

TEST(SaslMechanism, KnowsWhichShowThePasswordAndWhichBind) {
  EXPECT_TRUE(shows_password(SaslMechanism::login));
  EXPECT_FALSE(shows_password(SaslMechanism::scram_sha_1));
  EXPECT_TRUE(binds_channel(SaslMechanism::scram_sha_256_plus));
  EXPECT_FALSE(binds_channel(SaslMechanism::scram_sha_256));
}

}  // namespace
}  // namespace posthaste
