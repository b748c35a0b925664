#include "common/auth/rows.h"

#include <chrono>
#include <utility>

namespace posthaste::auth {
namespace {

constexpr std::uint64_t kFormat = 1;

std::string big_endian(std::uint64_t value) {
  std::string octets(sizeof value, '\0');
  for (std::size_t i = octets.size(); i-- > 0; value >>= 8U) octets[i] = static_cast<char>(value & 0xffU);
  return octets;
}

std::uint64_t from_big_endian(std::string_view octets) {
  std::uint64_t value = 0;
  for (const char c : octets) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

class RowWriter {
 public:
  RowWriter() { put(kFormat); }
  void put(std::uint64_t value) { row_ += big_endian(value); }
  void put(std::string_view text) {
    put(text.size());
    row_ += text;
  }
  [[nodiscard]] std::string take() && { return std::move(row_); }

 private:
  std::string row_;
};

/// Reads what RowWriter wrote. Past the end every field is empty and finished() is false.
class RowReader {
 public:
  explicit RowReader(std::string_view row) : rest_(row) { sound_ = number() == kFormat; }

  std::uint64_t number() { return from_big_endian(octets(sizeof(std::uint64_t))); }
  std::string text() { return std::string{octets(number())}; }
  [[nodiscard]] bool sound() const { return sound_; }
  [[nodiscard]] bool finished() const { return sound_ && rest_.empty(); }

 private:
  std::string_view octets(std::uint64_t count) {
    if (count > rest_.size()) {
      sound_ = false;
      rest_ = {};
      return {};
    }
    const auto result = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return result;
  }

  std::string_view rest_;
  bool sound_ = true;
};

void put(RowWriter& row, const std::optional<ScramKeys>& keys) {
  row.put(keys ? 1U : 0U);
  if (!keys) return;
  row.put(keys->salt);
  row.put(keys->iterations);
  row.put(keys->stored_key);
  row.put(keys->server_key);
}

std::optional<ScramKeys> scram_keys_from(RowReader& row) {
  if (row.number() == 0) return std::nullopt;
  ScramKeys keys;
  keys.salt = row.text();
  keys.iterations = static_cast<std::uint32_t>(row.number());
  keys.stored_key = row.text();
  keys.server_key = row.text();
  return keys;
}

}  // namespace

std::string key_of(const Address& address) { return address.domain + "@" + address.local_part; }

std::string key_of(UserId id) { return big_endian(number(id)); }

std::optional<Address> address_of(std::string_view key) {
  const auto at = key.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  return Address{std::string{key.substr(at + 1)}, std::string{key.substr(0, at)}};
}

std::optional<UserId> user_id_of(std::string_view key) {
  if (key.size() != sizeof(UserId)) return std::nullopt;
  return static_cast<UserId>(from_big_endian(key));
}

std::string encode(const User& user) {
  RowWriter row;
  row.put(user.address);
  row.put(user.display_name);
  row.put(user.quota_octets ? 1U : 0U);
  row.put(user.quota_octets.value_or(0));
  row.put(user.enabled ? 1U : 0U);
  row.put(static_cast<std::uint64_t>(user.created.time_since_epoch().count()));
  return std::move(row).take();
}

std::string encode(const Credential& credential) {
  RowWriter row;
  row.put(credential.version);
  row.put(credential.hash);
  put(row, credential.scram_sha1);
  put(row, credential.scram_sha256);
  return std::move(row).take();
}

std::string encode(const std::vector<std::string>& alias_targets) {
  RowWriter row;
  row.put(alias_targets.size());
  for (const auto& target : alias_targets) row.put(target);
  return std::move(row).take();
}

std::string encode(const AppPassword& app_password) {
  RowWriter row;
  for (const auto service : kServices) row.put(app_password.scope.contains(service) ? 1U : 0U);
  row.put(static_cast<std::uint64_t>(app_password.created.time_since_epoch().count()));
  row.put(app_password.digest);
  put(row, app_password.scram_sha1);
  put(row, app_password.scram_sha256);
  return std::move(row).take();
}

std::string encode(const Route& route) {
  RowWriter row;
  row.put(static_cast<std::uint64_t>(route.protocol));
  row.put(route.host);
  row.put(std::uint64_t{route.port});
  row.put(static_cast<std::uint64_t>(route.tls));
  row.put(route.user);
  row.put(route.password);
  return std::move(row).take();
}

std::string departed_row() { return RowWriter{}.take(); }

std::optional<User> decode_user(UserId id, std::string_view row) {
  RowReader reader{row};
  User user;
  user.id = id;
  user.address = reader.text();
  user.display_name = reader.text();
  const bool limited = reader.number() != 0;
  const auto quota_octets = reader.number();
  if (limited) user.quota_octets = quota_octets;
  user.enabled = reader.number() != 0;
  user.created = WallTime{std::chrono::milliseconds{static_cast<std::int64_t>(reader.number())}};
  if (!reader.finished()) return std::nullopt;
  return user;
}

std::optional<Credential> decode_credential(std::string_view row) {
  RowReader reader{row};
  Credential credential;
  credential.version = reader.number();
  credential.hash = reader.text();
  credential.scram_sha1 = scram_keys_from(reader);
  credential.scram_sha256 = scram_keys_from(reader);
  if (!reader.finished()) return std::nullopt;
  return credential;
}

std::optional<std::vector<std::string>> decode_alias_targets(std::string_view row) {
  RowReader reader{row};
  std::vector<std::string> targets;
  for (auto left = reader.number(); left > 0 && reader.sound(); --left) targets.push_back(reader.text());
  if (!reader.finished()) return std::nullopt;
  return targets;
}

std::optional<AppPassword> decode_app_password(std::string_view name, std::string_view row) {
  RowReader reader{row};
  AppPassword app_password;
  app_password.name = name;
  for (const auto service : kServices) {
    if (reader.number() != 0) app_password.scope.insert(service);
  }
  app_password.created = WallTime{std::chrono::milliseconds{static_cast<std::int64_t>(reader.number())}};
  app_password.digest = reader.text();
  app_password.scram_sha1 = scram_keys_from(reader);
  app_password.scram_sha256 = scram_keys_from(reader);
  if (!reader.finished()) return std::nullopt;
  return app_password;
}

std::optional<Route> decode_route(std::string_view target, std::string_view row) {
  RowReader reader{row};
  Route route;
  route.target = target;
  const auto protocol = reader.number();
  route.host = reader.text();
  const auto port = reader.number();
  const auto tls = reader.number();
  route.user = reader.text();
  route.password = reader.text();
  const bool sound = reader.finished() && protocol <= std::to_underlying(Route::Protocol::lmtp) && port <= 65'535 &&
                     tls <= std::to_underlying(Route::Tls::implicit);
  if (!sound) return std::nullopt;
  route.protocol = static_cast<Route::Protocol>(protocol);
  route.port = static_cast<std::uint16_t>(port);
  route.tls = static_cast<Route::Tls>(tls);
  return route;
}

}  // namespace posthaste::auth
