#include "common/session/sasl_dialogue.h"

#include <algorithm>

#include "common/base/base64.h"
#include "common/base/octets.h"

namespace posthaste::session {

std::optional<SaslMechanism> choose_mechanism(std::span<const SaslMechanism> offered, std::string_view name) {
  const auto mechanism = parse_sasl_mechanism(name);
  if (!mechanism || std::ranges::find(offered, *mechanism) == offered.end()) return std::nullopt;
  return mechanism;
}

std::expected<std::string, auth::SaslError> read_initial_response(std::string_view text) {
  if (text == "=") return std::string{};
  return auth::read_sasl_response(text);
}

net::Task<std::expected<std::string, auth::SaslError>> SaslDialogue::ask(std::string challenge) {
  stream_.write(begin_);
  stream_.write(base64_encode(challenge));
  stream_.write(kCrlf);
  auto line = co_await stream_.read_line(line_max_octets_);
  if (!line) {
    end_ = line.error();
    co_return std::unexpected(auth::SaslError::gone);
  }
  co_return auth::read_sasl_response(*line);
}

}  // namespace posthaste::session
