// The resolver against a real server: NSD on a loopback port, with zones of the test's own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/dns/stub_resolver.h"
#include "common/net/socket_address.h"
#include "common/net/system_random.h"
#include "common/net/thread_pool.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"

namespace posthaste::dns {
namespace {

using namespace std::chrono_literals;

constexpr const char* kServer = "/usr/sbin/nsd";

const std::string kLargeText(200, 'x');

std::string large_texts() {
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += "large TXT \"" + std::to_string(i) + "\" \"" + kLargeText + "\"\n";
  return lines;
}

const std::string kZone = R"($ORIGIN example.test.
$TTL 3600
@ SOA ns hostmaster 1 7200 3600 86400 300
@ NS ns
ns A 127.0.0.1
@ MX 20 backup
@ MX 10 Mail
@ TXT "v=spf1 " "mx -all"
mail A 192.0.2.25
mail AAAA 2001:db8::25
www CNAME alias
alias CNAME mail
away CNAME mail.other.test.
dangling CNAME nobody
nomail MX 0 .
_25._tcp.mail TLSA 3 1 1 00ff1122
)" + large_texts();

const std::string kOtherZone = R"($ORIGIN other.test.
$TTL 3600
@ SOA ns hostmaster 1 7200 3600 86400 300
@ NS ns
ns A 127.0.0.1
mail A 192.0.2.26
)";

const std::string kReverseZone = R"($ORIGIN 2.0.192.in-addr.arpa.
$TTL 3600
@ SOA ns.example.test. hostmaster.example.test. 1 7200 3600 86400 300
@ NS ns.example.test.
25 PTR mail.example.test.
)";

/// A port that was free a moment ago, for UDP and TCP.
std::uint16_t free_port() {
  const auto socket = net::ListeningSocket::bind({"127.0.0.1", 0}, net::ListeningSocket::Sharing::exclusive);
  return socket->endpoint().port;
}

/// An NSD in the foreground, with a folder of its own; both end with it.
class Nsd {
 public:
  Nsd() : endpoint_{"127.0.0.1", free_port()} {
    auto pattern = (std::filesystem::temp_directory_path() / "posthaste-nsd-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::string zones;
    for (const auto& [name, text] : {std::pair{"example.test", &kZone},
                                     {"other.test", &kOtherZone},
                                     {"2.0.192.in-addr.arpa", &kReverseZone}}) {
      std::ofstream{folder_ / name} << *text;
      zones += std::string{"zone:\n  name: "} + name + "\n  zonefile: " + name + "\n";
    }
    const auto quoted = [this](const char* name) { return '"' + (folder_ / name).string() + "\"\n"; };
    std::ofstream{folder_ / "nsd.conf"} << "server:\n  server-count: 1\n  ip-address: 127.0.0.1@" << endpoint_.port
                                        << "\n  username: \"\"\n  database: \"\"\n  zonesdir: " << quoted("")
                                        << "  pidfile: " << quoted("pid") << "  logfile: " << quoted("log")
                                        << "  xfrdfile: " << quoted("xfrd") << "  zonelistfile: " << quoted("list")
                                        << "  xfrdir: " << quoted("") << "remote-control:\n  control-enable: no\n"
                                        << zones;
    start();
  }
  Nsd(const Nsd&) = delete;
  Nsd& operator=(const Nsd&) = delete;
  ~Nsd() {
    if (process_ > 0) {
      kill(process_, SIGTERM);
      waitpid(process_, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] bool is_started() const noexcept { return process_ > 0; }
  [[nodiscard]] const net::Endpoint& endpoint() const noexcept { return endpoint_; }
  [[nodiscard]] std::string log() const {
    std::ifstream file{folder_ / "log"};
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  void start() {
    std::string config = (folder_ / "nsd.conf").string();
    std::string name = kServer;
    std::string foreground = "-d";
    std::string from = "-c";
    char* arguments[] = {name.data(), foreground.data(), from.data(), config.data(), nullptr};
    posix_spawn_file_actions_t quiet{};
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, (folder_ / "errors").c_str(), O_CREAT | O_WRONLY, 0600);
    if (posix_spawn(&process_, kServer, &quiet, nullptr, arguments, environ) != 0) process_ = -1;
    posix_spawn_file_actions_destroy(&quiet);
  }

  net::Endpoint endpoint_;
  std::filesystem::path folder_;
  pid_t process_ = -1;
};

struct Case {
  const char* name;
  const char* asked;
  Type type;
  Result expected;
};

Result found(std::string canonical_name, std::vector<Record> records) {
  return Answer{std::move(canonical_name), false, std::move(records)};
}
Result failure(Failure failure) { return std::unexpected(failure); }

const Case kCases[] = {
    {"TxtStringsAreJoined", "example.test", Type::txt, found("example.test", {Txt{"v=spf1 mx -all"}})},
    {"A", "MAIL.example.test.", Type::a, found("mail.example.test", {Address{"192.0.2.25"}})},
    {"Aaaa", "mail.example.test", Type::aaaa, found("mail.example.test", {Address{"2001:db8::25"}})},
    {"Ptr", "25.2.0.192.in-addr.arpa", Type::ptr, found("25.2.0.192.in-addr.arpa", {Ptr{"mail.example.test"}})},
    {"Tlsa", "_25._tcp.mail.example.test", Type::tlsa,
     found("_25._tcp.mail.example.test", {Tlsa{3, 1, 1, std::string("\0\xff\x11\x22", 4)}})},
    {"NullMx", "nomail.example.test", Type::mx, found("nomail.example.test", {Mx{0, ""}})},
    {"AliasesWithinAZone", "www.example.test", Type::a, found("mail.example.test", {Address{"192.0.2.25"}})},
    {"AnAliasIntoAnotherZone", "away.example.test", Type::a, found("mail.other.test", {Address{"192.0.2.26"}})},
    {"CnameItself", "www.example.test", Type::cname, found("www.example.test", {Cname{"alias.example.test"}})},
    {"NoSuchName", "nobody.example.test", Type::mx, failure(Failure::no_such_name)},
    {"AnAliasOfNothing", "dangling.example.test", Type::a, failure(Failure::no_such_name)},
    {"NoData", "mail.example.test", Type::mx, failure(Failure::no_data)},
    {"NoDataBehindAliases", "www.example.test", Type::txt, failure(Failure::no_data)},
    {"EmptyNonTerminal", "_tcp.mail.example.test", Type::a, failure(Failure::no_data)},
    {"ZoneOfOthers", "example.net", Type::a, failure(Failure::server_failure)},
};

net::Task<void> ask_one(Resolver& resolver, std::string name, Type type, Result& result) {
  result = co_await resolver.query(name, type);
}

net::Task<void> ask_until_answered(net::Clock& clock, Resolver& resolver, Result& result) {
  const auto deadline = clock.now() + 20s;
  while (!result && clock.now() < deadline) {
    result = co_await resolver.query("ns.example.test", Type::a);
    if (!result) co_await clock.sleep(10ms);
  }
}

class RealServer : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(nsd_.is_started()) << kServer << " can't be run; etc/install-dependencies --tests installs it";
    Result result = failure(Failure::timed_out);
    StubResolver impatient{world_, worker_, {.servers = {nsd_.endpoint()}, .cache_max_octets = 0}};
    loop_.run(ask_until_answered(loop_, impatient, result));
    ASSERT_TRUE(result) << nsd_.log();
  }

  Result ask(const std::string& name, Type type) {
    Result result = failure(Failure::bad_name);
    loop_.run(ask_one(resolver_, name, type, result));
    return result;
  }

  Nsd nsd_;
  net::UvLoop loop_;
  net::UvNetwork network_{loop_};
  net::SystemRandom random_;
  net::ThreadPool pool_{1};
  net::World world_{loop_, loop_, random_, network_, pool_, pool_};
  net::TaskScope worker_;
  StubResolver resolver_{world_, worker_, {.servers = {nsd_.endpoint()}}};
};

TEST_F(RealServer, AnswersEachType) {
  for (const auto& test : kCases) EXPECT_EQ(ask(test.asked, test.type), test.expected) << test.name;
  const Result mx = ask("example.test", Type::mx);
  ASSERT_TRUE(mx);
  EXPECT_EQ(mx->records.size(), 2U);
  EXPECT_EQ(std::ranges::count(mx->records, Record(Mx{10, "mail.example.test"})), 1);
  EXPECT_EQ(std::ranges::count(mx->records, Record(Mx{20, "backup.example.test"})), 1);
}

TEST_F(RealServer, WhatIsTooLargeForUdpComesOverTcp) {
  const Result large = ask("large.example.test", Type::txt);
  ASSERT_TRUE(large);
  EXPECT_EQ(large->records.size(), 20U);
  EXPECT_EQ(std::ranges::count(large->records, Record(Txt{"19" + kLargeText})), 1);
}

}  // namespace
}  // namespace posthaste::dns
