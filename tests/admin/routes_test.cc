#include "admin/routes.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace posthaste::admin {
namespace {

class RoutesTest : public testing::Test {
 protected:
  RoutesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "admin_routes_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    directory_ = *auth::Directory::open(folder_ / "directory", auth::Role::writer);
  }
  ~RoutesTest() override { std::filesystem::remove_all(folder_); }

  Outcome<Report> add(const std::string& target, const std::string& url, std::string password = "") {
    auto route = read_route(target, url);
    if (!route) return Failure(route.error());
    route->password = std::move(password);
    return add_route(*directory_, *route);
  }

  std::filesystem::path folder_;
  std::optional<auth::Directory> directory_;
};

TEST_F(RoutesTest, WhatWasAddedIsToldAndListed) {
  const auto added = add("*", "smtp://me@smarthost.example", "s3cret");
  ASSERT_TRUE(added);
  EXPECT_EQ(added->text, "Mail for * goes to smtp://me@smarthost.example:587?tls=required.\n");
  ASSERT_TRUE(add("example.com", "lmtp:///run/lmtp.sock"));
  const auto listed = list_routes(*directory_);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->text,
            "* smtp://me@smarthost.example:587?tls=required  (with password)\n"
            "example.com lmtp:///run/lmtp.sock\n");
  const auto expected = nlohmann::json::parse(R"([
    {"target": "*", "url": "smtp://me@smarthost.example:587?tls=required", "protocol": "smtp",
     "host": "smarthost.example", "port": 587, "tls": "required", "user": "me", "password": true},
    {"target": "example.com", "url": "lmtp:///run/lmtp.sock", "protocol": "lmtp", "host": "/run/lmtp.sock",
     "port": 0, "tls": "none", "user": "", "password": false}])");
  EXPECT_EQ(listed->json, expected);
}

TEST_F(RoutesTest, PasswordsAreNeverShown) {
  const auto added = add("*", "smtp://me@smarthost.example", "s3cret");
  const auto listed = list_routes(*directory_);
  for (const auto& report : {*added, *listed}) {
    EXPECT_EQ(report.text.find("s3cret"), std::string::npos);
    EXPECT_EQ(report.json.dump().find("s3cret"), std::string::npos);
  }
}

TEST_F(RoutesTest, DeletedRoutesAreGone) {
  ASSERT_TRUE(add("example.com", "smtp://mx.example"));
  const auto deleted = delete_route(*directory_, "EXAMPLE.com");
  ASSERT_TRUE(deleted);
  EXPECT_EQ(deleted->text, "Deleted the route for EXAMPLE.com.\n");
  EXPECT_EQ(list_routes(*directory_)->text, "");
  EXPECT_EQ(delete_route(*directory_, "example.com").error(), "there is no route for example.com");
}

TEST_F(RoutesTest, WrongOnesAreExplained) {
  EXPECT_EQ(add("example.com", "mx.example").error(),
            "the URL is no route: it must begin with smtp://, smtps:// or lmtp://");
  EXPECT_NE(add("example.com", "smtp://a:b@mx.example").error().find("--password-stdin"), std::string::npos);
  EXPECT_EQ(add("@example.com", "smtp://mx.example").error(),
            "@example.com can't have a route: give user@domain, a domain, or \"*\" for all that has no other");
  EXPECT_EQ(list_routes(*directory_)->text, "");
}

}  // namespace
}  // namespace posthaste::admin
