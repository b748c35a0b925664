// Numbers that must not be mixed, as types that do not mix.
#pragma once

#include <cstdint>
#include <type_traits>

namespace posthaste {

enum class UserId : std::uint64_t {};          // minted by the directory, never reused
enum class MailboxId : std::uint64_t {};       // unique within a user, never reused; RFC 8474 MAILBOXID
enum class BlobId : std::uint64_t {};          // a stored message's octets; RFC 8474 EMAILID
enum class Uid : std::uint32_t {};             // RFC 9051 §2.3.1.1; unique under one UidValidity
enum class UidValidity : std::uint32_t {};     // RFC 9051 §2.3.1.1
enum class SequenceNumber : std::uint32_t {};  // RFC 9051 §2.3.1.2; shifts at EXPUNGE
enum class ModSeq : std::uint64_t {};          // RFC 7162; fits in 63 bits

/// The number behind an id, for arithmetic and for the wire.
template <typename Id>
  requires std::is_enum_v<Id>
constexpr auto number(Id id) noexcept {
  return static_cast<std::underlying_type_t<Id>>(id);
}

/// The id that follows.
template <typename Id>
  requires std::is_enum_v<Id>
constexpr Id next(Id id) noexcept {
  return static_cast<Id>(number(id) + 1);
}

}  // namespace posthaste
