// Threads of messages, by the algorithms of RFC 5256 §3.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace posthaste::reading {

/// What threading must know of a message.
struct ThreadMessage {
  std::chrono::sys_seconds sent{};  // RFC 5256 §2.2
  std::string subject;              // the base subject, without case (see mime::casemap())
  bool is_reply_or_forward = false;
  std::optional<std::string> message_id;
  std::vector<std::string> references;  // oldest first; the last one is the parent
};

/// Threads as a forest: nodes refer to their children by index. Only at the top level may a node be a dummy, which
/// stands for a message that was not found and has two children at least.
struct Forest {
  struct Node {
    std::optional<std::uint32_t> message;  // its place among those given; nothing for a dummy
    std::vector<std::uint32_t> children;   // in order
  };
  std::vector<Node> nodes;
  std::vector<std::uint32_t> roots;  // in order
};

/// The messages stand in mailbox order, at most 2^31 of them with all their references.
[[nodiscard]] Forest thread_by_subject(std::span<const ThreadMessage> messages);
[[nodiscard]] Forest thread_by_references(std::span<const ThreadMessage> messages);

}  // namespace posthaste::reading
