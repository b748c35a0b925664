#include "common/dns/message.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/octets.h"
#include "common/dns/name.h"

namespace posthaste::dns {
namespace {

using std::chrono::seconds;

template <auto Free>
struct Deleter {
  void operator()(auto* pointer) const noexcept { Free(pointer); }
};
using Packet = std::unique_ptr<ldns_pkt, Deleter<ldns_pkt_free>>;
using CText = std::unique_ptr<char, Deleter<std::free>>;
using WireOctets = std::unique_ptr<std::uint8_t, Deleter<std::free>>;

constexpr std::size_t kHeaderOctets = 12;       // RFC 1035 §4.1.1
constexpr std::size_t kTypeAndClassOctets = 4;  // RFC 1035 §4.1.2
constexpr std::size_t kEscapedNameMaxOctets = 4 * LDNS_MAX_DOMAINLEN;

std::uint8_t octet_at(std::string_view octets, std::size_t place) {
  return static_cast<std::uint8_t>(octets[place]);
}

std::uint16_t number_at(std::string_view octets, std::size_t place) {
  return static_cast<std::uint16_t>(octet_at(octets, place) << 8U | octet_at(octets, place + 1));
}

// The header of a packet that has at least kHeaderOctets.
bool is_response_to_query(std::string_view packet) { return (octet_at(packet, 2) & 0xF8U) == 0x80; }  // QR, OPCODE
bool is_truncated(std::string_view packet) { return (octet_at(packet, 2) & 0x02U) != 0; }
std::uint8_t response_code(std::string_view packet) { return octet_at(packet, 3) & 0x0FU; }

/// The question section of a packet of ours, whose name is never compressed.
std::string_view question_of(std::string_view query) {
  std::size_t end = kHeaderOctets;
  while (octet_at(query, end) != 0) end += 1U + octet_at(query, end);
  return query.substr(kHeaderOctets, end + 1 + kTypeAndClassOctets - kHeaderOctets);
}

std::string_view octets_of(const ldns_rdf* field) {
  return {reinterpret_cast<const char*>(ldns_rdf_data(field)), ldns_rdf_size(field)};
}

std::string name_of(const ldns_rdf* field) {
  const CText text{ldns_rdf2str(field)};
  return canonical(text.get());
}

/// No length of a label is a letter, so that names in wire form compare like text.
bool is_same_name(const ldns_rdf* a, const ldns_rdf* b) { return iequals(octets_of(a), octets_of(b)); }

/// RFC 2181 §8: a TTL with its highest bit set is none.
seconds ttl_of(const ldns_rr* record) {
  constexpr std::uint32_t kHighestBit = 0x80000000;
  const std::uint32_t ttl = ldns_rr_ttl(record);
  return seconds{(ttl & kHighestBit) != 0 ? 0 : ttl};
}

template <int Family, std::size_t Octets>
std::optional<Record> address_from(const ldns_rr* record) {
  const auto octets = octets_of(ldns_rr_rdf(record, 0));
  if (octets.size() != Octets) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(Family, octets.data(), text.data(), text.size());
  return Address{text.data()};
}

Record txt_from(const ldns_rr* record) {
  Txt txt;
  for (std::size_t i = 0; i < ldns_rr_rd_count(record); ++i) {
    const auto counted = octets_of(ldns_rr_rdf(record, i));  // a character-string begins with its length
    if (!counted.empty()) txt.text += counted.substr(1);
  }
  return txt;
}

/// Nothing if fields are missing.
std::optional<Record> record_from(const ldns_rr* record, Type type) {
  const std::size_t fields = ldns_rr_rd_count(record);
  const auto field = [&](std::size_t place) { return ldns_rr_rdf(record, place); };
  if (type == Type::txt) return txt_from(record);
  if (fields == 0) return std::nullopt;
  switch (type) {
    case Type::a: return address_from<AF_INET, 4>(record);
    case Type::aaaa: return address_from<AF_INET6, 16>(record);
    case Type::cname: return Cname{name_of(field(0))};
    case Type::ptr: return Ptr{name_of(field(0))};
    case Type::mx:
      if (fields != 2) return std::nullopt;
      return Mx{ldns_rdf2native_int16(field(0)), name_of(field(1))};
    case Type::tlsa:
      if (fields != 4) return std::nullopt;
      return Tlsa{ldns_rdf2native_int8(field(0)), ldns_rdf2native_int8(field(1)), ldns_rdf2native_int8(field(2)),
                  std::string{octets_of(field(3))}};
    case Type::txt: break;
  }
  std::unreachable();
}

std::vector<const ldns_rr*> records_of(const ldns_rr_list* section, std::uint16_t type) {
  std::vector<const ldns_rr*> records;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(section); ++i) {
    const ldns_rr* record = ldns_rr_list_rr(section, i);
    if (ldns_rr_get_class(record) == LDNS_RR_CLASS_IN && ldns_rr_get_type(record) == type) {
      records.push_back(record);
    }
  }
  return records;
}

/// RFC 2308 §5: the SOA's own TTL or its MINIMUM, whichever is less. Nothing without an SOA.
std::optional<seconds> negative_ttl(const ldns_pkt* packet) {
  constexpr std::size_t kMinimum = 6;
  const auto soas = records_of(ldns_pkt_authority(packet), LDNS_RR_TYPE_SOA);
  if (soas.empty() || ldns_rr_rd_count(soas.front()) <= kMinimum) return std::nullopt;
  const seconds minimum{ldns_rdf2native_int32(ldns_rr_rdf(soas.front(), kMinimum))};
  return std::min(ttl_of(soas.front()), minimum);
}

/// A server that is not recursive names those who would know, instead of asking them (RFC 1034 §4.3.1).
bool is_referral(const ldns_pkt* packet) {
  return !ldns_pkt_aa(packet) && !records_of(ldns_pkt_authority(packet), LDNS_RR_TYPE_NS).empty();
}

/// The answer section, read from the name asked for to the end of its chain of aliases.
class Reading {
 public:
  Reading(const ldns_pkt* packet, Type type)
      : packet_(packet),
        type_(type),
        wanted_(records_of(ldns_pkt_answer(packet), static_cast<std::uint16_t>(type))),
        name_(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(packet), 0))) {}

  Response read() {
    if (type_ != Type::cname && !follow_aliases()) return ServerFailure{};
    auto records = take_records();
    if (!records) return ServerFailure{};
    if (!records->empty()) {
      return Found{{name_of(name_), ldns_pkt_ad(packet_), std::move(*records)}, *ttl_};
    }
    return nothing();
  }

 private:
  /// False when there is no end to them.
  bool follow_aliases() {
    const auto aliases = records_of(ldns_pkt_answer(packet_), LDNS_RR_TYPE_CNAME);
    for (std::size_t followed = 0; followed <= kAliasesMax; ++followed) {
      const auto alias = std::ranges::find_if(
          aliases, [&](const ldns_rr* record) { return is_same_name(ldns_rr_owner(record), name_); });
      if (alias == aliases.end()) return true;
      if (ldns_rr_rd_count(*alias) != 1) return false;
      live_no_longer_than(ttl_of(*alias));
      name_ = ldns_rr_rdf(*alias, 0);
      is_alias_ = true;
    }
    return false;
  }

  /// Nothing if one of them is damaged.
  std::optional<std::vector<Record>> take_records() {
    std::vector<Record> records;
    for (const ldns_rr* wanted : wanted_) {
      if (!is_same_name(ldns_rr_owner(wanted), name_)) continue;
      auto record = record_from(wanted, type_);
      if (!record) return std::nullopt;
      live_no_longer_than(ttl_of(wanted));
      records.push_back(std::move(*record));
    }
    return records;
  }

  Response nothing() {
    const auto negative = negative_ttl(packet_);
    const bool name_exists = ldns_pkt_get_rcode(packet_) == LDNS_RCODE_NOERROR;
    if (name_exists && !negative && is_alias_) return Alias{name_of(name_), ldns_pkt_ad(packet_), *ttl_};
    if (name_exists && !negative && is_referral(packet_)) return ServerFailure{};
    live_no_longer_than(negative.value_or(seconds{0}));
    return Nothing{name_exists ? Failure::no_data : Failure::no_such_name, *ttl_};
  }

  void live_no_longer_than(seconds ttl) { ttl_ = std::min(ttl_.value_or(ttl), ttl); }

  const ldns_pkt* packet_;
  const Type type_;
  const std::vector<const ldns_rr*> wanted_;
  const ldns_rdf* name_;
  bool is_alias_ = false;
  std::optional<seconds> ttl_;
};

}  // namespace

std::expected<std::string, Failure> build_query(std::uint16_t id, std::string_view name, Type type) {
  if (name.empty() || name == "." || name.size() > kEscapedNameMaxOctets ||
      !std::ranges::all_of(name, is_printable)) {
    return std::unexpected(Failure::bad_name);
  }
  ldns_rdf* owner = ldns_dname_new_frm_str(std::string{name}.c_str());
  if (owner == nullptr) return std::unexpected(Failure::bad_name);
  const Packet packet{
      ldns_pkt_query_new(owner, static_cast<ldns_rr_type>(type), LDNS_RR_CLASS_IN, LDNS_RD)};  // takes `owner`
  ldns_pkt_set_id(packet.get(), id);
  ldns_pkt_set_ad(packet.get(), true);
  ldns_pkt_set_edns_udp_size(packet.get(), kUdpMaxOctets);
  std::uint8_t* octets = nullptr;
  std::size_t size = 0;
  const bool written = ldns_pkt2wire(&octets, packet.get(), &size) == LDNS_STATUS_OK;
  const WireOctets owned{octets};
  if (!written) return std::unexpected(Failure::bad_name);
  return std::string{reinterpret_cast<const char*>(octets), size};
}

std::expected<Response, Unusable> parse_response(std::string_view octets, std::string_view query) {
  constexpr std::size_t kId = 0;
  constexpr std::size_t kQuestionCount = 4;
  if (octets.size() < kHeaderOctets || number_at(octets, kId) != number_at(query, kId) ||
      !is_response_to_query(octets) || number_at(octets, kQuestionCount) != 1) {
    return std::unexpected(Unusable::not_ours);
  }
  const std::string_view question = question_of(query);
  const std::string_view echo = octets.substr(kHeaderOctets, question.size());
  if (!iequals(echo, question)) return std::unexpected(Unusable::not_ours);
  if (echo != question) return std::unexpected(Unusable::misspelled);
  if (is_truncated(octets)) return std::unexpected(Unusable::truncated);

  const std::uint8_t code = response_code(octets);
  if (code != LDNS_RCODE_NOERROR && code != LDNS_RCODE_NXDOMAIN) return ServerFailure{};
  ldns_pkt* parsed = nullptr;
  const auto status = ldns_wire2pkt(&parsed, reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
  const Packet packet{parsed};
  if (status != LDNS_STATUS_OK || ldns_pkt_edns_extended_rcode(parsed) != 0) return ServerFailure{};
  const auto type = static_cast<Type>(number_at(question, question.size() - kTypeAndClassOctets));
  return Reading{packet.get(), type}.read();
}

}  // namespace posthaste::dns
