#include "common/net/time_limit.h"

#include <algorithm>
#include <utility>

namespace posthaste::net {

void TimeLimit::end_at(Instant at) {
  end_ = at;
  if (!passed_ && (!looks_at_ || at < *looks_at_)) start_timer(at);
}

void TimeLimit::start_timer(Instant at) {
  looks_at_ = at;
  timer_ = clock_.start_timer(std::max(at - clock_.now(), std::chrono::milliseconds{0}), [this] { look(); });
}

void TimeLimit::look() {
  looks_at_.reset();
  if (!end_) return;
  if (clock_.now() < *end_) return start_timer(*end_);
  passed_ = true;
  stream_.interrupt();
}

Task<std::expected<void, StreamError>> accept_tls(Stream& stream, const TlsServer& server, Clock& clock,
                                                  std::chrono::milliseconds duration) {
  TimeLimit limit{clock, stream, duration};
  auto secured = co_await stream.accept_tls(server);
  if (!secured) co_return std::unexpected(limit.reason(secured.error()));
  co_return secured;
}

Task<std::expected<void, StreamError>> connect_tls(Stream& stream, const TlsClient& client, std::string server_name,
                                                   Clock& clock, std::chrono::milliseconds duration) {
  TimeLimit limit{clock, stream, duration};
  auto secured = co_await stream.connect_tls(client, std::move(server_name));
  if (!secured) co_return std::unexpected(limit.reason(secured.error()));
  co_return secured;
}

}  // namespace posthaste::net
