#include "imapd/fetch_work.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "common/imap/body_structure.h"
#include "common/imap/envelope.h"
#include "common/imap/section.h"
#include "common/imap/writer.h"
#include "common/mime/cached_fields.h"
#include "imapd/flags.h"
#include "imapd/limits.h"
#include "imapd/object_id.h"

namespace posthaste::imapd {
namespace {

using store::StoreError;
using Written = std::expected<void, StoreError>;

constexpr std::size_t kRowsWithSummary = 256;
constexpr std::size_t kRowsWithMessage = 64;

std::size_t rows_at_once(const FetchPlan& plan) {
  if (plan.reads_message) return kRowsWithMessage;
  return plan.reads_summary ? kRowsWithSummary : kSliceRows;
}

/// The end of some pieces, to come back to: what is half told is not told.
class Mark {
 public:
  explicit Mark(const Pieces& pieces) : pieces_(pieces.size()) {
    if (const auto* text = last_text(pieces)) octets_ = text->size();
  }
  void cut(Pieces& pieces) const {
    pieces.resize(pieces_);
    if (auto* text = pieces.empty() ? nullptr : std::get_if<std::string>(&pieces.back())) text->resize(octets_);
  }

 private:
  static const std::string* last_text(const Pieces& pieces) {
    return pieces.empty() ? nullptr : std::get_if<std::string>(&pieces.back());
  }
  std::size_t pieces_;
  std::size_t octets_ = 0;
};

/// The part of `whole` octets that a partial names.
BlobExtent cut_extent(std::uint64_t whole, const std::optional<imap::Partial>& partial) {
  BlobExtent extent{{}, 0, whole};
  if (!partial) return extent;
  extent.offset = std::min(partial->offset, whole);
  extent.octets = std::min(partial->octets, whole - extent.offset);
  return extent;
}

}  // namespace

/// Writes one message's response to the end of some pieces.
class FetchWork::Response {
 public:
  Response(FetchWork& work, const Row& row, Pieces& pieces)
      : work_(work), row_(row), pieces_(pieces), reader_(work.store_, work.user_, row.location) {}

  Written write(SequenceNumber sequence_number) {
    imap::ResponseWriter writer{text()};
    writer.raw("* ");
    writer.number(number(sequence_number));
    writer.raw(" FETCH (");
    bool first = true;
    for (const auto& item : work_.plan_.items) {
      if (!std::exchange(first, false)) text().push_back(' ');
      imap::append_response_name(text(), item);
      text().push_back(' ');
      auto written = std::visit([this](const auto& wanted) { return value(wanted); }, item);
      if (!written) return written;
    }
    if (!work_.plan_.says_flags && work_.just_seen_.contains(row_.message.uid)) {
      text().append(" FLAGS ");
      append_flags(text(), row_.message, work_.keywords_);
    }
    text().append(")\r\n");
    return {};
  }

 private:
  std::string& text() {
    if (pieces_.empty() || !std::holds_alternative<std::string>(pieces_.back()))
      pieces_.emplace_back(std::string{});
    return std::get<std::string>(pieces_.back());
  }

  Written value(imap::FetchAttribute attribute) {
    imap::ResponseWriter writer{text()};
    const store::Message& message = row_.message;
    switch (attribute) {
      case imap::FetchAttribute::envelope: return summary_text(row_.summary.envelope, &Response::print_envelope);
      case imap::FetchAttribute::body_structure:
        return summary_text(row_.summary.body_structure, &Response::print_body_structure);
      case imap::FetchAttribute::body: return print_body();
      case imap::FetchAttribute::flags: append_flags(text(), message, work_.keywords_); break;
      case imap::FetchAttribute::internal_date:
        writer.date_time({message.internal_date.at, std::chrono::minutes{message.internal_date.zone_minutes}});
        break;
      case imap::FetchAttribute::rfc822_size: writer.number(message.octets); break;
      case imap::FetchAttribute::uid: writer.number(number(message.uid)); break;
      case imap::FetchAttribute::email_id: writer.raw("(" + object_id(message.blob) + ")"); break;
      case imap::FetchAttribute::thread_id: writer.nil(); break;
      case imap::FetchAttribute::save_date: writer.date_time({message.save_date, std::chrono::minutes{0}}); break;
      case imap::FetchAttribute::mod_seq: std::unreachable();  // plan_fetch() refuses it
    }
    return {};
  }

  /// A text of the summary, ready to send; a message stored without one is read.
  Written summary_text(const std::string& ready, Written (Response::*print)()) {
    if (ready.empty()) return (this->*print)();
    text().append(ready);
    return {};
  }
  Written print_envelope() {
    auto header = reader_.header();
    if (!header) return std::unexpected(header.error());
    imap::append_envelope(text(), mime::parse_envelope(*header));
    return {};
  }
  Written print_body_structure() {
    auto root = reader_.structure();
    if (!root) return std::unexpected(root.error());
    imap::append_body_structure(text(), **root);
    return {};
  }
  Written print_body() {
    auto root = reader_.structure();
    if (!root) return std::unexpected(root.error());
    imap::append_body(text(), **root);
    return {};
  }

  Written value(const imap::FetchBody& body) {
    if (is_whole_message(body.section)) return whole_message(body.partial, false);
    const std::string& cache = row_.summary.header_cache;
    if (is_header_fields(body.section) && mime::cache_covers(cache, body.section.field_names)) {
      const std::string fields = mime::header_fields(cache, body.section.field_names);
      imap::ResponseWriter{text()}.literal(imap::apply_partial(fields, body.partial));
      return {};
    }
    if (body.section.parts.empty() && body.section.text != imap::SectionText::text) return own_header(body);
    return cut_section(body);
  }

  Written whole_message(const std::optional<imap::Partial>& partial, bool binary) {
    BlobExtent extent = cut_extent(row_.location.octets, partial);
    extent.binary = binary;
    imap::ResponseWriter writer{text()};
    if (extent.octets > kSliceOctets) {
      writer.raw(binary ? "~{" : "{");
      writer.number(extent.octets);
      writer.raw("}\r\n");
      extent.location = reader_.location();
      pieces_.emplace_back(extent);
      return {};
    }
    auto octets = reader_.read(extent.offset, extent.octets);
    if (!octets) return std::unexpected(octets.error());
    if (octets->size() != extent.octets) return std::unexpected(StoreError::io);
    if (binary) {
      writer.literal8(*octets);
    } else {
      writer.literal(*octets);
    }
    return {};
  }

  /// HEADER and HEADER.FIELDS of the message itself need not read its body.
  Written own_header(const imap::FetchBody& body) {
    auto header = reader_.header();
    if (!header) return std::unexpected(header.error());
    mime::Part root;
    root.header = {0, header->size()};
    return print_section(*header, root, body);
  }
  Written cut_section(const imap::FetchBody& body) {
    auto root = reader_.structure();
    if (!root) return std::unexpected(root.error());
    auto message = reader_.all();
    if (!message) return std::unexpected(message.error());
    return print_section(*message, **root, body);
  }
  Written print_section(std::string_view message, const mime::Part& root, const imap::FetchBody& body) {
    const auto octets = imap::cut_section(message, root, body.section, body.partial);
    imap::ResponseWriter writer{text()};
    if (octets) {
      writer.literal(imap::view_of(*octets));
    } else {
      writer.nil();
    }
    return {};
  }

  /// A part's octets decoded; nothing where the answer is NIL.
  std::expected<std::optional<std::string>, StoreError> decoded(std::span<const std::uint32_t> parts) {
    auto root = reader_.structure();
    if (!root) return std::unexpected(root.error());
    auto message = reader_.all();
    if (!message) return std::unexpected(message.error());
    auto octets = imap::decode_part(*message, **root, parts);
    if (octets) return std::move(*octets);
    if (octets.error() == imap::BinaryError::unknown_encoding) work_.unknown_encoding_ = true;
    return std::nullopt;
  }
  Written value(const imap::FetchBinary& binary) {
    if (binary.parts.empty()) return whole_message(binary.partial, true);
    auto octets = decoded(binary.parts);
    if (!octets) return std::unexpected(octets.error());
    imap::ResponseWriter writer{text()};
    if (!*octets) {
      writer.nil();
    } else {
      writer.literal8(imap::apply_partial(**octets, binary.partial));
    }
    return {};
  }
  Written value(const imap::FetchBinarySize& size) {
    auto octets = decoded(size.parts);
    if (!octets) return std::unexpected(octets.error());
    imap::ResponseWriter{text()}.number(*octets ? (*octets)->size() : 0);
    return {};
  }
  Written value(const imap::FetchPreview&) { std::unreachable(); }  // plan_fetch() refuses it

  FetchWork& work_;
  const Row& row_;
  Pieces& pieces_;
  MessageReader reader_;
};

FetchWork::FetchWork(const store::Store& store, UserId user, const SelectedMailbox& mailbox, const FetchPlan& plan,
                     store::UidSet uids, store::UidSet just_seen)
    : store_(store),
      user_(user),
      mailbox_(mailbox),
      plan_(plan),
      just_seen_(std::move(just_seen)),
      walk_(std::move(uids)) {}

std::expected<Pieces, StoreError> FetchWork::step() {
  auto rows = collect();
  if (!rows) return std::unexpected(rows.error());
  Pieces pieces;
  for (const Row& row : *rows) {
    const auto sequence_number = mailbox_.messages.sequence_number(row.message.uid);
    if (!sequence_number) continue;
    const Mark before{pieces};
    auto written = Response{*this, row, pieces}.write(*sequence_number);
    if (written) {
      ++told_;
    } else {
      before.cut(pieces);
      unreadable_ = true;
    }
  }
  return pieces;
}

std::expected<std::vector<FetchWork::Row>, StoreError> FetchWork::collect() {
  auto snapshot = store_.read(user_);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto info = snapshot->mailbox(mailbox_.id);
  if (!info) return std::unexpected(info.error());
  keywords_ = std::move(info->keywords);
  auto messages = walk_.next(*snapshot, mailbox_.id, rows_at_once(plan_));
  if (!messages) return std::unexpected(messages.error());

  std::vector<Row> rows;
  std::uint64_t octets = 0;
  for (const store::Message& message : *messages) {
    if (octets > kSliceOctets) {
      walk_.go_back_to(message.uid);
      break;
    }
    Row row{message, {}, {}};
    if (!complete(*snapshot, row)) {
      unreadable_ = true;
      continue;
    }
    octets += row.summary.envelope.size() + row.summary.body_structure.size() + row.summary.header_cache.size();
    if (plan_.reads_message) octets += message.octets;
    rows.push_back(std::move(row));
  }
  return rows;
}

bool FetchWork::complete(const store::Snapshot& snapshot, Row& row) const {
  bool reads_message = plan_.reads_message;
  if (plan_.reads_summary) {
    auto summary = snapshot.summary(row.message.blob);
    if (!summary) return false;
    row.summary = std::move(*summary);
    const auto& [envelope, body_structure, header_cache] = row.summary;
    reads_message |= envelope.empty() || body_structure.empty() || header_cache.empty();
  }
  if (!reads_message) return true;
  auto location = snapshot.locate(row.message.blob);
  if (!location) return false;
  row.location = *location;
  return true;
}

}  // namespace posthaste::imapd
