#include "smtpd/queue/control.h"

#include <array>
#include <utility>

#include "common/base/ids.h"
#include "common/base/octets.h"

namespace posthaste::queue {
namespace {

constexpr std::string_view kAll = "all";
constexpr std::string_view kDone = "done ";
constexpr std::string_view kTrying = " trying ";
constexpr std::string_view kFailed = "failed ";

constexpr std::array<std::pair<std::string_view, ControlAction>, 4> kActions{{{"retry", ControlAction::retry},
                                                                              {"hold", ControlAction::hold},
                                                                              {"release", ControlAction::release},
                                                                              {"drop", ControlAction::drop}}};

}  // namespace

std::string to_line(const ControlRequest& request) {
  std::string line;
  for (const auto& [word, action] : kActions) {
    if (action == request.action) line = word;
  }
  return line + ' ' + (request.entry ? std::to_string(number(*request.entry)) : std::string{kAll});
}

std::optional<ControlRequest> parse_control_request(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto object = line.substr(space + 1);
  for (const auto& [word, action] : kActions) {
    if (word != line.substr(0, space)) continue;
    if (object == kAll && action == ControlAction::retry) return ControlRequest{action, std::nullopt};
    const auto entry = parse_decimal(object);
    if (!entry || *entry == 0) return std::nullopt;
    return ControlRequest{action, static_cast<EntryId>(*entry)};
  }
  return std::nullopt;
}

std::string to_line(const ControlAnswer& answer) {
  if (!answer) return std::string{kFailed} + answer.error();
  std::string line = std::string{kDone} + std::to_string(answer->entries);
  if (answer->attempts != 0) line.append(kTrying).append(std::to_string(answer->attempts));
  return line;
}

std::optional<ControlAnswer> parse_control_answer(std::string_view line) {
  if (line.starts_with(kFailed)) return std::unexpected(std::string{line.substr(kFailed.size())});
  if (!line.starts_with(kDone)) return std::nullopt;
  line.remove_prefix(kDone.size());
  const std::size_t end = line.find(kTrying);
  const auto entries = parse_decimal(line.substr(0, end));
  if (!entries) return std::nullopt;
  if (end == std::string_view::npos) return ControlDone{*entries, 0};
  const auto attempts = parse_decimal(line.substr(end + kTrying.size()));
  if (!attempts || *attempts == 0) return std::nullopt;
  return ControlDone{*entries, *attempts};
}

}  // namespace posthaste::queue
