#include "common/wire/frame.h"

#include <utility>

namespace posthaste::wire {
namespace {

constexpr std::size_t kLengthOctets = 4;

std::uint32_t decode_length(std::string_view octets) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kLengthOctets; ++i) length = length << 8U | static_cast<unsigned char>(octets[i]);
  return length;
}

void encode_length(std::uint32_t length, char* octets) {
  for (std::size_t i = 0; i < kLengthOctets; ++i) octets[i] = static_cast<char>(length >> (24U - 8U * i) & 0xffU);
}

}  // namespace

std::string_view name_of(FrameError error) noexcept {
  switch (error) {
    case FrameError::malformed: return "malformed";
    case FrameError::out_of_range: return "out_of_range";
    case FrameError::mismatched: return "mismatched";
    case FrameError::too_large: return "too_large";
  }
  std::unreachable();
}

std::size_t OutgoingFrame::attached_octets() const {
  std::size_t octets = 0;
  for (const mailbox::BlobHandle& blob : attachments) octets += blob->octets().size();
  return octets;
}

std::array<char, kFrameHeaderOctets> encode(const FrameHeader& header) {
  std::array<char, kFrameHeaderOctets> octets{};
  encode_length(header.message_octets, octets.data());
  encode_length(header.attachment_octets, octets.data() + kLengthOctets);
  return octets;
}

std::expected<FrameHeader, FrameError> decode_frame_header(std::string_view octets) {
  const FrameHeader header{decode_length(octets), decode_length(octets.substr(kLengthOctets))};
  if (header.message_octets > kMessageMaxOctets || header.attachment_octets > kAttachmentMaxOctets) {
    return std::unexpected(FrameError::too_large);
  }
  return header;
}

}  // namespace posthaste::wire
