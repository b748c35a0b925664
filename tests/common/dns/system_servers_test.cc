// resolv.conf(5), as machines have it and as nobody should.
#include "common/dns/system_servers.h"

#include <gtest/gtest.h>

namespace posthaste::dns {
namespace {

struct Case {
  const char* name;
  std::string_view text;
  std::vector<net::Endpoint> servers;
};

const Case kCases[] = {
    {"Usual",
     "search example.org\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions edns0\n",
     {{"192.0.2.1", 53}, {"192.0.2.2", 53}}},
    {"Ipv6", "nameserver 2001:db8::1\n", {{"2001:db8::1", 53}}},
    {"Ipv6WithZone", "nameserver fe80::1%eth0\n", {{"fe80::1%eth0", 53}}},
    {"TabsAndManySpaces", "nameserver\t \t192.0.2.1 \t\n", {{"192.0.2.1", 53}}},
    {"NoLineEnd", "nameserver 192.0.2.1", {{"192.0.2.1", 53}}},
    {"CrLf", "nameserver 192.0.2.1\r\n", {{"192.0.2.1", 53}}},
    {"WordsAfterTheAddress", "nameserver 192.0.2.1 # the office\n", {{"192.0.2.1", 53}}},
    {"ThreeAtMost",
     "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
     {{"192.0.2.1", 53}, {"192.0.2.2", 53}, {"192.0.2.3", 53}}},
    {"Empty", "", {}},
    {"Comments", "# nameserver 192.0.2.1\n; nameserver 192.0.2.2\n#nameserver 192.0.2.3\n", {}},
    {"NoAddress", "nameserver\nnameserver \n", {}},
    {"AName", "nameserver dns.example.org\n", {}},
    {"AddressOfFive", "nameserver 192.0.2.1.1\n", {}},
    {"AddressWithPort", "nameserver 192.0.2.1:53\n", {}},
    {"OtherKeywords", "nameservers 192.0.2.1\nNameserver 192.0.2.1\nsortlist 192.0.2.1\n", {}},
    {"SpaceBeforeTheKeyword", " nameserver 192.0.2.1\n", {}},
    {"Binary", std::string_view("\0\xff\nnameserver 192.0.2.1\0\n", 26), {}},
};

TEST(ParseResolvConf, TakesNameserverLines) {
  for (const auto& test : kCases) EXPECT_EQ(parse_resolv_conf(test.text), test.servers) << test.name;
}

TEST(SystemServers, ThereIsAlwaysOne) { EXPECT_FALSE(system_servers().empty()); }

}  // namespace
}  // namespace posthaste::dns
