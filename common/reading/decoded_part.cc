#include "imapd/decoded_part.h"

#include <algorithm>
#include <limits>

#include "imapd/limits.h"

namespace posthaste::imapd {

DecodedPart::DecodedPart(const imap::EncodedPart& part, const std::optional<imap::Partial>& partial)
    : rest_(part.place),
      decoder_(part.encoding),
      skipped_(partial ? partial->offset : 0),
      wanted_(partial ? partial->octets : std::numeric_limits<std::uint64_t>::max()) {}

mime::Extent DecodedPart::next() const { return {rest_.offset, std::min(rest_.octets, kSliceOctets)}; }

std::string DecodedPart::feed(std::string_view slice) {
  rest_ = {rest_.offset + slice.size(), rest_.octets - slice.size()};
  std::string octets = decoder_.feed(slice);
  if (rest_.octets == 0) octets += decoder_.finish();
  const auto before = std::min<std::uint64_t>(skipped_, octets.size());
  skipped_ -= before;
  octets.erase(0, before);
  octets.resize(std::min<std::uint64_t>(wanted_, octets.size()));
  wanted_ -= octets.size();
  return octets;
}

}  // namespace posthaste::imapd
