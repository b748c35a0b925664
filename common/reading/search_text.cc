#include "common/reading/search_text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "common/base/octets.h"
#include "common/mime/address.h"
#include "common/mime/casemap.h"
#include "common/mime/charset.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"
#include "common/mime/html_text.h"
#include "common/mime/transfer.h"

namespace posthaste::reading {
namespace {

constexpr std::size_t kWindowOctets = 65'536;
constexpr char kNoText = '\xFF';  // in no text that can be looked for

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr std::uint64_t kEachOctet = 0x0101'0101'0101'0101U;

/// The high bit of each octet that is zero.
constexpr std::uint64_t zero_octets(std::uint64_t octets) {
  constexpr std::uint64_t kLow = 0x7F * kEachOctet;
  return ~(((octets & kLow) + kLow) | octets | kLow);
}

/// Whether eight octets of text stay as they are: no controls, no two spaces in a row.
bool stay_as_they_are(std::uint64_t octets) {
  const std::uint64_t controls = zero_octets(octets & 0xE0 * kEachOctet);
  const std::uint64_t spaces = zero_octets(octets ^ ' ' * kEachOctet);
  return controls == 0 && (spaces & spaces << 8U) == 0;
}

/// Makes one space of each run of white space from `begin` on; of one that goes on there, nothing.
void collapse_blanks(std::string& text, std::size_t begin) {
  bool after_blank = begin > 0 && text[begin - 1] == ' ';
  char* const octets = text.data();
  std::size_t end = begin;
  for (std::size_t i = begin; i < text.size();) {
    std::uint64_t eight = 0;
    if (i + sizeof(eight) <= text.size()) {
      std::memcpy(&eight, octets + i, sizeof(eight));
      if (stay_as_they_are(eight) && !(after_blank && octets[i] == ' ')) {
        std::memcpy(octets + end, &eight, sizeof(eight));
        i += sizeof(eight);
        end += sizeof(eight);
        after_blank = octets[end - 1] == ' ';
        continue;
      }
    }
    for (const std::size_t last = std::min(i + sizeof(eight), text.size()); i < last; ++i) {
      const bool blank = is_blank(octets[i]);
      octets[end] = blank ? ' ' : octets[i];
      if (!blank || !after_blank) ++end;
      after_blank = blank;
    }
  }
  text.resize(end);
}

std::string without_runs_of_blanks(std::string text) {
  collapse_blanks(text, 0);
  return text;
}

/// A field, or its body, on one line and with encoded words decoded. What is so already is not copied into `space`.
std::string_view readable(std::string_view value, std::string& space) {
  if (value.ends_with('\n')) value.remove_suffix(value.ends_with(kCrlf) ? 2 : 1);
  const bool is_encoded = value.find("=?") != std::string_view::npos;
  if (!is_encoded && !value.contains('\n')) return value;
  space = mime::unfold(value);
  if (is_encoded) space = mime::decode_encoded_words(space);
  return space;
}

bool holds_addresses(std::string_view field_name) {
  constexpr std::string_view kFields[] = {"From", "To", "Cc", "Bcc", "Sender", "Reply-To"};
  return std::ranges::any_of(kFields, [field_name](std::string_view each) { return iequals(field_name, each); });
}

/// Whether there is white space beside an "@", before a dot or behind one of a domain.
bool has_loose_address(std::string_view field) {
  for (const char separator : {'@', '.'}) {
    for (std::size_t at = 0; (at = field.find(separator, at)) != std::string_view::npos; ++at) {
      if (at > 0 && is_blank(field[at - 1])) return true;
      if (at + 1 == field.size() || !is_blank(field[at + 1])) continue;
      const std::size_t address = field.find_last_of(" <,;@", at);
      if (separator == '@' || (address != std::string_view::npos && field[address] == '@')) return true;
    }
  }
  return false;
}

/// Whether there is text on both sides of a quote, as in '"Bob" Builder <bob@example.org>'.
bool has_quote_in_name(std::string_view field) {
  for (std::size_t at = 0; (at = field.find('"', at)) != std::string_view::npos; ++at) {
    const std::size_t before = at == 0 ? std::string_view::npos : field.find_last_not_of(" \t\"", at - 1);
    const std::size_t behind = field.find_first_not_of(" \t\"", at);
    if (before == std::string_view::npos || behind == std::string_view::npos) continue;
    const bool begins = std::string_view{",:;<"}.contains(field[before]);
    const bool ends = std::string_view{",;<@"}.contains(field[behind]);
    if (!begins && !ends) return true;
  }
  return false;
}

/// Whether what is looked for may be in the addresses of a field and not in its octets: most often it cannot.
/// Without separators and spaces it is in one word, which only a quoted pair changes.
bool may_be_hidden(std::string_view field, const SoughtText& text) {
  if (field.contains('\\')) return true;
  const SoughtText::Kind& kind = text.kind();
  if (!kind.has_blank && !kind.has_part_of_address && !kind.has_mark) return false;
  if (field.contains('(')) return true;
  if (field.contains('"')) {
    if (kind.has_mark || kind.has_blank_at_end) return true;
    if (kind.has_blank && has_quote_in_name(field)) return true;
    if (kind.has_part_of_address && field.contains("\"@")) return true;
  }
  return kind.has_part_of_address && has_loose_address(field);
}

/// The addresses as the envelope has them: "Name <mailbox@host>, group: a@b;".
std::string shown_addresses(std::string_view field_body) {
  std::string shown;
  for (const mime::Address& address : mime::parse_address_list(field_body)) {
    if (address.ends_group()) {
      shown += ';';
      continue;
    }
    if (!shown.empty()) shown += shown.ends_with(':') ? " " : ", ";
    if (address.starts_group()) {
      shown += mime::decode_encoded_words(address.mailbox.value_or("")) + ':';
      continue;
    }
    const std::string host = address.host.value_or("");
    std::string spec = address.mailbox.value_or("");
    if (!host.empty()) spec += '@' + host;
    if (address.display_name) {
      shown += mime::decode_encoded_words(*address.display_name) + " <" + spec + '>';
    } else {
      shown += spec;
    }
  }
  return shown;
}

/// Octets at the end of `text` that begin a character which goes on behind it.
std::size_t cut_octets(std::string_view text) {
  constexpr std::size_t kCharacterMaxOctets = 4;
  for (std::size_t octets = 1; octets < kCharacterMaxOctets && octets <= text.size(); ++octets) {
    const auto octet = static_cast<unsigned char>(text[text.size() - octets]);
    if ((octet & 0xC0U) == 0x80U) continue;
    const std::size_t whole = octet < 0xC0 ? 1 : octet < 0xE0 ? 2 : octet < 0xF0 ? 3 : 4;
    return whole > octets ? octets : 0;
  }
  return 0;
}

/// A part in UTF-8 that shows what it holds is decoded slice by slice.
void scan_in_slices(std::string_view body, mime::TransferEncoding encoding, TextScan& scan) {
  mime::TransferDecoder decoder{encoding};
  while (!body.empty() && !scan.done()) {
    const std::string_view slice = body.substr(0, kWindowOctets);
    scan.feed(decoder.feed(slice));
    body.remove_prefix(slice.size());
  }
  scan.feed(decoder.finish());
}

/// RFC 9051 §6.4.4 lets a search leave out everything but text and message. A message in an encoding that it may
/// not have is known by its header alone.
bool is_searched(const mime::Part& part, std::string_view message) {
  if (part.content_type.is("text") || part.content_type.is("message")) return true;
  if (!part.content_type.is("application", "octet-stream")) return false;
  const auto field = mime::find_field(part.header.of(message), "Content-Type");
  const auto type = field ? mime::parse_content_type(field->body) : std::nullopt;
  return type && type->is("message");
}

bool scan_part(const mime::Part& part, std::string_view message, TextScan& scan,
               daemon::MemoryBudget::Share& memory) {
  const auto encoding = mime::transfer_encoding(part.transfer_encoding);
  const std::string charset = mime::find_parameter(part.content_type.parameters, "charset").value_or("us-ascii");
  const bool is_html = part.content_type.is("text", "html");
  const bool is_utf8 = mime::is_part_of_utf8(charset);
  const std::string_view body = part.body.of(message);
  if (!is_html && is_utf8) {
    if (encoding == mime::TransferEncoding::identity) {
      scan.feed(body);
    } else {
      scan_in_slices(body, encoding, scan);
    }
    return true;
  }
  // Decoded, in UTF-8 and as HTML shows it: about so much, for few octets of a charset become three. The largest
  // message stays within a user's memory.
  constexpr std::size_t kGrowth = 4;
  if (!memory.grow_to(memory.octets() + kGrowth * body.size())) return false;
  const auto scan_shown = [&](std::string_view octets) {
    if (is_html) {
      scan.feed(mime::html_text(octets));
    } else {
      scan.feed(octets);
    }
  };
  if (encoding == mime::TransferEncoding::identity && is_utf8) {
    scan_shown(body);
  } else {
    scan_shown(mime::to_utf8(charset, mime::decode_transfer(encoding, body)));
  }
  memory.shrink_to(memory.octets() - kGrowth * body.size());
  return true;
}

}  // namespace

SoughtText::SoughtText(std::string_view text)
    : folded_(without_runs_of_blanks(mime::casemap(text))),
      kind_{folded_.contains(' '), folded_.starts_with(' ') || folded_.ends_with(' '),
            folded_.find_first_of("@.") != std::string::npos,
            folded_.find_first_of("<,:;\"") != std::string::npos} {}

bool SoughtText::is_in(std::string_view text) const {
  if (text.size() > kWindowOctets) {
    TextScan scan{{this, 1}};
    scan.feed(text);
    scan.end();
    return scan.found().front();
  }
  std::string folded = mime::casemap(text);
  if (kind_.has_blank) collapse_blanks(folded, 0);
  return is_in_folded(folded);
}

/// glibc's memmem: two-way for long needles, and for those of up to 256 octets a shift table (glibc 2.29 on).
bool SoughtText::is_in_folded(std::string_view folded) const {
  constexpr std::size_t kFewOctets = 64;  // in so few, looking at each costs less than the table
  if (folded.size() <= kFewOctets) return folded.contains(folded_);
  return ::memmem(folded.data(), folded.size(), folded_.data(), folded_.size()) != nullptr || empty();
}

TextScan::TextScan(std::span<const SoughtText> texts) : texts_(texts), found_(texts.size(), false) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    longest_ = std::max(longest_, texts[i].size());
    has_blank_ = has_blank_ || texts[i].kind().has_blank;
    if (texts[i].empty()) {
      found_[i] = true;
    } else {
      sought_.push_back(i);
    }
  }
}

void TextScan::feed(std::string_view octets) {
  while (!octets.empty() && !done()) {
    if (unfolded_.empty() && octets.size() >= kWindowOctets) {
      const std::string_view slice = octets.substr(0, kWindowOctets);
      const std::size_t whole = slice.size() - cut_octets(slice);
      fold(slice.substr(0, whole));
      octets.remove_prefix(whole);
      continue;
    }
    const std::string_view slice = octets.substr(0, kWindowOctets - unfolded_.size());
    unfolded_ += slice;
    octets.remove_prefix(slice.size());
    if (unfolded_.size() < kWindowOctets) return;
    const std::size_t whole = unfolded_.size() - cut_octets(unfolded_);
    fold(std::string_view{unfolded_}.substr(0, whole));
    unfolded_.erase(0, whole);
  }
}

void TextScan::end() {
  if (!done()) {
    fold(unfolded_);
    look();
  }
  unfolded_.clear();
  window_.clear();
}

/// A window is looked through once it is longer than what stays of it for the next, so each octet is looked at no
/// more than twice for each text.
void TextScan::fold(std::string_view octets) {
  const std::size_t begin = window_.size();
  if (window_.empty()) {
    window_ = mime::casemap(octets);
  } else {
    window_ += mime::casemap(octets);
  }
  if (has_blank_) collapse_blanks(window_, begin);
  held_max_ = std::max(held_max_, window_.size());
  if (window_.size() < 2 * longest_) return;
  look();
  window_.erase(0, window_.size() - std::min(window_.size(), longest_ - 1));
}

void TextScan::look() {
  std::erase_if(sought_, [this](std::size_t i) {
    if (texts_[i].is_in_folded(window_)) found_[i] = true;
    return found_[i];
  });
}

bool field_contains(std::string_view header, std::string_view field_name, const SoughtText& text) {
  std::string space;
  const bool has_addresses = holds_addresses(field_name);
  while (const auto field = mime::take_field(header, field_name)) {
    const std::string_view value = readable(field->body, space);
    if (text.is_in(value)) return true;
    if (has_addresses && may_be_hidden(value, text) && text.is_in(shown_addresses(field->body))) return true;
  }
  return false;
}

void scan_header(std::string_view header, TextScan& scan) {
  std::string space;
  for (const mime::Field& field : mime::Fields(header)) {
    if (scan.done()) break;
    scan.feed(readable(field.raw, space));
    scan.feed({&kNoText, 1});
  }
  scan.end();
}

void scan_part_headers(std::string_view message, const mime::Part& root, TextScan& scan) {
  for (const mime::Part& child : root.children) {
    if (root.kind == mime::PartKind::multipart) scan_header(child.header.of(message), scan);
    scan_part_headers(message, child, scan);
  }
}

bool scan_body(std::string_view message, const mime::Part& root, TextScan& scan,
               daemon::MemoryBudget::Share& memory) {
  if (scan.done()) return true;
  if (root.kind == mime::PartKind::leaf) {
    if (!is_searched(root, message)) return true;
    const bool complete = scan_part(root, message, scan, memory);
    scan.end();
    return complete;
  }
  return std::ranges::all_of(root.children, [&](const mime::Part& child) {
    if (root.kind == mime::PartKind::message) scan_header(child.header.of(message), scan);
    return scan_body(message, child, scan, memory);
  });
}

}  // namespace posthaste::reading
