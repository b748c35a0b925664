#include "common/auth/scram.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/base64.h"
#include "common/base/octets.h"

namespace posthaste::auth {
namespace {

/// Takes "x=value" from the front of `rest`, and the ',' behind it.
std::optional<std::string_view> take_attribute(std::string_view& rest, char name) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return std::nullopt;
  const auto comma = rest.find(',');
  const auto value = rest.substr(2, comma == std::string_view::npos ? comma : comma - 2);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return value;
}

/// saslname (RFC 5802 §7): "=2C" is a comma, "=3D" an equals sign, and no other '=' may stand.
std::optional<std::string> decode_sasl_name(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    if (text[0] == '\0') return std::nullopt;
    if (text[0] != '=') {
      name += text[0];
      text.remove_prefix(1);
    } else if (text.starts_with("=2C") || text.starts_with("=3D")) {
      name += text[1] == '2' ? ',' : '=';
      text.remove_prefix(3);
    } else {
      return std::nullopt;
    }
  }
  if (name.empty() || !is_utf8(name)) return std::nullopt;
  return name;
}

bool is_nonce(std::string_view text) {  // printable: %x21-2B / %x2D-7E
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_printable(c) && c != ','; });
}

struct Gs2Header {
  std::string_view text;
  ClientBinds binds = ClientBinds::no;
  std::string_view binding_name;
  std::optional<std::string> authorization_id;
};

bool is_binding_name(std::string_view text) {  // cb-name: ALPHA / DIGIT / "." / "-"
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '.' || c == '-'; });
}

/// gs2-header: a flag for channel binding, an authorization identity, each with its comma (RFC 5801 §4).
std::expected<Gs2Header, ScramError> parse_gs2_header(std::string_view message) {
  Gs2Header header;
  const auto flag = message.substr(0, message.find(','));
  if (flag == "y") {
    header.binds = ClientBinds::server_does_not;
  } else if (flag.starts_with("p=") && is_binding_name(flag.substr(2))) {
    header.binds = ClientBinds::yes;
    header.binding_name = flag.substr(2);
  } else if (flag != "n") {
    return std::unexpected(ScramError::malformed);
  }
  const auto end = message.find(',', flag.size() + 1);
  if (end == std::string_view::npos) return std::unexpected(ScramError::malformed);
  header.text = message.substr(0, end + 1);
  const auto identity = message.substr(flag.size() + 1, end - flag.size() - 1);
  if (identity.empty()) return header;
  if (identity.starts_with("a=")) header.authorization_id = decode_sasl_name(identity.substr(2));
  if (!header.authorization_id) return std::unexpected(ScramError::malformed);
  return header;
}

std::string exclusive_or(std::string a, std::string_view b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
  return a;
}

}  // namespace

std::expected<ScramClientFirst, ScramError> parse_scram_client_first(std::string_view message) {
  const auto header = parse_gs2_header(message);
  if (!header) return std::unexpected(header.error());
  auto rest = message.substr(header->text.size());
  ScramClientFirst first;
  first.gs2_header = header->text;
  first.binds = header->binds;
  first.binding_name = header->binding_name;
  first.bare = rest;
  if (rest.starts_with("m=")) return std::unexpected(ScramError::extension);
  const auto user_name = take_attribute(rest, 'n');
  const auto nonce = take_attribute(rest, 'r');
  auto decoded = user_name ? decode_sasl_name(*user_name) : std::nullopt;
  if (!decoded || !nonce || !is_nonce(*nonce)) return std::unexpected(ScramError::malformed);
  if (header->authorization_id && !iequals(*header->authorization_id, *decoded)) {
    return std::unexpected(ScramError::impersonation);
  }
  first.user_name = std::move(*decoded);
  first.nonce = *nonce;
  return first;
}

ScramExchange::ScramExchange(ScramHash hash, ScramClientFirst client_first, std::vector<ScramKeys> keys,
                             std::string_view server_nonce, std::string channel)
    : hash_(hash),
      client_first_(std::move(client_first)),
      keys_(std::move(keys)),
      channel_(std::move(channel)),
      nonce_(client_first_.nonce + std::string{server_nonce}),
      server_first_("r=" + nonce_ + ",s=" + base64_encode(keys_.front().salt) +
                    ",i=" + std::to_string(keys_.front().iterations)) {}

std::expected<ScramExchange::Proof, ScramError> ScramExchange::finish(std::string_view client_final) const {
  const auto proof_start = client_final.rfind(",p=");
  if (proof_start == std::string_view::npos) return std::unexpected(ScramError::malformed);
  const auto without_proof = client_final.substr(0, proof_start);
  const auto proof = base64_decode(client_final.substr(proof_start + 3));

  auto rest = without_proof;
  const auto binding = take_attribute(rest, 'c');
  const auto nonce = take_attribute(rest, 'r');
  const auto bound_to = binding ? base64_decode(*binding) : std::nullopt;
  if (!bound_to || !nonce || !bound_to->starts_with(client_first_.gs2_header)) {
    return std::unexpected(ScramError::malformed);
  }
  if (*nonce != nonce_) return std::unexpected(ScramError::nonce_mismatch);
  if (bound_to->substr(client_first_.gs2_header.size()) != channel_) {
    return std::unexpected(ScramError::other_channel);
  }
  if (!proof) return std::unexpected(ScramError::wrong_proof);

  // RFC 5802 §3: the proof is ClientKey hidden by a signature that StoredKey can make; StoredKey is H(ClientKey).
  const auto auth_message = client_first_.bare + "," + server_first_ + "," + std::string{without_proof};
  for (std::size_t at = 0; at < keys_.size(); ++at) {
    if (proof->size() != keys_[at].stored_key.size()) continue;
    const auto client_key = exclusive_or(*proof, hmac(hash_, keys_[at].stored_key, auth_message));
    if (!equal_in_constant_time(digest(hash_, client_key), keys_[at].stored_key)) continue;
    return Proof{at, "v=" + base64_encode(hmac(hash_, keys_[at].server_key, auth_message))};
  }
  return std::unexpected(ScramError::wrong_proof);
}

}  // namespace posthaste::auth
