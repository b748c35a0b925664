// The installation's certificate, opened again when its file changes; sessions keep the one they began with.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "common/net/tls.h"

namespace posthaste::daemon {

class Certificates {
 public:
  /// Errors: a sentence for the operator.
  static std::expected<std::unique_ptr<Certificates>, std::string> load(std::filesystem::path certificate,
                                                                        std::filesystem::path key);

  /// From any thread.
  [[nodiscard]] std::shared_ptr<const net::TlsServer> current() const;

  /// Reads both files again; on error the old pair stays. Errors: a sentence for the operator.
  std::expected<void, std::string> reload();

 private:
  Certificates(std::filesystem::path certificate, std::filesystem::path key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}

  const std::filesystem::path certificate_;
  const std::filesystem::path key_;
  mutable std::mutex mutex_;
  std::shared_ptr<const net::TlsServer> current_;  // guarded by mutex_
};

}  // namespace posthaste::daemon
