// A DATA stream cut anywhere reads as the whole does, and a message that is stuffed and read is the message.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/base/dot_stuffing.h"
#include "common/smtp/data_reader.h"

namespace smtp = posthaste::smtp;

namespace {

constexpr std::uint64_t kMessageMaxOctets = 256;  // small, so that the limit is met

struct Outcome {
  smtp::DataProgress progress;
  std::uint64_t octets = 0;
  std::string content;
  bool operator==(const Outcome&) const = default;
};

/// Reads `wire` in pieces of 1 to `piece_max_octets` octets, as `cuts` says.
Outcome read_data(std::string_view wire, std::string_view cuts, std::size_t piece_max_octets) {
  smtp::DataReader reader{kMessageMaxOctets};
  Outcome outcome;
  std::size_t pieces = 0;
  while (outcome.progress.consumed < wire.size() && outcome.progress.state == smtp::DataState::more) {
    const auto cut = static_cast<unsigned char>(cuts[pieces++ % cuts.size()]);
    const auto piece = wire.substr(outcome.progress.consumed, 1 + cut % piece_max_octets);
    const auto progress = reader.feed(piece, outcome.content);
    if (progress.state == smtp::DataState::more && progress.consumed != piece.size()) std::abort();
    outcome.progress = {progress.state, outcome.progress.consumed + progress.consumed};
  }
  outcome.octets = reader.octets();
  const bool refused =
      outcome.progress.state == smtp::DataState::bare_cr || outcome.progress.state == smtp::DataState::bare_lf;
  if (refused || reader.too_large()) outcome.content.clear();  // how much was handed out depends on the pieces
  if (refused) outcome.octets = 0;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view wire{reinterpret_cast<const char*>(data), size};
  const Outcome whole = read_data(wire, std::string(1, '\xff'), 1);  // octet by octet
  for (const std::size_t piece_max_octets : {2U, 5U, 97U, 256U}) {
    if (read_data(wire, wire, piece_max_octets) != whole) std::abort();
  }

  const std::string stuffed = posthaste::dot_stuffed(wire);
  smtp::DataReader unlimited{UINT64_MAX};
  std::string message;
  const auto progress = unlimited.feed(stuffed, message);
  if (progress != smtp::DataProgress{smtp::DataState::end, stuffed.size()}) std::abort();
  if (posthaste::dot_stuffed(message) != stuffed) std::abort();
  posthaste::DotStuffer stuffer;
  std::string in_pieces;
  for (std::size_t i = 0; i < size; i += 1 + data[i] % 5) stuffer.feed(wire.substr(i, 1 + data[i] % 5), in_pieces);
  stuffer.finish(in_pieces);
  if (in_pieces != stuffed) std::abort();
  return 0;
}
