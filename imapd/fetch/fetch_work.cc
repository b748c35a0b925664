#include "imapd/fetch/fetch_work.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/body_structure.h"
#include "common/imap/envelope.h"
#include "common/imap/section.h"
#include "common/imap/writer.h"
#include "common/mime/content.h"
#include "common/mime/header.h"
#include "common/mime/preview.h"
#include "imapd/answers/flags.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

using mailbox::StoreError;
using reading::DecodedPart;
using reading::MessageReader;
using Written = std::expected<void, StoreError>;

constexpr std::size_t kRowsWithSummary = 256;
constexpr std::uint64_t kPreviewReadOctets = 65'536;
constexpr std::size_t kRowsWithMessage = 256;
constexpr std::uint64_t kSummaryOctetsAtOnce = 1'048'576;  // read in one snapshot, and one summary
constexpr std::size_t kTextReservedMax = 2 * kSliceOctets;

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

/// The part of `whole` that a partial names.
BlobExtent cut_extent(const mime::Extent& whole, const std::optional<imap::Partial>& partial) {
  BlobExtent extent{{}, whole.offset, whole.octets};
  if (!partial) return extent;
  const std::uint64_t skipped = std::min<std::uint64_t>(partial->offset, whole.octets);
  extent.offset += skipped;
  extent.octets = std::min(partial->octets, whole.octets - skipped);
  return extent;
}

bool is_own_header(const imap::Section& section) {
  return section.parts.empty() && section.text == imap::SectionText::header;
}

/// Where a section lies that chooses no fields; nothing where the answer is NIL.
std::expected<std::optional<mime::Extent>, StoreError> place_of(MessageReader& reader,
                                                                const imap::Section& section) {
  if (is_whole_message(section)) return mime::Extent{0, static_cast<std::size_t>(reader.blob().octets())};
  if (is_own_header(section)) {  // needs no body
    auto header = reader.header();
    if (!header) return std::unexpected(header.error());
    return mime::Extent{0, header->size()};
  }
  auto root = reader.structure();
  if (!root) return std::unexpected(root.error());
  return imap::section_extent(**root, section);
}

/// What a section chooses of a header, its partial applied: all octets are counted, and kept if they are few.
class ChosenFields {
 public:
  explicit ChosenFields(const std::optional<imap::Partial>& partial) {
    if (partial) wanted_ = *partial;
  }

  void add(std::string_view octets) {
    const std::uint64_t skipped = std::min<std::uint64_t>(wanted_.offset, octets.size());
    wanted_.offset -= skipped;
    octets.remove_prefix(static_cast<std::size_t>(skipped));
    octets = octets.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(wanted_.octets, octets.size())));
    wanted_.octets -= octets.size();
    octets_ += octets.size();
    if (octets_ <= kSliceOctets) text_ += octets;
  }
  [[nodiscard]] std::uint64_t octets() const { return octets_; }
  [[nodiscard]] bool is_long() const { return octets_ > kSliceOctets; }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  imap::Partial wanted_{0, std::numeric_limits<std::uint64_t>::max()};  // what is still to come of it
  std::uint64_t octets_ = 0;
  std::string text_;  // not all of it when it is long
};

/// The header that fields are chosen from; nothing where the answer is NIL.
std::expected<std::optional<std::string_view>, StoreError> header_of(MessageReader& reader,
                                                                     const imap::Section& section) {
  if (section.parts.empty()) {  // needs no body
    auto header = reader.header();
    if (!header) return std::unexpected(header.error());
    return *header;
  }
  auto root = reader.structure();
  if (!root) return std::unexpected(root.error());
  const auto place = imap::section_extent(**root, section);
  if (!place) return std::nullopt;
  auto message = reader.all();
  if (!message) return std::unexpected(message.error());
  return place->of(*message);
}

/// What of a part is to be sent: its octets too, if they are few.
struct Measured {
  std::uint64_t octets = 0;
  std::string text;
};

DecodedPart decode(const imap::EncodedPart& part, const std::optional<imap::Partial>& partial) {
  if (!partial) return {part.place, part.encoding};
  return {part.place, part.encoding, partial->offset, partial->octets};
}

Measured measure(DecodedPart part, std::string_view message) {
  Measured measured;
  while (!part.done()) {
    const std::string octets = part.feed(part.next().of(message));
    measured.octets += octets.size();
    if (measured.octets <= kSliceOctets) measured.text += octets;
  }
  return measured;
}

}  // namespace

std::expected<std::string, StoreError> choose_now(const mailbox::Reader& store, UserId user,
                                                  const LaterFields& fields) {
  MessageReader reader{store, user, fields.blob};
  const imap::Section& section = fields.body.section;
  const auto header = header_of(reader, section);
  if (!header) return std::unexpected(header.error());
  if (!*header) return std::unexpected(StoreError::io);
  std::string text = section.text == imap::SectionText::header_fields
                         ? mime::header_fields(**header, section.field_names)
                         : mime::header_fields_not(**header, section.field_names);
  text = imap::apply_partial(text, fields.body.partial);
  if (text.size() != fields.octets) return std::unexpected(StoreError::io);
  replace_nul(text);
  return text;
}

/// Whether the structure is that of a multipart in which earlier versions saw no parts, but a text. BODY[1] is a
/// part of it now, and BODYSTRUCTURE says the same.
bool is_outdated(const mailbox::SummaryView& summary) {
  if (!summary.body_structure.starts_with("(\"text\" \"plain\" (\"charset\" \"us-ascii\")")) return false;
  const auto field = mime::find_field(summary.header_cache, "Content-Type");
  const auto type = field ? mime::parse_content_type(field->body) : std::nullopt;
  return type && type->is("multipart");
}

/// Writes one message's response to the end of some pieces.
class FetchWork::Response {
 public:
  Response(FetchWork& work, const Row& row, Pieces& pieces, mailbox::BlobRun* run)
      : work_(work),
        row_(row),
        pieces_(pieces),
        reader_(work.store_, work.user_, row.blob, run),
        chosen_(work.plan_.field_sections.size()) {}

  Written write(SequenceNumber sequence_number) {
    append_fetch_start(text(), row_.message.uid, sequence_number, work_.dialect_);
    const FetchPlan& plan = work_.plan_;
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
      if (i > 0) text().push_back(' ');
      imap::append_response_name(text(), plan.items[i]);
      text().push_back(' ');
      const auto& fields = plan.field_places[i];
      auto written = fields ? chosen_fields(*fields)
                            : std::visit([this](const auto& wanted) { return value(wanted); }, plan.items[i]);
      if (!written) return written;
    }
    if (work_.just_seen_.contains(row_.message.uid)) add_unsolicited();
    text().append(")\r\n");
    return {};
  }

 private:
  /// What a message says of itself when this command has changed its flags.
  void add_unsolicited() {
    imap::ResponseWriter writer{text()};
    const FetchPlan& plan = work_.plan_;
    const bool condstore = work_.dialect_.condstore;
    if (work_.dialect_.says_uid() && !plan.says_uid) {
      writer.raw(" UID ");
      writer.number(number(row_.message.uid));
    }
    if (!plan.says_flags) {
      writer.raw(" FLAGS ");
      append_flags(text(), row_.message, work_.keywords_, work_.mailbox_.recent);
    }
    if (condstore && !plan.says_mod_seq) {
      writer.space();
      append_mod_seq(text(), row_.message.modseq);
    }
  }

  std::string& text() {
    if (pieces_.empty() || !std::holds_alternative<std::string>(pieces_.back())) {
      pieces_.emplace_back(std::string{});
      if (pieces_.size() == 1) std::get<std::string>(pieces_.back()).reserve(work_.text_octets_);
    }
    return std::get<std::string>(pieces_.back());
  }

  Written value(imap::FetchAttribute attribute) {
    imap::ResponseWriter writer{text()};
    const mailbox::Message& message = row_.message;
    switch (attribute) {
      case imap::FetchAttribute::envelope:
        return summary_text(row_.summary.envelope, row_.envelope_offset, &Response::print_envelope);
      case imap::FetchAttribute::body_structure:
        return summary_text(row_.summary.body_structure, row_.body_structure_offset,
                            &Response::print_body_structure);
      case imap::FetchAttribute::body: return print_body();
      case imap::FetchAttribute::flags:
        append_flags(text(), message, work_.keywords_, work_.mailbox_.recent);
        break;
      case imap::FetchAttribute::internal_date:
        writer.date_time({message.internal_date.at, std::chrono::minutes{message.internal_date.zone_minutes}});
        break;
      case imap::FetchAttribute::rfc822_size: writer.number(message.octets); break;
      case imap::FetchAttribute::uid: writer.number(number(message.uid)); break;
      case imap::FetchAttribute::email_id: writer.raw("(" + work_.email_ids_->id_of(message.blob) + ")"); break;
      case imap::FetchAttribute::thread_id: writer.nil(); break;
      case imap::FetchAttribute::save_date: writer.date_time({message.save_date, std::chrono::minutes{0}}); break;
      case imap::FetchAttribute::mod_seq: append_mod_seq_value(text(), message.modseq); break;
    }
    return {};
  }

  /// A text of the summary, ready to send; a message stored without one is read.
  Written summary_text(std::string_view octets, std::uint64_t offset, Written (Response::*print)()) {
    if (octets.empty()) return (this->*print)();
    if (octets.size() > kSliceOctets) {
      pieces_.emplace_back(LaterSummary{row_.blob, offset, octets.size()});
    } else {
      text().append(octets);
    }
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
    auto place = place_of(reader_, body.section);
    if (!place) return std::unexpected(place.error());
    if (!*place) return nil();
    return octets_of(**place, body.partial, false);
  }
  /// All sections that choose from a header are chosen when the first of them is told: the header is walked once.
  Written chosen_fields(const FetchPlan::FieldPlace& place) {
    auto& chosen = chosen_[place.sections];
    const FieldSections& wanted = work_.plan_.field_sections[place.sections];
    if (!chosen) {
      auto found = choose(wanted);
      if (!found) return std::unexpected(found.error());
      chosen = std::move(*found);
    }
    if (chosen->empty()) return nil();
    const ChosenFields& fields = (*chosen)[place.section];
    if (fields.is_long()) {
      announce(fields.octets(), false);
      pieces_.emplace_back(LaterFields{reader_.blob(), wanted.sections[place.section], fields.octets()});
    } else {
      imap::ResponseWriter{text()}.literal(fields.text());
    }
    return {};
  }
  /// Empty where the answer is NIL.
  std::expected<std::vector<ChosenFields>, StoreError> choose(const FieldSections& wanted) {
    std::vector<ChosenFields> chosen;
    std::string_view header = row_.summary.header_cache;
    if (!wanted.cached || header.empty()) {
      const auto own = header_of(reader_, wanted.sections.front().section);
      if (!own) return std::unexpected(own.error());
      if (!*own) return chosen;
      header = **own;
    }
    for (const imap::FetchBody& body : wanted.sections) chosen.emplace_back(body.partial);
    wanted.choices.choose(header,
                          [&chosen](std::size_t choice, std::string_view octets) { chosen[choice].add(octets); });
    return chosen;
  }
  Written value(const imap::FetchBinary& binary) {
    auto part = find_noting(binary.parts);
    if (!part) return std::unexpected(part.error());
    if (!*part) return nil();
    if ((*part)->encoding == mime::TransferEncoding::identity)
      return octets_of((*part)->place, binary.partial, true);
    const DecodedPart decoded = decode(**part, binary.partial);
    auto message = reader_.all();
    if (!message) return std::unexpected(message.error());
    const auto [octets, few] = measure(decoded, *message);
    if (octets > kSliceOctets) {
      announce(octets, true);
      pieces_.emplace_back(LaterPart{reader_.blob(), decoded, octets});
    } else {
      imap::ResponseWriter{text()}.literal8(few);
    }
    return {};
  }
  Written value(const imap::FetchBinarySize& size) {
    auto part = find_noting(size.parts);
    if (!part) return std::unexpected(part.error());
    const auto octets = *part ? size_of(**part) : 0;
    if (!octets) return std::unexpected(octets.error());
    imap::ResponseWriter{text()}.number(*octets);
    return {};
  }
  std::expected<std::uint64_t, StoreError> size_of(const imap::EncodedPart& part) {
    if (part.encoding == mime::TransferEncoding::identity) return part.place.octets;
    auto message = reader_.all();
    if (!message) return std::unexpected(message.error());
    return measure(decode(part, std::nullopt), *message).octets;
  }

  Written nil() {
    imap::ResponseWriter{text()}.nil();
    return {};
  }
  void announce(std::uint64_t octets, bool binary) {
    imap::ResponseWriter writer{text()};
    writer.raw(binary ? "~{" : "{");
    writer.number(octets);
    writer.raw("}\r\n");
  }

  /// Octets as they stand in the message.
  Written octets_of(const mime::Extent& place, const std::optional<imap::Partial>& partial, bool binary) {
    BlobExtent wanted = cut_extent(place, partial);
    if (wanted.octets > kSliceOctets) {
      if (const auto sure = reader_.make_sure(); !sure) return std::unexpected(sure.error());
      announce(wanted.octets, binary);
      wanted.blob = reader_.blob();
      wanted.binary = binary;
      pieces_.emplace_back(wanted);
      return {};
    }
    const auto octets = reader_.view(wanted.offset, wanted.octets);
    if (!octets) return std::unexpected(octets.error());
    if (octets->size() != wanted.octets) return std::unexpected(StoreError::io);
    imap::ResponseWriter writer{text()};
    if (binary) {
      writer.literal8(*octets);
    } else {
      writer.literal(*octets);
    }
    return {};
  }

  /// The part that is asked for in binary, with a note of an encoding that we do not know; nothing where the answer
  /// is NIL.
  std::expected<std::optional<imap::EncodedPart>, StoreError> find_noting(std::span<const std::uint32_t> parts) {
    if (parts.empty()) return imap::EncodedPart{{0, row_.blob.octets()}};
    auto root = reader_.structure();
    if (!root) return std::unexpected(root.error());
    auto part = imap::encoded_part(**root, parts);
    if (part) return *part;
    if (part.error() == imap::BinaryError::unknown_encoding) work_.unknown_encoding_ = true;
    return std::nullopt;
  }
  /// Of the beginning alone. One that may wait is not worth reading for (RFC 8970 §4.1).
  Written value(const imap::FetchPreview&) {
    if (!work_.plan_.reads_message) return nil();
    auto beginning = reader_.read(0, kPreviewReadOctets);
    if (!beginning) return std::unexpected(beginning.error());
    imap::ResponseWriter{text()}.string(mime::preview(*beginning));
    return {};
  }

  FetchWork& work_;
  const Row& row_;
  Pieces& pieces_;
  MessageReader reader_;
  std::vector<std::optional<std::vector<ChosenFields>>> chosen_;  // of the plan's field_sections
};

std::size_t octets_in_memory(const Pieces& pieces) {
  std::size_t octets = 0;
  for (const auto& piece : pieces) {
    if (const auto* text = std::get_if<std::string>(&piece)) octets += text->size();
  }
  return octets;
}

FetchWork::FetchWork(const mailbox::Reader& store, UserId user, const SelectedMailbox& mailbox,
                     const FetchPlan& plan, const Dialect& dialect, mailbox::UidSet uids, mailbox::UidSet just_seen)
    : store_(store),
      user_(user),
      mailbox_(mailbox),
      plan_(plan),
      dialect_(dialect),
      just_seen_(std::move(just_seen)),
      walk_(std::move(uids)),
      keywords_told_(mailbox.keywords_told) {}

std::expected<Pieces, StoreError> FetchWork::step() {
  Pieces pieces;
  auto waiting = tell_from_snapshot(pieces);
  if (!waiting) return std::unexpected(waiting.error());
  if (!waiting->empty()) tell_waiting(*waiting, pieces);
  text_octets_ = std::min<std::uint64_t>(octets_in_memory(pieces), kTextReservedMax);
  return pieces;
}

void FetchWork::tell_waiting(std::vector<WaitingRow>& waiting, Pieces& pieces) {
  std::vector<mailbox::Blob> blobs;
  blobs.reserve(waiting.size());
  for (const WaitingRow& each : waiting) blobs.push_back(each.blob);
  const auto run = store_.read_in_order(user_, std::move(blobs));
  for (WaitingRow& each : waiting) {
    if (octets_in_memory(pieces) > kSliceOctets) {
      walk_.go_on_from(each.message.uid);
      break;
    }
    tell_waiting(each, pieces, *run);
  }
}

void FetchWork::tell_waiting(WaitingRow& waiting, Pieces& pieces, mailbox::BlobRun& run) {
  const bool has_long_summary = waiting.summary.summary.body_structure.empty() && waiting.blob.summary_octets() > 0;
  if (plan_.reads_summary && has_long_summary) {
    auto summary = MessageReader{store_, user_, waiting.blob}.summary();
    if (!summary) {
      unreadable_ = true;
      damaged_ = damaged_ || summary.error() == StoreError::io;
      return;
    }
    waiting.summary = std::move(*summary);
    if (is_outdated(mailbox::SummaryView(waiting.summary.summary))) waiting.summary.summary.body_structure.clear();
  }
  tell(waiting.row(), pieces, &run);
}

void FetchWork::tell(const Row& row, Pieces& pieces, mailbox::BlobRun* run) {
  const auto sequence_number = mailbox_.messages.sequence_number(row.message.uid);
  if (!sequence_number) return;
  const Mark before{pieces};
  auto written = Response{*this, row, pieces, run}.write(*sequence_number);
  if (written) {
    ++told_;
  } else {
    before.cut(pieces);
    unreadable_ = true;
    damaged_ = damaged_ || written.error() == StoreError::io;
  }
}

std::expected<std::vector<FetchWork::WaitingRow>, StoreError> FetchWork::tell_from_snapshot(Pieces& pieces) {
  auto snapshot = store_.read(user_);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto info = snapshot->mailbox(mailbox_.id);
  if (!info) return std::unexpected(info.error());
  keywords_ = std::move(info->keywords);
  tell_keywords(pieces);
  if (plan_.says_email_id && !email_ids_) {
    auto ids = snapshot->email_ids();
    if (!ids) return std::unexpected(ids.error());
    email_ids_ = std::move(*ids);
  }
  auto messages = walk_.next(*snapshot, mailbox_.id, rows_at_once(plan_));
  if (!messages) return std::unexpected(messages.error());

  if (plan_.changed_since) {
    std::erase_if(*messages,
                  [&](const mailbox::Message& message) { return message.modseq <= *plan_.changed_since; });
  }
  mailbox::Summaries summaries{*snapshot, *messages};
  std::vector<WaitingRow> waiting;
  if (plan_.reads_message) waiting.reserve(messages->size());
  std::uint64_t waiting_octets = 0;
  std::uint64_t summary_octets = 0;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const mailbox::Message& message = (*messages)[i];
    const bool one_is_read = !waiting.empty() && !plan_.reads_message;
    const bool enough = waiting_octets > kSliceOctets || summary_octets > kSummaryOctetsAtOnce;
    if (one_is_read || enough || octets_in_memory(pieces) > kSliceOctets) {
      walk_.go_on_from(message.uid);
      break;
    }
    Row row{message, {}, {}, 0, 0};
    if (!complete(*snapshot, plan_.reads_summary ? &summaries.at(i) : nullptr, row)) {
      unreadable_ = true;
      continue;
    }
    summary_octets += row.summary.octets();
    if (reads_message(row)) {
      waiting_octets += message.octets + row.summary.octets();
      waiting.push_back({message, {row.summary.copy(), 0, 0}, row.blob});
    } else {
      tell(row, pieces, nullptr);
    }
  }
  return waiting;
}

void FetchWork::tell_keywords(Pieces& pieces) {
  const bool says_flags = plan_.says_flags || !just_seen_.empty();
  if (!says_flags || keywords_.size() <= keywords_told_) return;
  append_flags_of_mailbox(std::get<std::string>(pieces.emplace_back(std::string{})), keywords_, mailbox_.read_only);
  keywords_told_ = keywords_.size();
}

bool FetchWork::reads_message(const Row& row) const {
  const auto& [envelope, body_structure, header_cache] = row.summary;
  const bool lacks_some = envelope.empty() || body_structure.empty() || header_cache.empty();
  return plan_.reads_message || (plan_.reads_summary && lacks_some);
}

bool FetchWork::complete(const mailbox::Snapshot& snapshot, const mailbox::FoundSummary* summary, Row& row) const {
  if (summary != nullptr) {
    if (!*summary) return false;
    row.summary = (*summary)->value_or(mailbox::SummaryView());
    if (plan_.says_body_structure && is_outdated(row.summary)) row.summary.body_structure = {};
  }
  if (!reads_message(row)) return true;
  const auto blob = snapshot.find_blob(row.message);
  if (!blob) return false;
  row.blob = *blob;
  return true;
}

}  // namespace posthaste::imapd
