// The frames of the store socket: two lengths, a message, and octets attached to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "common/mailbox/operations.h"

namespace posthaste::wire {

inline constexpr std::size_t kFrameHeaderOctets = 8;
inline constexpr std::size_t kMessageMaxOctets = std::size_t{4} << 20;
inline constexpr std::size_t kAttachmentMaxOctets = std::size_t{128} << 20;

/// Why a frame could not be made or believed. Whoever reads one of these closes the connection.
enum class FrameError {
  malformed,     // not a message of the protocol, or one without its kind
  out_of_range,  // a number, a set or a text beyond what it may be
  mismatched,    // the attachment is not as long as the operations say
  too_large,     // beyond kMessageMaxOctets or kAttachmentMaxOctets
};
[[nodiscard]] std::string_view name_of(FrameError error) noexcept;

/// A frame as it arrived.
struct Frame {
  std::string message;
  std::string attachment;        // empty when it was lost
  bool attachment_lost = false;  // nobody had memory for it: it was read and thrown away
  bool operator==(const Frame&) const = default;
};

/// A frame to be sent. What is attached is shared with the batch, not copied.
struct OutgoingFrame {
  std::string message;
  std::vector<mailbox::BlobHandle> attachments;

  [[nodiscard]] std::size_t attached_octets() const;
  [[nodiscard]] std::size_t octets() const { return kFrameHeaderOctets + message.size() + attached_octets(); }
};

struct FrameHeader {
  std::uint32_t message_octets = 0;
  std::uint32_t attachment_octets = 0;
  bool operator==(const FrameHeader&) const = default;
};

[[nodiscard]] std::array<char, kFrameHeaderOctets> encode(const FrameHeader& header);

/// `octets` are kFrameHeaderOctets. Errors: too_large.
[[nodiscard]] std::expected<FrameHeader, FrameError> decode_frame_header(std::string_view octets);

}  // namespace posthaste::wire
