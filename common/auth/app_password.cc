#include "common/auth/app_password.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"

namespace posthaste::auth {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

}  // namespace

std::string_view name_of(Service service) noexcept {
  switch (service) {
    case Service::imap: return "imap";
    case Service::pop3: return "pop3";
    case Service::smtp: return "smtp";
  }
  std::unreachable();
}

std::optional<Service> parse_service(std::string_view name) noexcept {
  for (const auto service : kServices) {
    if (name == name_of(service)) return service;
  }
  return std::nullopt;
}

std::uint64_t version_of(const AppPassword& app_password) noexcept {
  // Its digest's beginning: no two of a user's have the same.
  std::uint64_t version = 0;
  for (const char octet : std::string_view{app_password.digest}.substr(0, sizeof version)) {
    version = version << 8U | static_cast<unsigned char>(octet);
  }
  return version;
}

bool is_app_password_name(std::string_view name) noexcept {
  const auto fits = [](char c) { return c == ' ' || is_printable(c) || is_eight_bit(c); };
  return !name.empty() && name.size() <= kAppPasswordNameMaxOctets && is_utf8(name) &&
         std::ranges::all_of(name, fits);
}

std::string app_password_of(std::string_view random) {
  std::string text;
  for (const char octet : random.substr(0, kAppPasswordOctets)) {
    text += kAlphabet[static_cast<unsigned char>(octet) % kAlphabet.size()];
  }
  return text;
}

std::optional<std::string> app_password_digest(std::string_view text) {
  if (text.size() != kAppPasswordOctets || text.find_first_not_of(kAlphabet) != std::string_view::npos) {
    return std::nullopt;
  }
  return digest(ScramHash::sha256, text);
}

}  // namespace posthaste::auth
