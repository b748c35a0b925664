#include "smtpd/relay/pool.h"

#include <algorithm>
#include <utility>

namespace posthaste::relay {

net::Task<std::unique_ptr<Client>> Pool::take(Destination destination) {
  for (;;) {
    const auto fits = [&](const auto& idle) { return idle->destination == destination; };
    const auto found = std::find_if(idle_.rbegin(), idle_.rend(), fits);
    if (found == idle_.rend()) co_return nullptr;
    const auto idle = *found;
    idle->wanted = true;
    send_away(std::next(found).base());
    while (idle->watched) co_await idle->left.wait();
    if (idle->client->usable()) co_return std::move(idle->client);
  }
}

void Pool::put(Destination destination, std::unique_ptr<Client> client) {
  if (stopped_ || connections_max_ == 0) return dismiss(std::move(client));
  if (idle_.size() == connections_max_) send_away(idle_.begin());
  auto idle = std::make_shared<Idle>(std::move(destination), std::move(client));
  idle_.push_back(idle);
  scope_.spawn(keep(std::move(idle)));
}

/// Wakes the keeper, who sees whether the connection is wanted or has to go.
void Pool::send_away(Place place) {
  const auto idle = *place;
  idle_.erase(place);
  idle->client->wake();
}

net::Task<void> Pool::keep(std::shared_ptr<Idle> idle) {
  co_await idle->client->idle(idle_time_);
  std::erase(idle_, idle);
  if (!idle->wanted) co_await idle->client->quit();
  idle->watched = false;
  idle->left.notify_all();
}

void Pool::dismiss(std::unique_ptr<Client> client) { scope_.spawn(part(std::move(client))); }

net::Task<void> Pool::part(std::unique_ptr<Client> client) { co_await client->quit(); }

void Pool::stop() {
  stopped_ = true;
  while (!idle_.empty()) send_away(idle_.begin());
}

}  // namespace posthaste::relay
