#include "imapd/dialogue/command_reader.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/literal.h"
#include "common/imap/syntax.h"
#include "common/mailbox/operations.h"
#include "common/net/least_speed.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

constexpr std::size_t kLiteralPieceOctets = 65'536;
constexpr std::size_t kRoomAheadFactor = 16;          // how much more room a literal gets than has come of it
constexpr std::size_t kSmallLiteralOctets = 4'096;    // asks for no share of the budget
constexpr std::size_t kSmallLiteralsOctets = 65'536;  // nor do so many together

std::string tag_of(std::string_view command) {
  const std::string_view tag = command.substr(0, command.find(' '));
  const bool is_tag =
      !tag.empty() && tag.size() <= imap::kTagMaxOctets && std::ranges::all_of(tag, imap::is_tag_char);
  return is_tag ? std::string{tag} : "*";
}

/// APPEND, REPLACE and UID REPLACE.
bool brings_messages(std::string_view command) {
  const auto space = command.find(' ');
  if (space == std::string_view::npos) return false;
  command.remove_prefix(space + 1);
  if (istarts_with(command, "UID ")) command.remove_prefix(4);
  return istarts_with(command, "APPEND ") || istarts_with(command, "REPLACE ");
}

bool is_id(std::string_view command) {
  const auto space = command.find(' ');
  return space != std::string_view::npos && istarts_with(command.substr(space + 1), "ID ");
}

bool sets_metadata(std::string_view command) {
  const auto space = command.find(' ');
  return space != std::string_view::npos && istarts_with(command.substr(space + 1), "SETMETADATA ");
}

/// One command on its way in.
class Assembly {
 public:
  Assembly(CommandLimits limits, daemon::MemoryBudget& budget) : limits_(limits), budget_(budget) {}

  void add_line(std::string_view line) {
    if (refusal_) return;
    lines_octets_ += line.size();
    octets_.append(line);
    if (lines_octets_ > max_octets()) return refuse(reply_for(Refusal::long_command));
  }

  /// Afterwards either refused() or ready for as many octets.
  void add_literal(const imap::LiteralAnnouncement& literal) {
    if (refusal_) return;
    literal_takes_memory_ = false;
    if (++literals_ > literals_max()) return refuse(reply_for(Refusal::many_literals));
    if (limits_.message_max_octets && brings_messages(octets_) && !is_small(literal.octets)) {
      const std::uint64_t all_max_octets = std::max(*limits_.message_max_octets, kAppendTogetherOctets);
      if (literal.octets > *limits_.message_max_octets) {
        return refuse(reply_for(Refusal::large_message));  // RFC 7889 §3.1
      }
      if (literal.octets > all_max_octets - message_octets_) {
        return refuse(reply_for(Refusal::many_in_command));
      }
      message_octets_ += literal.octets;
      literal_takes_memory_ = true;
      // What is announced takes nothing from others; who would get nothing need not send it.
      if (!grow_to(message_octets_)) return refuse(reply_for(Refusal::many_at_once));
      memory_->shrink_to(granted_octets_);
    } else if (literal.octets > mailbox::kAnnotationMaxOctets && sets_metadata(octets_)) {
      return refuse(annotation_too_long());
    } else {
      lines_octets_ += static_cast<std::size_t>(std::min<std::uint64_t>(literal.octets, max_octets() + 1));
      if (lines_octets_ > max_octets()) return refuse(reply_for(Refusal::long_command));
    }
    octets_.append(kCrlf);
    ends_at_ = octets_.size() + static_cast<std::size_t>(literal.octets);
  }

  /// A piece of the literal. Memory is granted to what has come, not to what was announced; what comes after a
  /// refusal is thrown away.
  void add_octets(std::string_view piece) {
    if (refusal_) return;
    if (literal_takes_memory_) {
      granted_octets_ += piece.size();
      if (!grow_to(granted_octets_)) return refuse(reply_for(Refusal::many_at_once));
    }
    const std::size_t size = octets_.size() + piece.size();
    if (size > octets_.capacity()) octets_.reserve(std::min(ends_at_, kRoomAheadFactor * size));
    octets_.append(piece);
  }

  [[nodiscard]] bool refused() const { return refusal_.has_value(); }
  [[nodiscard]] std::string& octets() { return octets_; }

  [[nodiscard]] ReadCommand result() {
    if (refusal_) return RefusedCommand{tag_of(octets_), std::move(*refusal_)};
    return CommandOctets{std::move(octets_), std::move(memory_)};
  }

 private:
  [[nodiscard]] std::size_t max_octets() const {
    const std::size_t max = limits_.command_max_octets;
    return limits_.id_max_octets > max && is_id(octets_) ? limits_.id_max_octets : max;
  }
  [[nodiscard]] std::size_t literals_max() const {
    const std::size_t max = limits_.literals_max;
    return limits_.id_literals_max > max && is_id(octets_) ? limits_.id_literals_max : max;
  }

  [[nodiscard]] bool is_small(std::uint64_t octets) const {
    return octets <= kSmallLiteralOctets && lines_octets_ + octets <= kSmallLiteralsOctets;
  }

  [[nodiscard]] bool grow_to(std::size_t octets) {
    if (!memory_) memory_.emplace(budget_);
    return memory_->grow_to(octets);
  }

  void refuse(Reply reply) {
    octets_.resize(std::min(octets_.size(), imap::kTagMaxOctets + 1));
    octets_.shrink_to_fit();
    memory_.reset();
    refusal_ = std::move(reply);
  }

  const CommandLimits limits_;
  daemon::MemoryBudget& budget_;
  std::string octets_;
  std::size_t lines_octets_ = 0;      // with small literals
  std::uint64_t message_octets_ = 0;  // APPEND's larger literals, as announced
  std::size_t granted_octets_ = 0;    // what has come of them
  bool literal_takes_memory_ = false;
  std::size_t ends_at_ = 0;  // where the literal under way will end
  std::size_t literals_ = 0;
  std::optional<daemon::MemoryBudget::Share> memory_;
  std::optional<Reply> refusal_;
};

net::Task<std::expected<std::string_view, net::StreamError>> read_line(net::Stream& stream,
                                                                       const CommandLimits& limits) {
  const auto& pace = limits.pace;
  if (pace) pace->limit->end_in(pace->line_time_max);
  auto line = co_await stream.read_line(std::max(limits.command_max_octets, limits.id_max_octets));
  co_return line;
}

/// Reads `octets` no slower than somebody who wants to send them. Each piece goes to `take`. Errors: as
/// Stream::read_some().
template <typename Take>
net::Task<std::expected<void, net::StreamError>> read_literal(net::Stream& stream, const CommandLimits& limits,
                                                              std::uint64_t octets, Take take) {
  const auto& pace = limits.pace;
  std::optional<net::LeastSpeed> speed;
  if (pace) speed.emplace(pace->clock->now(), kLiteralPatience, kLiteralOctetsPerSecondMin);
  while (octets > 0) {
    if (pace && !stream.has_input()) {
      const auto now = pace->clock->now();
      const auto left = speed->left(now);
      if (left.count() == 0) co_return std::unexpected(net::StreamError::timed_out);
      pace->limit->end_at(now + left);
    }
    auto piece = co_await stream.read_some(std::min<std::uint64_t>(octets, kLiteralPieceOctets));
    if (!piece) co_return std::unexpected(piece.error());
    octets -= piece->size();
    take(*piece);
    if (pace) speed->note(pace->clock->now(), piece->size());
  }
  co_return std::expected<void, net::StreamError>{};
}

}  // namespace

net::Task<std::expected<ReadCommand, net::StreamError>> read_command(net::Stream& stream, CommandLimits limits,
                                                                     daemon::MemoryBudget& budget) {
  Assembly command{limits, budget};
  for (;;) {
    auto line = co_await read_line(stream, limits);
    if (!line) co_return std::unexpected(line.error());
    command.add_line(*line);
    const bool only_id_may = line->size() + kCrlf.size() > limits.command_max_octets;
    if (only_id_may && command.refused()) co_return std::unexpected(net::StreamError::too_long);
    const auto literal = imap::literal_announcement(*line);
    if (!literal) co_return std::unexpected(net::StreamError::too_long);
    if (!*literal) co_return command.result();

    command.add_literal(**literal);
    if (command.refused()) {
      if ((*literal)->synchronizing) co_return command.result();
      if (!limits.message_max_octets) co_return std::unexpected(net::StreamError::too_long);
      const auto pass_over = [](std::string_view) {};
      auto gone = co_await read_literal(stream, limits, (*literal)->octets, pass_over);
      if (!gone) co_return std::unexpected(gone.error());
      continue;
    }
    if ((*literal)->synchronizing) stream.write("+ Ready for literal data\r\n");
    const auto keep = [&command](std::string_view piece) { command.add_octets(piece); };
    auto read = co_await read_literal(stream, limits, (*literal)->octets, keep);
    if (!read) co_return std::unexpected(read.error());
  }
}

}  // namespace posthaste::imapd
