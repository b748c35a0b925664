// Requests and responses of the store socket as values, from the octets of a frame and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/ids.h"
#include "common/mailbox/operations.h"
#include "common/wire/frame.h"

namespace posthaste::wire {

inline constexpr std::size_t kOperationsMax = 10'000;  // of one batch

/// A batch to apply. `id` is the client's number for it.
struct ApplyCall {
  std::uint64_t id = 0;
  UserId user{};
  mailbox::Batch batch;
  mailbox::IdempotencyKey key;
};

/// From Subscribed on, the user's changes are told.
struct Subscribe {
  UserId user{};
  bool operator==(const Subscribe&) const = default;
};
struct Unsubscribe {
  UserId user{};
  bool operator==(const Unsubscribe&) const = default;
};

/// Whether mail to `address` would be taken now. `id` is the client's number for the question.
struct VerifyRecipient {
  std::uint64_t id = 0;
  std::string address;                  // the local part without quotes, "@", the domain
  std::optional<std::uint64_t> octets;  // of the message, where they were announced (RFC 1870)
  bool operator==(const VerifyRecipient&) const = default;
};

using Request = std::variant<ApplyCall, Subscribe, Unsubscribe, VerifyRecipient>;

struct ApplyAnswer {
  std::uint64_t id = 0;
  std::expected<mailbox::ApplyResult, mailbox::StoreError> outcome;
  bool operator==(const ApplyAnswer&) const = default;
};
struct Subscribed {
  UserId user{};
  bool operator==(const Subscribed&) const = default;
};
/// Changes were lost: all mailboxes of all users subscribed to may have changed.
struct AnythingChanged {
  bool operator==(const AnythingChanged&) const = default;
};

enum class RecipientState : std::uint8_t {
  ok = 1,
  unknown,      // nobody here
  over_quota,   // nobody behind the address has room for it
  unavailable,  // it can't be said now
};
struct RecipientVerified {
  std::uint64_t id = 0;
  RecipientState state = RecipientState::unavailable;
  bool operator==(const RecipientVerified&) const = default;
};

using Response = std::variant<ApplyAnswer, Subscribed, mailbox::Change, AnythingChanged, RecipientVerified>;

/// Errors: too_large; out_of_range, for what decode_request() would refuse so.
[[nodiscard]] std::expected<OutgoingFrame, FrameError> encode(const Request& request);
[[nodiscard]] std::expected<OutgoingFrame, FrameError> encode(const Response& response);

/// What a new message's summary is made by: clients send none.
using Summarize = std::function<mailbox::Summary(std::string_view octets)>;

/// Checks every field as network input: enumerations and flags that exist, canonical UID sets, numbers and texts
/// within their limits, an attachment of exactly the octets that the operations name. What a mailbox may be called
/// is left to the store. Errors: malformed, out_of_range, mismatched.
[[nodiscard]] std::expected<Request, FrameError> decode_request(Frame frame, const Summarize& summarize);

/// The id of an ApplyCall whose attachment was lost; nothing when it is no such call.
[[nodiscard]] std::optional<std::uint64_t> call_id(const Frame& frame);

/// The same for what deliveryd sends. Responses have no attachment.
[[nodiscard]] std::expected<Response, FrameError> decode_response(Frame frame);

/// Whose mail the batch in a frame is about. Nothing for other requests, and for what is none.
[[nodiscard]] std::optional<UserId> user_of(const Frame& frame);

}  // namespace posthaste::wire
