// In which of RFC 1939's states each command is legal.
#pragma once

#include "common/pop3/command.h"

namespace posthaste::pop3d {

enum class LegalIn {
  authorization,  // before the login, RFC 1939 §4
  transaction,    // after it, §5
  both,
  neither,  // known, but CAPA does not offer it
};

template <typename Command>
inline constexpr LegalIn kLegalIn = LegalIn::transaction;

template <>
inline constexpr LegalIn kLegalIn<pop3::User> = LegalIn::authorization;
template <>
inline constexpr LegalIn kLegalIn<pop3::Pass> = LegalIn::authorization;
template <>
inline constexpr LegalIn kLegalIn<pop3::Auth> = LegalIn::authorization;  // RFC 5034 §4
template <>
inline constexpr LegalIn kLegalIn<pop3::Stls> = LegalIn::authorization;  // RFC 2595 §4
template <>
inline constexpr LegalIn kLegalIn<pop3::Capa> = LegalIn::both;  // RFC 2449 §5
template <>
inline constexpr LegalIn kLegalIn<pop3::Quit> = LegalIn::both;
template <>
inline constexpr LegalIn kLegalIn<pop3::Apop> = LegalIn::neither;
template <>
inline constexpr LegalIn kLegalIn<pop3::Utf8> = LegalIn::authorization;  // RFC 6856 §2
template <>
inline constexpr LegalIn kLegalIn<pop3::Lang> = LegalIn::both;  // RFC 6856 §3.1

}  // namespace posthaste::pop3d
