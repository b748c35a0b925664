// The installation's certificates, opened again when their files change; sessions keep what they began with.
#pragma once

#include <chrono>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/net/tls.h"

namespace posthaste::daemon {

// A further pair's names, in a subfolder of the main certificate's folder: tls/NAME/cert.pem.
inline constexpr const char* kFurtherCertificate = "cert.pem";
inline constexpr const char* kFurtherKey = "key.pem";

// A certificate that ends within this is warned of.
inline constexpr std::chrono::days kExpiryWarning{14};

/// The main pair, and every further one: clients get the one that has the name they ask for (net::TlsServer).
class Certificates {
 public:
  /// A further pair that is no good is told of, once for each reason, and left out.
  using OnSkipped = std::function<void(const std::string& reason)>;

  /// Errors, for the main pair: a sentence for the operator.
  static std::expected<std::unique_ptr<Certificates>, std::string> load(
      std::filesystem::path certificate, std::filesystem::path key,
      OnSkipped on_skipped = [](const std::string&) {});

  /// From any thread.
  [[nodiscard]] std::shared_ptr<const net::TlsServer> current() const;

  /// Reads all files again, from one thread at a time. When the main pair is in error all stays as it is; a further
  /// one that is no good now, as in the moment between the writing of its two files, stays what it was. Errors: a
  /// sentence for the operator.
  std::expected<void, std::string> reload();

  /// Whether the last reload() could use all pairs. From the thread that reloads, like the next.
  [[nodiscard]] bool are_all_usable() const { return unusable_.empty(); }
  /// What was said of the main pair when it could not be used; empty while it can.
  [[nodiscard]] std::string main_fault() const;

  /// A certificate that is served, and when it ends.
  struct Expiry {
    std::filesystem::path certificate;
    WallTime at;
  };
  /// As they were when they were loaded, the main one first.
  [[nodiscard]] std::vector<Expiry> expiries() const;

 private:
  Certificates(std::filesystem::path certificate, std::filesystem::path key, OnSkipped on_skipped)
      : certificate_(std::move(certificate)), key_(std::move(key)), on_skipped_(std::move(on_skipped)) {}

  /// A further pair as it is served.
  struct Further {
    net::TlsServer server;
    WallTime expires;
  };

  void reload_further();

  const std::filesystem::path certificate_;
  const std::filesystem::path key_;
  const OnSkipped on_skipped_;
  std::map<std::filesystem::path, Further> further_;       // by folder
  std::map<std::filesystem::path, std::string> unusable_;  // why, by certificate or folder
  WallTime main_expires_{};
  mutable std::mutex mutex_;
  std::shared_ptr<const net::TlsServer> current_;  // guarded by mutex_
};

}  // namespace posthaste::daemon
