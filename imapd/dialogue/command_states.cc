#include "imapd/dialogue/command_states.h"

#include <variant>

#include "imapd/search/search_keys.h"

namespace posthaste::imapd {
namespace {

struct States {
  State first;
  State last;
};

constexpr States kAnyState{State::not_authenticated, State::selected};
constexpr States kBeforeLogin{State::not_authenticated, State::not_authenticated};
constexpr States kAfterLogin{State::authenticated, State::selected};
constexpr States kSelected{State::selected, State::selected};

struct LegalStates {
  States operator()(const imap::Capability&) const { return kAnyState; }
  States operator()(const imap::Noop&) const { return kAnyState; }
  States operator()(const imap::Logout&) const { return kAnyState; }
  States operator()(const imap::Id&) const { return kAnyState; }
  States operator()(const imap::StartTls&) const { return kBeforeLogin; }
  States operator()(const imap::Authenticate&) const { return kBeforeLogin; }
  States operator()(const imap::Login&) const { return kBeforeLogin; }
  States operator()(const imap::Check&) const { return kSelected; }
  States operator()(const imap::Close&) const { return kSelected; }
  States operator()(const imap::Unselect&) const { return kSelected; }
  States operator()(const imap::Expunge&) const { return kSelected; }
  States operator()(const imap::Search&) const { return kSelected; }
  States operator()(const imap::Sort&) const { return kSelected; }
  States operator()(const imap::Thread&) const { return kSelected; }
  States operator()(const imap::Fetch&) const { return kSelected; }
  States operator()(const imap::Store&) const { return kSelected; }
  States operator()(const imap::Copy&) const { return kSelected; }
  States operator()(const imap::Move&) const { return kSelected; }
  States operator()(const imap::Replace&) const { return kSelected; }
  template <typename Other>
  States operator()(const Other&) const {
    return kAfterLogin;
  }
};

struct Numbering {
  imap::NumberedBy operator()(const imap::Fetch& fetch) const { return fetch.numbered_by; }
  imap::NumberedBy operator()(const imap::Store& store) const { return store.numbered_by; }
  imap::NumberedBy operator()(const imap::Search& search) const { return search.numbered_by; }
  imap::NumberedBy operator()(const imap::Sort& sort) const { return sort.numbered_by; }
  imap::NumberedBy operator()(const imap::Thread& thread) const { return thread.numbered_by; }
  imap::NumberedBy operator()(const imap::Copy& copy) const { return copy.numbered_by; }
  imap::NumberedBy operator()(const imap::Move& move) const { return move.numbered_by; }
  imap::NumberedBy operator()(const imap::Replace& replace) const { return replace.numbered_by; }
  imap::NumberedBy operator()(const imap::Expunge& expunge) const {
    return expunge.uids ? imap::NumberedBy::uid : imap::NumberedBy::sequence_number;
  }
  template <typename Other>
  imap::NumberedBy operator()(const Other&) const {
    return imap::NumberedBy::sequence_number;
  }
};

/// Whether a search, or what is like it, has numbers neither in its answer nor in its program.
template <typename Searching>
bool numbers_may_move(const Searching& command) {
  return command.numbered_by == imap::NumberedBy::uid && !demands_of(command.program).uses_sequence_numbers;
}

bool has_match_data(const imap::SelectParameters& parameters) {
  return parameters.resynchronization && parameters.resynchronization->match;
}

}  // namespace

State first_state(const imap::CommandBody& body) { return std::visit(LegalStates{}, body).first; }
State last_state(const imap::CommandBody& body) { return std::visit(LegalStates{}, body).last; }

bool is_uid_command(const imap::CommandBody& body) {
  return std::visit(Numbering{}, body) == imap::NumberedBy::uid;
}

bool may_make_messages(const imap::CommandBody& body) {
  return std::holds_alternative<imap::Append>(body) || std::holds_alternative<imap::Copy>(body) ||
         std::holds_alternative<imap::Move>(body) || std::holds_alternative<imap::Replace>(body);
}

bool uses_sequence_numbers(const imap::CommandBody& body) {
  if (const auto* select = std::get_if<imap::Select>(&body)) return has_match_data(select->parameters);
  if (const auto* examine = std::get_if<imap::Examine>(&body)) return has_match_data(examine->parameters);
  if (const auto* search = std::get_if<imap::Search>(&body)) return !numbers_may_move(*search);
  if (const auto* sort = std::get_if<imap::Sort>(&body)) return !numbers_may_move(*sort);
  if (const auto* thread = std::get_if<imap::Thread>(&body)) return !numbers_may_move(*thread);
  const bool names_messages =
      std::holds_alternative<imap::Fetch>(body) || std::holds_alternative<imap::Store>(body) ||
      std::holds_alternative<imap::Copy>(body) || std::holds_alternative<imap::Move>(body) ||
      std::holds_alternative<imap::Replace>(body);
  return names_messages && !is_uid_command(body);
}

bool may_tell_news(const imap::CommandBody& body) {
  return !std::holds_alternative<imap::Select>(body) && !std::holds_alternative<imap::Examine>(body);
}

bool may_tell_expunges(const imap::CommandBody& body) {
  if (const auto* search = std::get_if<imap::Search>(&body)) return numbers_may_move(*search);
  if (const auto* sort = std::get_if<imap::Sort>(&body)) return numbers_may_move(*sort);
  if (const auto* thread = std::get_if<imap::Thread>(&body)) return numbers_may_move(*thread);
  const bool answers_by_number =
      std::holds_alternative<imap::Fetch>(body) || std::holds_alternative<imap::Store>(body);
  return !answers_by_number || is_uid_command(body);
}

}  // namespace posthaste::imapd
