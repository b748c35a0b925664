#include "common/mime/casemap.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "common/base/octets.h"
#include "common/mime/casemap_table.h"

namespace posthaste::mime {
namespace {

struct CodePoint {
  char32_t value = 0;
  std::size_t octets = 0;  // 0: not UTF-8
};

/// The code point that `text`, which is not empty, begins with. Whether it is overlong or a surrogate is not looked
/// at: such a one has no entry anyway.
CodePoint first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t octets = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (octets == 0 || octets > text.size()) return {};
  char32_t value = octets == 1 ? lead : lead & (0x7FU >> octets);
  for (std::size_t i = 1; i < octets; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0U) != 0x80U) return {};
    value = value << 6U | (next & 0x3FU);
  }
  return {value, octets};
}

/// Where each code point's entry lies in kCasemapTable: pages of 256, for those that have entries.
class Index {
 public:
  Index() {
    pages_.emplace_back();  // of those without
    for (std::size_t at = 0; at < kCasemapTable.size();) {
      const CodePoint from = first_code_point(kCasemapTable.substr(at));
      std::uint8_t& page = page_of_[from.value >> 8U];
      if (page == 0) {
        page = static_cast<std::uint8_t>(pages_.size());
        pages_.emplace_back();
      }
      pages_[page][from.value & 0xFFU] = static_cast<std::uint16_t>(at + from.octets);
      at = kCasemapTable.find('|', at) + 1;
    }
  }

  /// What `c` becomes; empty: itself.
  [[nodiscard]] std::string_view find(char32_t c) const {
    const std::size_t page = c >> 8U;
    if (page >= page_of_.size()) return {};
    const std::size_t at = pages_[page_of_[page]][c & 0xFFU];
    if (at == 0) return {};
    return kCasemapTable.substr(at, kCasemapTable.find('|', at) - at);
  }

 private:
  std::array<std::uint8_t, 0x300> page_of_{};  // Unicode has no letters that change beyond U+2FFFF
  std::vector<std::array<std::uint16_t, 256>> pages_;
};

constexpr char32_t kFullWidthBar = 0xFF5C;  // becomes the table's separator

constexpr char32_t kFirstSyllable = 0xAC00;
constexpr char32_t kSyllables = 11'172;
constexpr bool is_hangul_syllable(char32_t c) { return c >= kFirstSyllable && c < kFirstSyllable + kSyllables; }

/// Of the basic plane, above U+07FF.
void append_three_octets(std::string& text, char32_t c) {
  text += static_cast<char>(0xE0U | c >> 12U);
  text += static_cast<char>(0x80U | (c >> 6U & 0x3FU));
  text += static_cast<char>(0x80U | (c & 0x3FU));
}

/// A syllable's two or three letters (The Unicode Standard §3.12).
void append_letters(std::string& text, char32_t syllable) {
  constexpr char32_t kVowels = 21;
  constexpr char32_t kTrailing = 28;
  const char32_t index = syllable - kFirstSyllable;
  append_three_octets(text, 0x1100 + index / (kVowels * kTrailing));
  append_three_octets(text, 0x1161 + index / kTrailing % kVowels);
  if (index % kTrailing != 0) append_three_octets(text, 0x11A7 + index % kTrailing);
}

/// Eight octets of ASCII with their letters in upper case.
constexpr std::uint64_t upper_eight(std::uint64_t octets) {
  constexpr std::uint64_t kEach = 0x0101'0101'0101'0101U;
  const std::uint64_t from_a = octets + kEach * (0x80 - 'a');        // the high bit says: not below 'a'
  const std::uint64_t beyond_z = octets + kEach * (0x80 - 'z' - 1);  // and here: above 'z'
  const std::uint64_t is_lower_case = from_a & ~beyond_z & kEach * 0x80;
  return octets ^ is_lower_case >> 2U;
}

/// Takes what is ASCII off the front of `text`.
void append_ascii_run(std::string& mapped, std::string_view& text) {
  const std::string_view run = text.substr(0, ascii_octets(text));
  const std::size_t before = mapped.size();
  mapped.append(run);
  std::span<char> letters = std::span(mapped).subspan(before);
  for (std::uint64_t eight = 0; letters.size() >= sizeof(eight); letters = letters.subspan(sizeof(eight))) {
    std::memcpy(&eight, letters.data(), sizeof(eight));
    eight = upper_eight(eight);
    std::memcpy(letters.data(), &eight, sizeof(eight));
  }
  for (char& c : letters) c = to_upper(c);
  text.remove_prefix(run.size());
}

}  // namespace

std::string casemap(std::string_view text) {
  static const Index index;
  std::string mapped;
  mapped.reserve(text.size());
  while (true) {
    append_ascii_run(mapped, text);
    if (text.empty()) return mapped;
    const CodePoint c = first_code_point(text);
    const std::size_t octets = c.octets == 0 ? 1 : c.octets;
    const std::string_view entry = c.octets == 0 ? std::string_view{} : index.find(c.value);
    if (is_hangul_syllable(c.value)) {
      append_letters(mapped, c.value);
    } else if (c.value == kFullWidthBar) {
      mapped += '|';
    } else {
      mapped += entry.empty() ? text.substr(0, octets) : entry;
    }
    text.remove_prefix(octets);
  }
}

}  // namespace posthaste::mime
