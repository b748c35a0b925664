#include "admin/surroundings.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/net/tls.h"

namespace posthaste::admin {
namespace {

using std::chrono::days;

class SurroundingsTest : public testing::Test {
 protected:
  SurroundingsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "surroundings_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    config_.paths.data = folder_;
    config_.paths.store = folder_;
    config_.paths.queue = folder_ / "never made";
    config_.paths.certificate = folder_ / "cert.pem";
    config_.paths.private_key = folder_ / "key.pem";
  }
  ~SurroundingsTest() override { std::filesystem::remove_all(folder_); }

  /// A pair made so long ago; it is good for ten years.
  void make_pair(days age) {
    const auto pair = net::make_self_signed("mail.example.org", wall_clock() - age);
    std::ofstream{config_.paths.certificate} << pair.certificate_pem;
    std::ofstream{config_.paths.private_key} << pair.key_pem;
  }

  std::filesystem::path folder_;
  config::Config config_;
};

TEST_F(SurroundingsTest, AFullDiskIsNamedWithWhatMustStay) {
  config_.store.disk_reserve_octets = 1;
  EXPECT_TRUE(look_at_disks(config_).success);
  EXPECT_EQ(look_at_disks(config_).text, "");
  config_.store.disk_reserve_octets = 8'000'000'000'000'000;
  const auto full = look_at_disks(config_);
  EXPECT_FALSE(full.success);
  EXPECT_TRUE(full.text.starts_with("New mail is refused: ")) << full.text;
  EXPECT_NE(full.text.find(" are free in " + folder_.string() +
                           ", 8000000000 MB must stay (store.disk_reserve_octets)\n"),
            std::string::npos)
      << full.text;
  EXPECT_FALSE(full.json.contains("queue")) << "what is not made yet";
  EXPECT_EQ(full.json["store"]["full"], true);
}

TEST_F(SurroundingsTest, ACertificateThatEndsIsNamed) {
  constexpr days kTenYears{3650};
  make_pair(days{0});
  EXPECT_TRUE(look_at_certificates(config_).success);
  EXPECT_EQ(look_at_certificates(config_).text, "");
  make_pair(kTenYears - days{10});
  const auto soon = look_at_certificates(config_);
  EXPECT_TRUE(soon.success);
  EXPECT_TRUE(soon.text.starts_with("The certificate " + config_.paths.certificate.string() + " ends on "))
      << soon.text;
  make_pair(kTenYears + days{10});
  const auto over = look_at_certificates(config_);
  EXPECT_FALSE(over.success);
  EXPECT_NE(over.text.find(": clients refuse it; renew it\n"), std::string::npos) << over.text;
}

TEST_F(SurroundingsTest, ADateIsWrittenAsOne) {
  const WallTime end = std::chrono::sys_days{std::chrono::year{2026} / 12 / 5};
  EXPECT_EQ(expiry_words({"c.pem", end}, end - days{3}), "The certificate c.pem ends on 2026-12-05: renew it\n");
  EXPECT_EQ(expiry_words({"c.pem", end}, end),
            "The certificate c.pem ended on 2026-12-05: clients refuse it; renew it\n");
  EXPECT_EQ(expiry_words({"c.pem", end}, end - days{15}), "");
}

TEST_F(SurroundingsTest, ACertificateThatCannotBeUsedIsNamed) {
  make_pair(days{0});
  std::filesystem::remove(config_.paths.private_key);
  const auto found = look_at_certificates(config_);
  EXPECT_FALSE(found.success);
  EXPECT_NE(found.text.find("key.pem"), std::string::npos) << found.text;
}

}  // namespace
}  // namespace posthaste::admin
