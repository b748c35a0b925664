// Transfer encodings: however a body is cut, its slices decode to the same octets as the whole.
#include "common/mime/transfer.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using posthaste::mime::TransferDecoder;
using posthaste::mime::TransferEncoding;

constexpr std::size_t kHeldMaxOctets = 4'096;  // between two slices

/// Slices of `octets` and of one octet by turns.
std::string decode_in_slices(TransferEncoding encoding, std::string_view body, std::size_t octets) {
  TransferDecoder decoder{encoding};
  std::string decoded;
  for (bool one = false; !body.empty(); one = !one) {
    const auto slice = body.substr(0, one ? 1 : octets);
    body.remove_prefix(slice.size());
    decoded += decoder.feed(slice);
  }
  const std::string held = decoder.finish();
  if (held.size() > kHeldMaxOctets) std::abort();
  return decoded + held;
}

}  // namespace

/// The first octet says how long the slices are; each "~" repeats the octet before it until no line may hold it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty()) return 0;
  const std::size_t octets = 1 + static_cast<unsigned char>(text.front());
  std::string body;
  for (const char c : text.substr(1)) {
    if (c == '~') {
      body.append(kHeldMaxOctets, body.empty() ? ' ' : body.back());
    } else {
      body += c;
    }
  }
  for (const auto encoding : {TransferEncoding::identity, TransferEncoding::quoted_printable,
                              TransferEncoding::base64, TransferEncoding::unknown}) {
    const auto whole = decode_transfer(encoding, body);
    if (whole.size() > body.size()) std::abort();
    for (const std::size_t each : {octets, std::size_t{1'000}, std::size_t{4'096}}) {
      if (decode_in_slices(encoding, body, each) != whole) std::abort();
    }
  }
  return 0;
}
