// A client that believes what it is told, and knows at each word whether it may be told it (RFC 9051 §7, RFC 7162).
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/imap/sequence_set.h"

namespace posthaste::imapd {

using FlagNames = std::set<std::string>;

/// One message as a client knows it. Nothing: not told yet.
struct Believed {
  std::uint64_t serial = 0;  // names it whatever its number is
  std::optional<std::uint32_t> uid;
  std::optional<FlagNames> flags;
  std::optional<std::uint64_t> mod_seq;
};

/// What a client has asked of its server.
enum class Speech { plain, condstore, qresync };

/// What may be said while a command runs.
struct Permission {
  bool expunges = true;
  bool bare_flags = false;  // FETCH responses need not have UID and MODSEQ: they were asked for as they are
};

/// "1 FETCH (UID 3 FLAGS (\Seen) MODSEQ (12) BODY[]<0> {3}...)", taken apart.
struct FetchResponse {
  std::uint32_t number = 0;
  std::optional<std::uint32_t> uid;
  std::optional<FlagNames> flags;
  std::optional<std::uint64_t> mod_seq;
};

/// A place in a response.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  [[nodiscard]] std::string_view rest() const { return rest_; }
  bool skip(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  std::optional<std::uint64_t> number() {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  std::string_view until(char end) {
    const auto text = rest_.substr(0, rest_.find(end));
    rest_.remove_prefix(text.size());
    return text;
  }

 private:
  std::string_view rest_;
};

inline FlagNames flag_names(std::string_view list) {
  FlagNames flags;
  Reader reader{list};
  while (!reader.rest().empty()) {
    const auto name = reader.until(' ');
    if (!name.empty()) flags.emplace(name);
    reader.skip(" ");
  }
  flags.erase("\\Recent");  // the session's own, and no news when it goes
  return flags;
}

/// Nothing for what we would not say.
inline std::optional<FetchResponse> parse_fetch(std::uint32_t number, std::string_view items) {
  FetchResponse response{number, {}, {}, {}};
  Reader reader{items};
  while (!reader.skip(")")) {
    reader.skip(" ");
    if (reader.skip("UID ")) {
      response.uid = static_cast<std::uint32_t>(reader.number().value_or(0));
    } else if (reader.skip("FLAGS (")) {
      response.flags = flag_names(reader.until(')'));
      reader.skip(")");
    } else if (reader.skip("MODSEQ (")) {
      response.mod_seq = reader.number();
      reader.skip(")");
    } else if (reader.skip("BODY[]<0> {")) {
      const auto octets = reader.number().value_or(0);
      if (!reader.skip("}\r\n") || octets > reader.rest().size()) return std::nullopt;
      reader = Reader{reader.rest().substr(static_cast<std::size_t>(octets))};
    } else {
      return std::nullopt;
    }
  }
  return response;
}

class Believer {
 public:
  explicit Believer(Speech speech) : speech_(speech) {}

  [[nodiscard]] Speech speech() const { return speech_; }
  [[nodiscard]] std::vector<Believed>& messages() { return messages_; }
  [[nodiscard]] std::uint64_t highest_mod_seq() const { return highest_mod_seq_; }
  [[nodiscard]] std::uint32_t uid_validity() const { return uid_validity_; }
  /// The first thing that should not have been said.
  [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }

  /// Before a command.
  void begin(Permission permission) {
    permission_ = permission;
    told_flags_.clear();
    told_.clear();
    found_.clear();
    vanished_earlier_.clear();
    said_mod_seq_.reset();
    seen_mod_seq_ = 0;
  }
  /// The client has left its mailbox, or is about to open one.
  void forget_view() {
    messages_.clear();
    opening_ = true;
  }

  void hear(std::string_view line) {
    Reader reader{line};
    reader.skip("* ");
    if (reader.skip("OK [")) return hear_code(reader);
    if (reader.skip("SEARCH")) return hear_search(reader);
    if (reader.skip("VANISHED (EARLIER) ")) return hear_vanished_earlier(reader.rest());
    if (reader.skip("VANISHED ")) return hear_vanished(reader.rest());
    const auto number = reader.number();
    if (!number) return;
    const auto small = static_cast<std::uint32_t>(*number);
    if (reader.skip(" EXISTS")) return hear_exists(small);
    if (reader.skip(" EXPUNGE")) return hear_expunge(small);
    if (reader.skip(" FETCH (")) return hear_fetch(small, reader.rest());
  }

  /// The tagged answer's code, without its brackets. RFC 7162 §6 says what becomes of HIGHESTMODSEQ.
  void end(std::string_view code) {
    Reader reader{code};
    if (reader.skip("HIGHESTMODSEQ ")) said_mod_seq_ = reader.number();
    if (said_mod_seq_) {
      highest_mod_seq_ = *said_mod_seq_;
    } else {
      highest_mod_seq_ = std::max(highest_mod_seq_, seen_mod_seq_);
    }
    opening_ = false;
  }

  /// Of this command: whose flags were told, who was told of at all, what SEARCH found.
  [[nodiscard]] const std::set<std::uint64_t>& told_flags() const { return told_flags_; }
  [[nodiscard]] const std::set<std::uint64_t>& told() const { return told_; }
  [[nodiscard]] const std::vector<std::uint32_t>& found() const { return found_; }
  [[nodiscard]] const std::set<std::uint32_t>& vanished_earlier() const { return vanished_earlier_; }

  [[nodiscard]] Believed* with_serial(std::uint64_t serial) {
    const auto place = std::ranges::find(messages_, serial, &Believed::serial);
    return place == messages_.end() ? nullptr : &*place;
  }
  void complain(std::string text) {
    if (!complaint_) complaint_ = std::move(text);
  }
  /// Takes the message of that number to have that UID; it must fit between its neighbours'.
  void bind(std::uint32_t number, std::uint32_t uid) {
    const std::size_t place = number - 1;
    Believed& message = messages_[place];
    if (message.uid && *message.uid != uid) {
      return complain("message " + std::to_string(number) + " had UID " + std::to_string(*message.uid));
    }
    for (std::size_t i = place; i-- > 0;) {
      if (!messages_[i].uid) continue;
      if (*messages_[i].uid + (place - i) > uid) return complain("UIDs do not ascend");
      break;
    }
    for (std::size_t i = place + 1; i < messages_.size(); ++i) {
      if (!messages_[i].uid) continue;
      if (uid + (i - place) > *messages_[i].uid) return complain("UIDs do not ascend");
      break;
    }
    message.uid = uid;
  }

 private:
  void hear_code(Reader reader) {
    if (reader.skip("HIGHESTMODSEQ ")) said_mod_seq_ = reader.number();
    if (reader.skip("UIDVALIDITY ")) uid_validity_ = static_cast<std::uint32_t>(reader.number().value_or(0));
  }

  void hear_exists(std::uint32_t count) {
    if (count < messages_.size()) return complain("EXISTS takes messages away");
    while (messages_.size() < count) messages_.push_back({++serials_, {}, {}, {}});
  }

  void hear_expunge(std::uint32_t number) {
    if (speech_ == Speech::qresync) return complain("EXPUNGE where VANISHED belongs");
    if (!permission_.expunges || opening_) return complain("EXPUNGE where it must not be");
    if (number == 0 || number > messages_.size()) return complain("EXPUNGE of no message");
    messages_.erase(messages_.begin() + number - 1);
  }

  void hear_vanished(std::string_view set) {
    if (speech_ != Speech::qresync) return complain("VANISHED where EXPUNGE belongs");
    if (!permission_.expunges || opening_) return complain("VANISHED where it must not be");
    for (const std::uint32_t uid : uids_of(set)) {
      const auto place = place_of(uid);
      if (place && !messages_[*place].uid) forget_flags_around(*place);
      if (!place) return complain("VANISHED of UID " + std::to_string(uid) + ", which was not there");
      messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(*place));
    }
  }

  void hear_vanished_earlier(std::string_view set) {
    if (speech_ != Speech::qresync) return complain("VANISHED (EARLIER) unasked");
    for (const std::uint32_t uid : uids_of(set)) {
      const bool there = std::ranges::any_of(messages_, [uid](const Believed& each) { return each.uid == uid; });
      if (there) return complain("VANISHED (EARLIER) of UID " + std::to_string(uid) + ", which is there");
      vanished_earlier_.insert(uid);
    }
  }

  void hear_search(Reader reader) {
    while (reader.skip(" ")) {
      const auto number = reader.number();
      if (!number) return;  // (MODSEQ n)
      found_.push_back(static_cast<std::uint32_t>(*number));
    }
  }

  void hear_fetch(std::uint32_t number, std::string_view items) {
    const auto response = parse_fetch(number, items);
    if (!response) return complain("FETCH that cannot be read");
    if (number == 0 || number > messages_.size()) return complain("FETCH of no message");
    const bool complete = response->uid && response->mod_seq;
    if (speech_ != Speech::plain && !permission_.bare_flags && response->flags && !complete) {
      return complain("FETCH without UID or MODSEQ");
    }
    if (response->uid) bind(number, *response->uid);
    Believed& message = messages_[number - 1];
    told_.insert(message.serial);
    if (response->flags) {
      message.flags = response->flags;
      told_flags_.insert(message.serial);
    }
    if (!response->mod_seq) return;
    if (message.mod_seq && *message.mod_seq > *response->mod_seq) return complain("MODSEQ falls");
    message.mod_seq = response->mod_seq;
    seen_mod_seq_ = std::max(seen_mod_seq_, *response->mod_seq);
  }

  static std::vector<std::uint32_t> uids_of(std::string_view set) {
    std::vector<std::uint32_t> uids;
    const auto parsed = imap::parse_sequence_set(set);
    if (!parsed) return uids;
    const imap::NumberSet numbers = imap::resolve(*parsed, 0);  // keeps `ranges` alive
    for (const auto& range : numbers.ranges()) {
      for (std::uint64_t uid = range.first; uid <= range.last; ++uid)
        uids.push_back(static_cast<std::uint32_t>(uid));
    }
    return uids;
  }

  /// Of neighbours without UIDs one goes, and the client cannot tell which.
  void forget_flags_around(std::size_t place) {
    std::size_t first = place;
    while (first > 0 && !messages_[first - 1].uid) --first;
    for (std::size_t i = first; i < messages_.size() && !messages_[i].uid; ++i) {
      messages_[i].flags.reset();
      messages_[i].mod_seq.reset();
    }
  }

  /// Where the message of that UID is, or one whose UID is not known and could be it: of several neighbours any.
  [[nodiscard]] std::optional<std::size_t> place_of(std::uint32_t uid) const {
    std::optional<std::size_t> unknown;
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      if (!messages_[i].uid) {
        unknown = i;
      } else if (*messages_[i].uid == uid) {
        return i;
      } else if (*messages_[i].uid < uid) {
        unknown.reset();
      } else {
        break;
      }
    }
    return unknown;
  }

  const Speech speech_;
  std::vector<Believed> messages_;
  std::uint64_t serials_ = 0;
  std::uint64_t highest_mod_seq_ = 0;
  std::uint32_t uid_validity_ = 0;
  Permission permission_;
  bool opening_ = true;
  std::set<std::uint64_t> told_flags_;
  std::set<std::uint64_t> told_;
  std::vector<std::uint32_t> found_;
  std::set<std::uint32_t> vanished_earlier_;
  std::optional<std::uint64_t> said_mod_seq_;
  std::uint64_t seen_mod_seq_ = 0;
  std::optional<std::string> complaint_;
};

}  // namespace posthaste::imapd
