// Which certificate whom is shown, and what becomes of pairs that come, change, break and go.
#include "common/daemon/certificates.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <string>
#include <vector>

#include "../net/certificate_shown.h"

namespace posthaste::daemon {
namespace {

namespace fs = std::filesystem;

/// A main pair for mail.example.org.
class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() {
    auto pattern = (fs::temp_directory_path() / "posthaste-certificates-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    main_ = make_pair("", "mail.example.org");
  }
  ~CertificatesTest() override { fs::remove_all(folder_); }

  /// A new pair in a subfolder; its certificate.
  std::string make_pair(const std::string& subfolder, const std::string& name) const {
    const auto pair = net::make_self_signed(name, wall_clock());
    fs::create_directories(folder_ / subfolder);
    write(fs::path{subfolder} / "cert.pem", pair.certificate_pem);
    write(fs::path{subfolder} / "key.pem", pair.key_pem);
    return pair.certificate_pem;
  }
  void write(const fs::path& path, const std::string& text) const { std::ofstream{folder_ / path} << text; }

  std::unique_ptr<Certificates> load() {
    auto loaded = Certificates::load(folder_ / "cert.pem", folder_ / "key.pem",
                                     [this](const std::string& reason) { skipped_.push_back(reason); });
    EXPECT_TRUE(loaded) << loaded.error();
    return loaded ? std::move(*loaded) : nullptr;
  }
  static std::string shown(const Certificates& certificates, const std::string& name) {
    return net::certificate_shown(*certificates.current(), name);
  }

  fs::path folder_;
  std::string main_;
  std::vector<std::string> skipped_;
};

TEST_F(CertificatesTest, GoByTheNameThatTheClientSends) {
  const auto other = make_pair("other", "mail.example.net");
  const auto wildcard = make_pair("wildcard", "*.example.com");
  const auto exact = make_pair("zz-exact", "imap.example.com");
  const struct {
    const char* name;
    const std::string& certificate;
  } kCases[] = {
      {"mail.example.org", main_},      {"mail.example.net", other},      {"MAIL.Example.NET", other},
      {"a.example.com", wildcard},      {"A.EXAMPLE.COM", wildcard},      {"imap.example.com", exact},
      {"example.com", main_},           {"a.b.example.com", main_},       {".example.com", wildcard},
      {"imap.example.com.evil", main_}, {"mail.example.net.", main_},     {"com", main_},
      {"nobody.example", main_},        {"xn--mller-kva.example", main_}, {"", main_},
  };
  const auto certificates = load();
  for (const auto& test : kCases) EXPECT_EQ(shown(*certificates, test.name), test.certificate) << test.name;
  EXPECT_TRUE(skipped_.empty());
}

TEST_F(CertificatesTest, TheMainPairKeepsItsNamesFromOthers) {
  make_pair("same", "mail.example.org");
  const auto first = make_pair("a", "mail.example.net");
  make_pair("b", "mail.example.net");
  const auto certificates = load();
  EXPECT_EQ(shown(*certificates, "mail.example.org"), main_);
  EXPECT_EQ(shown(*certificates, "localhost"), main_) << "every self-signed one has it";
  EXPECT_EQ(shown(*certificates, "mail.example.net"), first);
}

TEST_F(CertificatesTest, ABrokenPairIsToldOfAndLeftOut) {
  const auto good = make_pair("good", "mail.example.net");
  make_pair("mixed", "a.example.com");
  write("mixed/key.pem", net::make_self_signed("a.example.com", wall_clock()).key_pem);
  make_pair("garbled", "b.example.com");
  write("garbled/cert.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  make_pair("empty", "c.example.com");
  write("empty/key.pem", "");
  fs::create_directories(folder_ / "half");
  write("half/cert.pem", main_);
  fs::create_directories(folder_ / "nothing");
  write("a-file", "");
  const auto certificates = load();
  ASSERT_EQ(skipped_.size(), 3U);
  for (const char* name : {"a.example.com", "b.example.com", "c.example.com"}) {
    EXPECT_EQ(shown(*certificates, name), main_) << name;
  }
  EXPECT_EQ(shown(*certificates, "mail.example.net"), good);
}

TEST_F(CertificatesTest, AReloadFindsWhatCameChangedAndWent) {
  make_pair("a", "a.example.net");
  make_pair("b", "b.example.net");
  const auto certificates = load();
  const auto before = certificates->current();
  const auto renewed = make_pair("a", "a.example.net");
  const auto added = make_pair("c", "c.example.net");
  fs::remove_all(folder_ / "b");
  EXPECT_EQ(shown(*certificates, "c.example.net"), main_) << "not before";
  ASSERT_TRUE(certificates->reload());
  EXPECT_EQ(shown(*certificates, "a.example.net"), renewed);
  EXPECT_EQ(shown(*certificates, "b.example.net"), main_);
  EXPECT_EQ(shown(*certificates, "c.example.net"), added);
  EXPECT_NE(net::certificate_shown(*before, "b.example.net"), main_) << "sessions keep what they began with";
}

TEST_F(CertificatesTest, APairThatBreaksStaysWhatItWasUntilItIsMended) {
  const auto good = make_pair("a", "a.example.net");
  const auto certificates = load();
  const auto next = net::make_self_signed("a.example.net", wall_clock());
  write("a/key.pem", next.key_pem);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(certificates->reload());
    EXPECT_EQ(shown(*certificates, "a.example.net"), good);
  }
  EXPECT_EQ(skipped_.size(), 1U) << "one reason is told once";
  EXPECT_FALSE(certificates->are_all_usable());
  write("a/key.pem", "");
  ASSERT_TRUE(certificates->reload());
  EXPECT_EQ(skipped_.size(), 2U) << "another reason is told";
  write("a/key.pem", next.key_pem);
  write("a/cert.pem", next.certificate_pem);
  ASSERT_TRUE(certificates->reload());
  EXPECT_TRUE(certificates->are_all_usable());
  EXPECT_EQ(shown(*certificates, "a.example.net"), next.certificate_pem);
}

TEST_F(CertificatesTest, ABrokenMainPairChangesNothing) {
  const auto certificates = load();
  make_pair("a", "a.example.net");
  write("cert.pem", "");
  EXPECT_FALSE(certificates->reload());
  EXPECT_EQ(shown(*certificates, "a.example.net"), main_);
  EXPECT_FALSE(certificates->are_all_usable());
  EXPECT_NE(certificates->main_fault().find("cert.pem"), std::string::npos) << certificates->main_fault();
  write("cert.pem", main_);
  ASSERT_TRUE(certificates->reload());
  EXPECT_TRUE(certificates->are_all_usable());
  EXPECT_EQ(certificates->main_fault(), "");
}

TEST_F(CertificatesTest, EachSaysWhenItEnds) {
  make_pair("a", "a.example.net");
  const auto certificates = load();
  const auto expiries = certificates->expiries();
  ASSERT_EQ(expiries.size(), 2U);
  EXPECT_EQ(expiries[0].certificate, folder_ / "cert.pem");
  EXPECT_EQ(expiries[1].certificate, folder_ / "a/cert.pem");
  for (const auto& [file, at] : expiries) {  // ten years, from now
    EXPECT_GT(at - wall_clock(), std::chrono::days{3640}) << file;
    EXPECT_LT(at - wall_clock(), std::chrono::days{3660}) << file;
  }
}

TEST_F(CertificatesTest, WithoutAMainPairThereIsNothingToServe) {
  make_pair("a", "a.example.net");
  fs::remove(folder_ / "key.pem");
  const auto loaded = Certificates::load(folder_ / "cert.pem", folder_ / "key.pem");
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().find("key.pem"), std::string::npos) << loaded.error();
}

}  // namespace
}  // namespace posthaste::daemon
