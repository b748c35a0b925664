#include "common/auth/route.h"

#include <gtest/gtest.h>
#include <lmdb.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "common/auth/directory.h"
#include "common/auth/rows.h"

namespace posthaste::auth {
namespace {

using Protocol = Route::Protocol;
using Tls = Route::Tls;

struct UrlCase {
  const char* name;
  std::string url;
  std::expected<Route, RouteUrlError> expected;
};

Route to(Protocol protocol, std::string host, std::uint16_t port, Tls tls, std::string user = "") {
  return {"", protocol, std::move(host), port, tls, std::move(user), ""};
}

std::expected<Route, RouteUrlError> wrong(RouteUrlError error) { return std::unexpected(error); }

const UrlCase kUrls[] = {
    {"SmtpIsPort25", "smtp://mx.example.net", to(Protocol::smtp, "mx.example.net", 25, Tls::opportunistic)},
    {"NamesAreFolded", "SMTP://MX.Example.NET/", to(Protocol::smtp, "mx.example.net", 25, Tls::opportunistic)},
    {"WithAUserItIsSubmissionUnderTls", "smtp://alice@relay.example.net",
     to(Protocol::smtp, "relay.example.net", 587, Tls::required, "alice")},
    {"SmtpsIsImplicit", "smtps://alice@relay.example.net",
     to(Protocol::smtp, "relay.example.net", 465, Tls::implicit, "alice")},
    {"PortIsTaken", "smtp://192.0.2.1:2525", to(Protocol::smtp, "192.0.2.1", 2525, Tls::opportunistic)},
    {"Ipv6StandsInBrackets", "smtp://[2001:DB8::1]:26", to(Protocol::smtp, "2001:db8::1", 26, Tls::opportunistic)},
    {"Ipv6WithoutPort", "smtp://[::1]", to(Protocol::smtp, "::1", 25, Tls::opportunistic)},
    {"TlsIsAskedFor", "smtp://mx.example.net?tls=required",
     to(Protocol::smtp, "mx.example.net", 25, Tls::required)},
    {"TlsIsRefused", "smtp://a@127.0.0.1:25?tls=none", to(Protocol::smtp, "127.0.0.1", 25, Tls::none, "a")},
    {"TlsInCapitals", "smtp://a@127.0.0.1?TLS=Opportunistic",
     to(Protocol::smtp, "127.0.0.1", 587, Tls::opportunistic, "a")},
    {"UserIsAnAddress", "smtp://alice@example.org@relay.example.net",
     to(Protocol::smtp, "relay.example.net", 587, Tls::required, "alice@example.org")},
    {"UserIsPercentEncoded", "smtps://alice%40example.org%3A%25@relay.example.net:1",
     to(Protocol::smtp, "relay.example.net", 1, Tls::implicit, "alice@example.org:%")},
    {"LmtpOverTcp", "lmtp://store.example.org:24", to(Protocol::lmtp, "store.example.org", 24, Tls::opportunistic)},
    {"LmtpOverASocket", "lmtp:///run/mail/lmtp sock", to(Protocol::lmtp, "/run/mail/lmtp sock", 0, Tls::none)},
    {"SingleLabel", "smtp://localhost:65535", to(Protocol::smtp, "localhost", 65'535, Tls::opportunistic)},

    {"Empty", "", wrong(RouteUrlError::scheme)},
    {"NoScheme", "mx.example.net:25", wrong(RouteUrlError::scheme)},
    {"OtherScheme", "http://mx.example.net", wrong(RouteUrlError::scheme)},
    {"OneSlash", "smtp:/mx.example.net", wrong(RouteUrlError::scheme)},
    {"NoHost", "smtp://", wrong(RouteUrlError::host)},
    {"NoHostBeforePort", "smtp://:25", wrong(RouteUrlError::host)},
    {"NoHostBehindUser", "smtp://a@", wrong(RouteUrlError::host)},
    {"SpaceInHost", "smtp://mx example.net", wrong(RouteUrlError::host)},
    {"PathBehindHost", "smtp://mx.example.net/x", wrong(RouteUrlError::host)},
    {"Ipv4WithAWrongNumber", "smtp://192.0.2.999", wrong(RouteUrlError::host)},
    {"Ipv4TooShort", "smtp://192.0.2", wrong(RouteUrlError::host)},
    {"BareIpv6", "smtp://2001:db8::1", wrong(RouteUrlError::host)},
    {"UnclosedBracket", "smtp://[2001:db8::1", wrong(RouteUrlError::host)},
    {"NameInBrackets", "smtp://[mx.example.net]", wrong(RouteUrlError::host)},
    {"Ipv4InBrackets", "smtp://[192.0.2.1]", wrong(RouteUrlError::host)},
    {"OctetsBehindBracket", "smtp://[::1]x:25", wrong(RouteUrlError::host)},
    {"NulInHost", std::string{"smtp://mx\0.example.net", 22}, wrong(RouteUrlError::host)},
    {"NulBehindAddress", std::string{"smtp://192.0.2.1\0", 17}, wrong(RouteUrlError::host)},
    {"PortZero", "smtp://mx.example.net:0", wrong(RouteUrlError::port)},
    {"PortTooLarge", "smtp://mx.example.net:65536", wrong(RouteUrlError::port)},
    {"PortEmpty", "smtp://mx.example.net:", wrong(RouteUrlError::port)},
    {"PortIsNoNumber", "smtp://mx.example.net:smtp", wrong(RouteUrlError::port)},
    {"PortIsSigned", "smtp://mx.example.net:+25", wrong(RouteUrlError::port)},
    {"LmtpHasNoStandardPortHere", "lmtp://store.example.org", wrong(RouteUrlError::port)},
    {"UserIsEmpty", "smtp://@mx.example.net", wrong(RouteUrlError::user)},
    {"UserHoldsALineFeed", "smtp://a%0Ab@mx.example.net", wrong(RouteUrlError::user)},
    {"UserHoldsANul", "smtp://a%00b@mx.example.net", wrong(RouteUrlError::user)},
    {"PercentWithoutDigits", "smtp://a%4@mx.example.net", wrong(RouteUrlError::user)},
    {"PercentWithWrongDigits", "smtp://a%G0@mx.example.net", wrong(RouteUrlError::user)},
    {"UserTooLong", "smtp://" + std::string(256, 'a') + "@mx.example.net", wrong(RouteUrlError::user)},
    {"LmtpHasNoUser", "lmtp://a@store.example.org:24", wrong(RouteUrlError::user)},
    {"PasswordInTheOpen", "smtp://a:secret@mx.example.net", wrong(RouteUrlError::password)},
    {"SocketIsTheRoot", "lmtp:///", wrong(RouteUrlError::socket_path)},
    {"SocketPathTooLong", "lmtp:///" + std::string(107, 'a'), wrong(RouteUrlError::socket_path)},
    {"SocketPathWithALineFeed", "lmtp:///run/a\n", wrong(RouteUrlError::socket_path)},
    {"TlsOverASocket", "lmtp:///run/lmtp.sock?tls=none", wrong(RouteUrlError::tls)},
    {"TlsTwice", "smtps://mx.example.net?tls=required", wrong(RouteUrlError::tls)},
    {"TlsUnknown", "smtp://mx.example.net?tls=maybe", wrong(RouteUrlError::tls)},
    {"ImplicitIsAScheme", "smtp://mx.example.net?tls=implicit", wrong(RouteUrlError::tls)},
    {"OtherQuery", "smtp://mx.example.net?port=25", wrong(RouteUrlError::query)},
    {"EmptyQuery", "smtp://mx.example.net?", wrong(RouteUrlError::query)},
};

TEST(RouteUrl, Cases) {
  for (const auto& [name, url, expected] : kUrls) {
    SCOPED_TRACE(name);
    const auto route = parse_route_url(url);
    EXPECT_EQ(route.has_value(), expected.has_value());
    if (route != expected)
      ADD_FAILURE() << (route ? to_url(*route) : "error " + std::to_string(int(route.error())));
    if (route) {
      EXPECT_EQ(parse_route_url(to_url(*route)), route);
    }
  }
}

TEST(RouteUrl, IsWrittenOutInFull) {
  auto url = [](std::string_view text) { return to_url(*parse_route_url(text)); };
  EXPECT_EQ(url("smtp://MX.example.net"), "smtp://mx.example.net:25?tls=opportunistic");
  EXPECT_EQ(url("smtp://a@b.org@[::1]"), "smtp://a%40b.org@[::1]:587?tls=required");
  EXPECT_EQ(url("smtps://mx.example.net"), "smtps://mx.example.net:465");
  EXPECT_EQ(url("lmtp://127.0.0.1:24?tls=none"), "lmtp://127.0.0.1:24?tls=none");
  EXPECT_EQ(url("lmtp:///run/lmtp.sock"), "lmtp:///run/lmtp.sock");
}

TEST(RouteRow, CutLengthenedOrStrangeRowsAreDamaged) {
  const Route route{"example.org", Protocol::smtp, "mx.example.net", 25, Tls::required, "user", "secret"};
  const auto row = encode(route);
  EXPECT_EQ(decode_route("example.org", row), route);
  for (std::size_t i = 0; i < row.size(); ++i) EXPECT_FALSE(decode_route("example.org", row.substr(0, i))) << i;
  EXPECT_FALSE(decode_route("example.org", row + "x"));
  auto other = row;
  other[15] = 2;  // the protocol's last octet, behind the format
  EXPECT_FALSE(decode_route("example.org", other));
}

class RoutesTest : public testing::Test {
 protected:
  RoutesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "route_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    writer_ = *Directory::open(path(), Role::writer);
  }
  ~RoutesTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path() const { return folder_ / "directory"; }

  std::expected<void, DirectoryError> set(std::string target, std::string_view url, std::string password = "") {
    auto route = *parse_route_url(url);
    route.target = std::move(target);
    route.password = std::move(password);
    auto change = writer_->change();
    const auto done = change->set_route(route);
    if (!done) return done;
    return change->commit();
  }

  /// The host of the address' route, or nothing.
  std::optional<std::string> host(std::string_view address) const {
    const auto route = writer_->find_route(address);
    EXPECT_TRUE(route) << address;
    if (!route || !*route) return std::nullopt;
    return (*route)->host;
  }

  std::filesystem::path folder_;
  std::optional<Directory> writer_;
};

TEST_F(RoutesTest, AddressGoesBeforeDomain) {
  ASSERT_TRUE(set("Example.net", "smtp://domain.example"));
  ASSERT_TRUE(set("Bob@example.net", "lmtp://bob.example:24"));
  ASSERT_TRUE(set("bob+work@example.net", "smtp://work.example"));
  ASSERT_TRUE(set("*", "smtps://user@smarthost.example", "secret"));
  EXPECT_EQ(host("bob@EXAMPLE.net"), "bob.example");
  EXPECT_EQ(host("BOB+home@example.net"), "bob.example");
  EXPECT_EQ(host("bob+work@example.net"), "work.example");
  EXPECT_EQ(host("carol@example.net"), "domain.example");
  EXPECT_EQ(host("bob@sub.example.net"), std::nullopt);
  EXPECT_EQ(host("bob@example.com"), std::nullopt);
  EXPECT_EQ(host("example.net"), std::nullopt);
  EXPECT_EQ(host("x@*"), std::nullopt);
  EXPECT_EQ(host(""), std::nullopt);
  EXPECT_EQ(host(std::string(5'000, 'a') + "@example.net"), "domain.example");
  EXPECT_EQ((*writer_->find_route("bob+home@example.net", std::nullopt))->host, "domain.example");
  const Route smarthost{"*", Protocol::smtp, "smarthost.example", 465, Tls::implicit, "user", "secret"};
  EXPECT_EQ(*writer_->default_route(), smarthost);
}

TEST_F(RoutesTest, AreSetListedAndDeleted) {
  EXPECT_EQ(*writer_->default_route(), std::nullopt);
  EXPECT_TRUE(writer_->list_routes()->empty());
  ASSERT_TRUE(set("example.net", "smtp://one.example"));
  ASSERT_TRUE(set("EXAMPLE.net", "smtp://two.example"));
  ASSERT_TRUE(set("*", "smtp://three.example"));
  const auto routes = writer_->list_routes();
  ASSERT_EQ(routes->size(), 2U);
  EXPECT_EQ((*routes)[0].target, "*");
  EXPECT_EQ((*routes)[1].target, "example.net");
  EXPECT_EQ((*routes)[1].host, "two.example");

  auto change = writer_->change();
  EXPECT_EQ(change->delete_route("example.com").error(), DirectoryError::not_found);
  EXPECT_EQ(change->delete_route("").error(), DirectoryError::not_found);
  EXPECT_EQ(change->delete_route("@example.net").error(), DirectoryError::not_found);
  EXPECT_TRUE(change->delete_route("Example.NET"));
  ASSERT_TRUE(change->commit());
  EXPECT_EQ(host("bob@example.net"), std::nullopt);
}

TEST_F(RoutesTest, WrongTargetsAreRefused) {
  for (const char* target : {"", "@example.net", "bob@", "exa mple.net", "**", "*.example.net",
                             "\"b b\"@example.net", "[192.0.2.1]", "bob@*", "-"}) {
    const auto done = set(target, "smtp://mx.example");
    ASSERT_FALSE(done) << target;
    EXPECT_EQ(done.error(), DirectoryError::bad_address) << target;
  }
  auto change = writer_->change();
  Route without_host;
  without_host.target = "example.net";
  EXPECT_EQ(change->set_route(without_host).error(), DirectoryError::bad_address);
}

/// Takes the table of routes away, as in a directory that was made before there were routes.
void forget_routes(const std::filesystem::path& path) {
  MDB_env* environment = nullptr;
  ASSERT_EQ(mdb_env_create(&environment), 0);
  mdb_env_set_maxdbs(environment, 8);
  ASSERT_EQ(mdb_env_open(environment, path.c_str(), 0, 0600), 0);
  MDB_txn* transaction = nullptr;
  ASSERT_EQ(mdb_txn_begin(environment, nullptr, 0, &transaction), 0);
  MDB_dbi routes = 0;
  ASSERT_EQ(mdb_dbi_open(transaction, "routes", 0, &routes), 0);
  ASSERT_EQ(mdb_drop(transaction, routes, 1), 0);
  ASSERT_EQ(mdb_txn_commit(transaction), 0);
  mdb_env_close(environment);
}

TEST_F(RoutesTest, DirectoryOfBeforeHasNoRoutesUntilItsNextWriter) {
  writer_.reset();
  forget_routes(path());
  {
    const auto reader = Directory::open(path(), Role::reader);
    ASSERT_TRUE(reader);
    EXPECT_EQ(*reader->find_route("bob@example.net"), std::nullopt);
    EXPECT_EQ(*reader->default_route(), std::nullopt);
    EXPECT_TRUE(reader->list_routes()->empty());
  }
  writer_ = *Directory::open(path(), Role::writer);
  ASSERT_TRUE(set("example.net", "smtp://one.example"));
  EXPECT_EQ(host("bob@example.net"), "one.example");
}

/// A reader that is open already sees the first route as soon as another process has set it.
TEST_F(RoutesTest, TableThatComesLaterIsSeenByOpenReaders) {
  writer_.reset();
  forget_routes(path());
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  const pid_t child = fork();  // before the environment is opened here
  if (child == 0) {
    char octet = 0;
    if (read(go[0], &octet, 1) != 1) _exit(1);
    auto writer = Directory::open(path(), Role::writer);
    if (!writer) _exit(2);
    writer_ = std::move(*writer);
    _exit(set("example.net", "smtp://one.example") ? 0 : 3);
  }
  const auto reader = Directory::open(path(), Role::reader);
  ASSERT_TRUE(reader);
  EXPECT_EQ(*reader->find_route("bob@example.net"), std::nullopt);
  ASSERT_EQ(write(go[1], "g", 1), 1);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const auto route = reader->find_route("bob@example.net");
  ASSERT_TRUE(route && *route);
  EXPECT_EQ((*route)->host, "one.example");
  close(go[0]);
  close(go[1]);
}

}  // namespace
}  // namespace posthaste::auth
