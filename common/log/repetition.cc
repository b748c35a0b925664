#include "common/log/repetition.h"

#include <utility>

#include "common/base/ip_network.h"

namespace posthaste::log {
namespace {

constexpr std::string_view kOthers = "*";

/// A wall clock that was set back ends a window as well.
bool has_ended(WallTime since, WallTime now) { return now < since || now - since >= kRepetitionWindow; }

std::string name_of_client(std::string_view client) {
  const auto address = parse_ip_address(client);
  return address ? to_string(household_of(*address)) : std::string{client};
}

std::string key_of(std::string_view event, std::string_view client) {
  std::string key{event};
  key += '\0';
  key += client;
  return key;
}

}  // namespace

Repetition::Counter& Repetition::counter(Counters& counters, const std::string& key, WallTime now) {
  return counters.try_emplace(key, Counter{.since = now}).first->second;
}

void Repetition::close(Counters::iterator entry, WallTime now) {
  const auto& [key, counter] = *entry;
  if (counter.counted > 0) {
    const auto end = key.find('\0');
    const auto lasted = now < counter.since ? WallTime::duration{0} : now - counter.since;
    told_.push_back({key.substr(0, end), key.substr(end + 1), counter.counted,
                     std::chrono::ceil<std::chrono::seconds>(lasted)});
  }
  clients_.erase(entry);
}

bool Repetition::admit(std::string_view event, std::string_view client, WallTime now) {
  std::string key = key_of(event, name_of_client(client));
  const std::scoped_lock lock{mutex_};
  if (const auto entry = clients_.find(key); entry != clients_.end() && has_ended(entry->second.since, now)) {
    close(entry, now);
  } else if (entry == clients_.end() && clients_.size() >= kClientsMax) {
    key = key_of(event, kOthers);
  }
  auto& of_client = counter(clients_, key, now);
  auto& of_event = counter(events_, std::string{event}, now);
  if (has_ended(of_event.since, now)) of_event = Counter{.since = now};
  if (of_client.written >= kLinesOfClientMax || of_event.written >= kLinesOfEventMax) {
    ++of_client.counted;
    return false;
  }
  ++of_client.written;
  ++of_event.written;
  return true;
}

std::vector<Repetition::Summary> Repetition::ended(WallTime now) {
  const std::scoped_lock lock{mutex_};
  if (now >= looked_ && now - looked_ < kTellEvery) return {};
  looked_ = now;
  for (auto entry = clients_.begin(); entry != clients_.end();) {
    const auto here = entry++;
    if (has_ended(here->second.since, now)) close(here, now);
  }
  return take_told();
}

std::vector<Repetition::Summary> Repetition::all(WallTime now) {
  const std::scoped_lock lock{mutex_};
  while (!clients_.empty()) close(clients_.begin(), now);
  return take_told();
}

}  // namespace posthaste::log
