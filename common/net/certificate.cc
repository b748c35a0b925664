#include "common/net/certificate.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <chrono>
#include <ctime>
#include <memory>

namespace posthaste::net {
namespace {

template <auto Free>
struct Deleter {
  void operator()(auto* owned) const noexcept { Free(owned); }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

}  // namespace

std::optional<WallTime> certificate_expiry(const std::string& path) {
  const Bio file{BIO_new_file(path.c_str(), "r")};
  if (!file) return std::nullopt;
  const Certificate certificate{PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr)};
  if (!certificate) return std::nullopt;
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) return std::nullopt;
  return WallTime{std::chrono::seconds{timegm(&end)}};
}

}  // namespace posthaste::net
