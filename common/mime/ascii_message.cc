#include "common/mime/ascii_message.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"
#include "common/mime/content.h"
#include "common/mime/header.h"
#include "common/mime/transfer.h"

namespace posthaste::mime {
namespace {

constexpr std::size_t kMultipartsMax = 100;
constexpr std::size_t kFieldsMaxOctets = 65'536;
constexpr std::size_t kDelimiterMaxOctets = 1'000;  // a line has no more (RFC 5322 §2.1.1)

bool is_readable_message(const ContentType& type, std::string_view header) {
  if (!type.is("message", "rfc822") && !type.is("message", "global")) return false;
  const auto field = find_field(header, "Content-Transfer-Encoding");
  const auto encoding = transfer_encoding(field ? parse_token(field->body).value_or("") : "7bit");
  return encoding != TransferEncoding::base64 && encoding != TransferEncoding::quoted_printable;
}

bool may_be_delimiter(std::string_view line) {
  return line.size() <= kDelimiterMaxOctets && (line == "-" || line.starts_with("--"));
}

bool is_line_end(char c) { return c == '\r' || c == '\n'; }

}  // namespace

std::string_view AsciiMessage::feed(std::string_view octets) {
  out_.clear();
  while (!octets.empty()) {
    if (!in_header_ && multiparts_.empty()) {
      if (out_.empty()) return octets;
      out_.append(octets);
      break;
    }
    const auto line_feed = octets.find('\n');
    const auto piece = octets.substr(0, line_feed == std::string_view::npos ? line_feed : line_feed + 1);
    octets.remove_prefix(piece.size());
    take(piece);
  }
  return out_;
}

std::string AsciiMessage::finish() {
  out_.clear();
  if (!held_.empty()) take_whole(std::exchange(held_, {}));
  if (in_header_) out_.append(header_.finish());
  return std::move(out_);
}

/// A line, or a part of one.
void AsciiMessage::take(std::string_view piece) {
  const bool can_begin_delimiter = line_begins_ && !multiparts_.empty();
  if (!can_begin_delimiter) {
    take_whole(piece);
    return;
  }
  held_.append(piece);
  if (!held_.ends_with('\n') && may_be_delimiter(held_)) return;
  const std::string line = std::exchange(held_, {});
  if (pass_delimiter(line)) {
    out_.append(line);
  } else {
    take_whole(line);
  }
}

/// What is no delimiter.
void AsciiMessage::take_whole(std::string_view piece) {
  line_begins_ = piece.ends_with('\n');
  if (in_header_) {
    take_header(piece);
  } else {
    out_.append(piece);
  }
}

void AsciiMessage::take_header(std::string_view piece) {
  fields_.append(piece.substr(0, kFieldsMaxOctets - std::min(kFieldsMaxOctets, fields_.size())));
  out_.append(header_.feed(piece));
  line_is_empty_ = line_is_empty_ && std::ranges::all_of(piece, is_line_end);
  if (!line_begins_) return;
  if (std::exchange(line_is_empty_, true) || header_.ended()) end_header();
}

void AsciiMessage::begin_header(bool is_message_by_default) {
  header_ = AsciiHeader{AsciiHeader::End::empty_line_or_text};
  fields_.clear();
  in_header_ = true;
  line_is_empty_ = true;
  is_message_by_default_ = is_message_by_default;
}

/// What follows the header: parts, a message, or neither.
void AsciiMessage::end_header() {
  in_header_ = false;
  const auto field = find_field(fields_, "Content-Type");
  auto type = field ? parse_content_type(field->body) : std::nullopt;
  if (!type) type = is_message_by_default_ ? ContentType{"message", "rfc822", {}} : default_content_type();
  if (is_readable_message(*type, fields_)) {
    begin_header(false);
  } else if (type->is("multipart") && multiparts_.size() < kMultipartsMax) {
    auto boundary = boundary_of(*type);
    const bool can_be_met = boundary && boundary->octets.size() < kDelimiterMaxOctets;
    if (can_be_met) {
      multiparts_.push_back({type->is("multipart", "digest"), type->is("multipart", "signed")});
      boundaries_.open(std::move(*boundary));
    }
  }
}

/// A delimiter of any multipart that is open ends all within it, a header too (RFC 2046 §5.1.2). False when `line`
/// is none.
bool AsciiMessage::pass_delimiter(std::string_view line) {
  const auto met = boundaries_.delimiter_at(line);
  if (!met) return false;
  const auto [is_digest, is_signed] = multiparts_[met->level];
  if (in_header_) out_.append(header_.finish());
  in_header_ = false;
  if (!met->closes && !is_signed) begin_header(is_digest);
  const std::size_t left = met->closes ? met->level : met->level + 1;
  while (boundaries_.count() > left) boundaries_.close();
  multiparts_.resize(left);
  return true;
}

}  // namespace posthaste::mime
