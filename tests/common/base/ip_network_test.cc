#include "common/base/ip_network.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste {
namespace {

struct Written {
  const char* name;
  const char* text;
  std::optional<std::string> read_as;
};
const Written kWritten[] = {
    {"Ipv4", "192.0.2.7", "192.0.2.7"},
    {"Ipv4Network", "192.0.2.0/24", "192.0.2.0/24"},
    {"OctetsBehindThePrefixAreZero", "192.0.2.7/24", "192.0.2.0/24"},
    {"APrefixMayEndInAnOctet", "192.0.2.255/28", "192.0.2.240/28"},
    {"AllOfIpv4", "10.0.0.1/0", "0.0.0.0/0"},
    {"Ipv6", "2001:DB8::1", "2001:db8::1"},
    {"Ipv6Network", "2001:db8:1:2:3::/48", "2001:db8:1::/48"},
    {"AllOfBoth", "::/0", "::/0"},
    {"Ipv4InsideIpv6IsIpv4", "::ffff:192.0.2.7", "192.0.2.7"},
    {"Empty", "", std::nullopt},
    {"Host", "localhost", std::nullopt},
    {"NoLength", "192.0.2.0/", std::nullopt},
    {"NoAddress", "/24", std::nullopt},
    {"TooLongForIpv4", "192.0.2.0/33", std::nullopt},
    {"TooLongForIpv6", "2001:db8::/129", std::nullopt},
    {"Negative", "192.0.2.0/-1", std::nullopt},
    {"Netmask", "192.0.2.0/255.255.255.0", std::nullopt},
    {"Zone", "fe80::1%eth0", std::nullopt},
    {"Brackets", "[::1]", std::nullopt},
    {"Port", "192.0.2.1:25", std::nullopt},
};

class Writing : public testing::TestWithParam<Written> {};

TEST_P(Writing, IsReadAsSaid) {
  const auto network = parse_ip_network(GetParam().text);
  EXPECT_EQ(network ? std::optional{to_string(*network)} : std::nullopt, GetParam().read_as);
}

INSTANTIATE_TEST_SUITE_P(IpNetwork, Writing, testing::ValuesIn(kWritten),
                         [](const auto& test) { return test.param.name; });

TEST(IpNetwork, AnOctetOfZeroEndsNothing) { EXPECT_FALSE(parse_ip_network(std::string_view{"192.0.2.1\0", 10})); }

bool lies_in(const char* address, const char* network) {
  return parse_ip_network(network)->contains(*parse_ip_address(address));
}

TEST(IpNetwork, ContainsWhatSharesItsPrefix) {
  EXPECT_TRUE(lies_in("192.0.2.255", "192.0.2.0/24"));
  EXPECT_FALSE(lies_in("192.0.3.0", "192.0.2.0/24"));
  EXPECT_TRUE(lies_in("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(lies_in("192.0.2.8", "192.0.2.7"));
  EXPECT_TRUE(lies_in("2001:db8:ffff::1", "2001:db8::/32"));
  EXPECT_FALSE(lies_in("2001:db9::1", "2001:db8::/32"));
  EXPECT_FALSE(lies_in("2001:db8::1", "0.0.0.0/0")) << "which is all of IPv4 alone";
}

TEST(IpNetwork, OneStrangerFillsAnIpv4AddressOrASixtyFour) {
  EXPECT_EQ(to_string(household_of(*parse_ip_address("192.0.2.7"))), "192.0.2.7");
  EXPECT_EQ(to_string(household_of(*parse_ip_address("2001:db8:1:2:3::4"))), "2001:db8:1:2::/64");
  EXPECT_EQ(to_string(neighbourhood_of(*parse_ip_address("192.0.2.7"))), "192.0.2.0/24");
  EXPECT_EQ(to_string(neighbourhood_of(*parse_ip_address("2001:db8:1:2:3::4"))), "2001:db8:1::/48");
}

}  // namespace
}  // namespace posthaste
