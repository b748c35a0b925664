// DNS packets written octet by octet from RFC 1035 §4, without the library that the room reads them with.
#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/dns/resolver.h"

namespace posthaste::dns {

inline std::string u8(unsigned value) { return std::string(1, static_cast<char>(value)); }
inline std::string u16(unsigned value) { return u8(value >> 8U & 255U) + u8(value & 255U); }
inline std::string u32(std::uint32_t value) { return u16(value >> 16U) + u16(value & 0xFFFFU); }

/// "mail.example.org" as labels; "" is the root.
inline std::string wire_name(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    wire += u8(static_cast<unsigned>(label.size())) + std::string{label};
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return wire + '\0';
}

constexpr unsigned kIn = 1;
constexpr unsigned kNs = 2;
constexpr unsigned kSoa = 6;

/// A resource record (RFC 1035 §4.1.3).
inline std::string rr(std::string_view owner, unsigned type, std::uint32_t ttl, const std::string& rdata,
                      unsigned of_class = kIn) {
  return wire_name(owner) + u16(type) + u16(of_class) + u32(ttl) + u16(static_cast<unsigned>(rdata.size())) + rdata;
}
inline std::string rr(std::string_view owner, Type type, std::uint32_t ttl, const std::string& rdata) {
  return rr(owner, static_cast<unsigned>(type), ttl, rdata);
}

inline std::string a(std::string_view owner, std::uint32_t ttl, const std::string& address) {
  std::string octets(4, '\0');
  inet_pton(AF_INET, address.c_str(), octets.data());
  return rr(owner, Type::a, ttl, octets);
}
inline std::string cname(std::string_view owner, std::uint32_t ttl, std::string_view target) {
  return rr(owner, Type::cname, ttl, wire_name(target));
}
inline std::string mx(std::string_view owner, std::uint32_t ttl, unsigned preference, std::string_view exchange) {
  return rr(owner, Type::mx, ttl, u16(preference) + wire_name(exchange));
}
/// `minimum` is what RFC 2308 made of the last field.
inline std::string soa(std::string_view zone, std::uint32_t ttl, std::uint32_t minimum) {
  return rr(zone, kSoa, ttl,
            wire_name("ns.example") + wire_name("hostmaster.example") + u32(1) + u32(7200) + u32(3600) +
                u32(86400) + u32(minimum));
}

enum Flag : unsigned { kQr = 0x8000, kAa = 0x0400, kTc = 0x0200, kRd = 0x0100, kRa = 0x0080, kAd = 0x0020 };
enum Code : unsigned { kFormErr = 1, kServFail = 2, kNxDomain = 3, kRefused = 5 };

/// What a server that was asked `query` sends back, in parts that tests change.
struct Reply {
  unsigned id = 0;
  unsigned flags = kQr | kRd | kRa;
  std::vector<std::string> questions;
  std::vector<std::string> answers;
  std::vector<std::string> authority;
  std::vector<std::string> additional;

  [[nodiscard]] std::string octets() const {
    std::string packet = u16(id) + u16(flags);
    for (const auto* section : {&questions, &answers, &authority, &additional}) {
      packet += u16(static_cast<unsigned>(section->size()));
    }
    for (const auto* section : {&questions, &answers, &authority, &additional}) {
      for (const auto& part : *section) packet += part;
    }
    return packet;
  }
};

/// The name in the question of `query`, as it is spelled there.
inline std::string name_asked(std::string_view query) {
  std::string name;
  std::size_t place = 12;
  while (query[place] != 0) {
    const auto length = static_cast<unsigned char>(query[place]);
    if (!name.empty()) name += '.';
    name += query.substr(place + 1, length);
    place += 1U + length;
  }
  return name;
}

inline Type type_asked(std::string_view query) {
  const std::size_t place = 12 + wire_name(name_asked(query)).size();
  return static_cast<Type>(static_cast<unsigned char>(query[place + 1]));
}

/// An empty answer to `query`.
inline Reply reply_to(std::string_view query) {
  Reply reply;
  reply.id =
      static_cast<unsigned>(static_cast<unsigned char>(query[0]) << 8U | static_cast<unsigned char>(query[1]));
  reply.questions.push_back(std::string{query.substr(12, wire_name(name_asked(query)).size() + 4)});
  return reply;
}

}  // namespace posthaste::dns
