// Lines of the queue's control socket, as a request and as an answer: what is read is written again as it was, but
// for zeros before a number.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "smtpd/queue/control.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthaste;  // NOLINT
  const std::string_view line{reinterpret_cast<const char*>(data), size};
  const auto request = queue::parse_control_request(line);
  if (request && queue::parse_control_request(queue::to_line(*request)) != request) std::abort();
  const auto answer = queue::parse_control_answer(line);
  if (answer && queue::parse_control_answer(queue::to_line(*answer)) != answer) std::abort();
  return 0;
}
