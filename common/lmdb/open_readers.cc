#include "common/lmdb/open_readers.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

#include "common/base/coarse_clock.h"

namespace posthaste::lmdb {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kSlots = 256;  // more than threads that read; a reader that finds none is not watched
constexpr std::size_t kProbesMax = 8;

/// A place for one reader that is open. Its owner alone changes the rest while `reader` is set.
struct alignas(64) Slot {
  std::atomic<const void*> reader = nullptr;
  std::atomic<std::uint64_t> begun = 0;  // how many readers have begun here
  std::atomic<std::int64_t> since_ms = 0;
};

std::array<Slot, kSlots> slots;
std::atomic<std::uint32_t> ended_late = 0;
std::atomic<std::int64_t> latest_ms = 0;

/// Where the search for a reader's slot begins: transactions are used again, each mostly finds its own.
std::size_t first_slot(const void* reader) noexcept {
  return (reinterpret_cast<std::uintptr_t>(reader) * 0x9E3779B97F4A7C15U) >> 56;
}

}  // namespace

void note_reader_begins(const void* reader) noexcept {
  for (std::size_t i = 0; i < kProbesMax; ++i) {
    Slot& slot = slots[(first_slot(reader) + i) % kSlots];
    const void* nobody = nullptr;
    if (slot.reader.load(std::memory_order_relaxed) != nullptr) continue;
    if (!slot.reader.compare_exchange_strong(nobody, reader)) continue;
    slot.since_ms.store(coarse_uptime().count(), std::memory_order_relaxed);
    slot.begun.store(slot.begun.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    return;
  }
}

void note_reader_ends(const void* reader) noexcept {
  for (std::size_t i = 0; i < kProbesMax; ++i) {
    Slot& slot = slots[(first_slot(reader) + i) % kSlots];
    if (slot.reader.load(std::memory_order_relaxed) != reader) continue;
    const std::int64_t held = coarse_uptime().count() - slot.since_ms.load(std::memory_order_relaxed);
    slot.reader.store(nullptr, std::memory_order_release);
    if (held <= kReaderHeldMax.count()) return;
    ended_late.fetch_add(1, std::memory_order_relaxed);
    std::int64_t before = latest_ms.load(std::memory_order_relaxed);
    while (before < held && !latest_ms.compare_exchange_weak(before, held)) {
    }
    return;
  }
}

ReaderLooks::ReaderLooks() : seen_(kSlots) {}

ReadersSeen ReaderLooks::look() {
  ReadersSeen all;
  all.ended_late = ended_late.exchange(0);
  all.latest = milliseconds{latest_ms.exchange(0)};
  for (std::size_t i = 0; i < kSlots; ++i) {
    const std::uint64_t begun = slots[i].begun.load(std::memory_order_acquire);
    const bool is_open = slots[i].reader.load(std::memory_order_acquire) != nullptr;
    Seen& seen = seen_[i];
    seen = {begun, is_open && begun == seen.begun ? seen.looks + 1 : 0};
    if (!is_open || seen.looks < all.oldest_looks) continue;
    const milliseconds held{coarse_uptime().count() - slots[i].since_ms.load(std::memory_order_relaxed)};
    if (seen.looks > all.oldest_looks || held > all.oldest_held.value_or(milliseconds{-1})) {
      all.oldest_looks = seen.looks;
      all.oldest_held = held;
    }
  }
  return all;
}

}  // namespace posthaste::lmdb
