#include "common/dns/cache.h"

#include <utility>
#include <variant>

namespace posthaste::dns {
namespace {

constexpr std::size_t kEntryOctets = 256;  // the nodes of list and map, and what the allocator adds

std::size_t octets_of(const Record& record) {
  struct Text {
    std::size_t operator()(const Address& address) const { return address.text.size(); }
    std::size_t operator()(const Mx& mx) const { return mx.exchange.size(); }
    std::size_t operator()(const Txt& txt) const { return txt.text.size(); }
    std::size_t operator()(const Ptr& ptr) const { return ptr.name.size(); }
    std::size_t operator()(const Cname& cname) const { return cname.target.size(); }
    std::size_t operator()(const Tlsa& tlsa) const { return tlsa.octets.size(); }
  };
  return sizeof record + std::visit(Text{}, record);
}

std::size_t octets_of(const Question& question, const Result& result) {
  std::size_t octets = kEntryOctets + 2 * question.name.size();
  if (!result) return octets;
  octets += result->canonical_name.size();
  for (const auto& record : result->records) octets += octets_of(record);
  return octets;
}

}  // namespace

const Result* Cache::find(const Question& question, net::Instant now) {
  const auto known = places_.find(question);
  if (known == places_.end()) return nullptr;
  const Place place = known->second;
  if (place->expires <= now) {
    remove(place);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, place);
  return &place->result;
}

void Cache::put(const Question& question, Result result, net::Instant expires) {
  if (const auto known = places_.find(question); known != places_.end()) remove(known->second);
  const std::size_t octets = octets_of(question, result);
  if (octets > max_octets_) return;
  while (octets_ + octets > max_octets_) remove(std::prev(entries_.end()));
  entries_.push_front({question, std::move(result), expires, octets});
  places_.emplace(question, entries_.begin());
  octets_ += octets;
}

void Cache::remove(Place place) {
  octets_ -= place->octets;
  places_.erase(place->question);
  entries_.erase(place);
}

}  // namespace posthaste::dns
