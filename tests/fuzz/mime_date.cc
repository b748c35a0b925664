// Dates: what is read lies in the years and zones that can be written.
#include "common/mime/date.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace std::chrono_literals;
  const auto date_time = posthaste::mime::parse_date_time({reinterpret_cast<const char*>(data), size});
  if (!date_time) return 0;
  if (date_time->zone <= -24h || date_time->zone >= 24h) std::abort();
  const auto local_day = std::chrono::floor<std::chrono::days>(date_time->time + date_time->zone);
  const std::chrono::year_month_day date{local_day};
  if (date.year() < std::chrono::year{0} || date.year() > std::chrono::year{10000}) std::abort();
  return 0;
}
