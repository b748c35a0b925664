#include "common/mime/charset.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/base/octets.h"

namespace posthaste::mime {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kCharsetNameMaxOctets = 64;

/// The octets 0x80 to 0x9F of windows-1252; those it leaves undefined are U+FFFD.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
                                                   0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

/// Mail that calls itself ISO-8859-1 and uses 0x80 to 0x9F means windows-1252: the controls that ISO has there are
/// of no use in text. Browsers read it so, too.
bool is_latin(std::string_view charset) {
  return iequals(charset, "iso-8859-1") || iequals(charset, "latin1") || iequals(charset, "windows-1252") ||
         iequals(charset, "cp1252");
}

/// Octets of the UTF-8 sequence that `text` begins with; 0 if it is not valid (RFC 3629 §4).
std::size_t sequence_octets(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t octets = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return octets <= text.size() && is_utf8(text.substr(0, octets)) ? octets : 0;
}

std::string read_utf8(std::string_view octets) {
  if (is_utf8(octets)) return std::string(octets);
  std::string text;
  text.reserve(octets.size());
  while (!octets.empty()) {
    const std::size_t valid = sequence_octets(octets);
    text += valid == 0 ? kReplacement : octets.substr(0, valid);
    octets.remove_prefix(std::max<std::size_t>(valid, 1));
  }
  return text;
}

void append_utf8(std::string& text, char16_t c) {  // of the basic plane, no surrogate
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | (c >> 6));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    text += static_cast<char>(0xE0 | (c >> 12));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::string read_latin(std::string_view octets) {
  std::string text;
  text.reserve(octets.size());
  for (const char octet : octets) {
    const auto value = static_cast<unsigned char>(octet);
    append_utf8(text, value >= 0x80 && value < 0xA0 ? kWindows1252[value - 0x80U] : char16_t{value});
  }
  return text;
}

struct CloseConversion {
  void operator()(void* conversion) const noexcept { iconv_close(conversion); }
};
using Conversion = std::unique_ptr<void, CloseConversion>;

/// Whether `charset` may be asked for: iconv takes a slash for the start of its own options, and its pseudo
/// charsets depend on the machine and its locale.
bool is_charset_name(std::string_view charset) {
  const auto is_part = [](char c) { return is_alnum(c) || std::string_view{"-_.:+"}.contains(c); };
  return !charset.empty() && charset.size() <= kCharsetNameMaxOctets && std::ranges::all_of(charset, is_part) &&
         !iequals(charset, "char") && !iequals(charset, "wchar_t") && !iequals(charset, "internal");
}

/// A conversion to UTF-8, or null for an unknown charset.
Conversion open_conversion(std::string_view charset) {
  if (!is_charset_name(charset)) return nullptr;
  const iconv_t conversion = iconv_open("UTF-8", std::string(charset).c_str());
  if (conversion == reinterpret_cast<iconv_t>(-1)) return nullptr;
  return Conversion(conversion);
}

/// Runs `conversion` over `octets`. Every round reads at least one octet or empties a full buffer.
std::string convert(const Conversion& conversion, std::string_view octets) {
  std::string text;
  std::array<char, 4096> buffer;
  char* input = const_cast<char*>(octets.data());  // iconv's signature is older than const; it only reads
  std::size_t input_octets = octets.size();
  for (bool reading = true; reading;) {
    char* output = buffer.data();
    std::size_t space = buffer.size();
    reading = input_octets > 0;
    const std::size_t result = iconv(conversion.get(), reading ? &input : nullptr, &input_octets, &output, &space);
    const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
    text.append(buffer.data(), buffer.size() - space);
    if (reading && error != 0 && error != E2BIG) {  // EILSEQ; EINVAL, a sequence cut off at the end
      text += kReplacement;
      ++input;
      --input_octets;
    }
  }
  return read_utf8(text);
}

}  // namespace

bool is_part_of_utf8(std::string_view charset) {
  return iequals(charset, "utf-8") || iequals(charset, "utf8") || iequals(charset, "us-ascii") ||
         iequals(charset, "ascii");
}

bool knows_charset(std::string_view charset) {
  return is_part_of_utf8(charset) || is_latin(charset) || open_conversion(charset) != nullptr;
}

std::string to_utf8(std::string_view charset, std::string_view octets) {
  if (is_part_of_utf8(charset)) return read_utf8(octets);
  if (is_latin(charset)) return read_latin(octets);
  const Conversion conversion = open_conversion(charset);
  return conversion ? convert(conversion, octets) : read_utf8(octets);
}

}  // namespace posthaste::mime
