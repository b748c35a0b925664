#include "common/daemon/heartbeat.h"

#include <sys/mman.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <string>
#include <system_error>

namespace posthaste::daemon {

Heartbeat::Heartbeat(std::size_t loops) {
  using Counter = std::atomic<std::uint64_t>;
  static_assert(Counter::is_always_lock_free);
  const std::size_t size = (loops + 1) * sizeof(Counter);
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  shared_ = {new (memory) Counter[loops + 1]{}, loops + 1};
}

Heartbeat::~Heartbeat() {
  if (!shared_.empty()) munmap(shared_.data(), shared_.size_bytes());
}

void Heartbeat::beat(std::size_t loop) noexcept {
  if (loop + 1 < shared_.size()) shared_[loop + 1].fetch_add(1, std::memory_order_relaxed);
}

void Heartbeat::expect_beats(bool expected) noexcept {
  if (!shared_.empty()) shared_[0].store(expected ? 1 : 0, std::memory_order_relaxed);
}

void Heartbeat::reset() noexcept {
  for (auto& counter : shared_) counter.store(0, std::memory_order_relaxed);
}

std::vector<std::uint64_t> Heartbeat::counts() const {
  std::vector<std::uint64_t> counts;
  if (shared_.empty() || shared_[0].load(std::memory_order_relaxed) == 0) return counts;
  for (const auto& counter : shared_.subspan(1)) counts.push_back(counter.load(std::memory_order_relaxed));
  return counts;
}

std::optional<std::size_t> HangWatch::look(const std::vector<std::uint64_t>& counts) {
  if (counts.size() != seen_.size()) {
    seen_.clear();
    for (const auto count : counts) seen_.push_back({count, 0});
    return std::nullopt;
  }
  std::optional<std::size_t> hung;
  for (std::size_t loop = 0; loop < counts.size(); ++loop) {
    Seen& seen = seen_[loop];
    seen = {counts[loop], counts[loop] == seen.count ? seen.unchanged + 1 : 0};
    if (seen.unchanged >= kLooks && !hung) hung = loop;
  }
  return hung;
}

bool waits_for_disk(pid_t process) {
  std::error_code failed;
  const std::filesystem::path threads = "/proc/" + std::to_string(process) + "/task";
  for (std::filesystem::directory_iterator entry{threads, failed}, end; entry != end; entry.increment(failed)) {
    std::ifstream file{entry->path() / "stat"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const std::size_t name_end = text.rfind(')');  // the name may hold anything
    if (name_end != std::string::npos && text.compare(name_end, 3, ") D") == 0) return true;
    if (failed) break;
  }
  return false;
}

}  // namespace posthaste::daemon
