#include "common/reading/message_reader.h"

#include "common/mime/header.h"

namespace posthaste::reading {
namespace {

constexpr std::uint64_t kBeginningOctets = 32'768;

}  // namespace

std::expected<std::string, mailbox::StoreError> MessageReader::read(std::uint64_t offset, std::uint64_t octets) {
  return store_.read_blob(user_, blob_, offset, octets);
}

std::expected<mailbox::PlacedSummary, mailbox::StoreError> MessageReader::summary() {
  return store_.read_summary(user_, blob_);
}

std::expected<std::string, mailbox::StoreError> MessageReader::read_summary(std::uint64_t offset,
                                                                            std::uint64_t octets) {
  return store_.read_summary(user_, blob_, offset, octets);
}

std::expected<void, mailbox::StoreError> MessageReader::make_sure() { return store_.make_sure(user_, blob_); }

std::expected<std::string_view, mailbox::StoreError> MessageReader::view(std::uint64_t offset,
                                                                         std::uint64_t octets) {
  if (offset == 0 && octets == blob_.octets()) return all();
  auto text = read(offset, octets);
  if (!text) return std::unexpected(text.error());
  viewed_ = std::move(*text);
  return viewed_;
}

std::string_view MessageReader::beginning() const {
  if (in_run_) return *in_run_;
  return beginning_ ? std::string_view{*beginning_} : std::string_view{};
}

std::expected<void, mailbox::StoreError> MessageReader::read_all() {
  if (run_ != nullptr) {
    auto text = run_->read(blob_);
    if (!text) return std::unexpected(text.error());
    in_run_ = *text;
  } else {
    auto text = read(0, blob_.octets());
    if (!text) return std::unexpected(text.error());
    beginning_ = std::move(*text);
  }
  if (beginning().size() != blob_.octets()) return std::unexpected(mailbox::StoreError::io);
  return {};
}

std::expected<std::string_view, mailbox::StoreError> MessageReader::all() {
  if (beginning().size() < blob_.octets()) {
    if (const auto done = read_all(); !done) return std::unexpected(done.error());
  }
  return beginning();
}

std::expected<std::string_view, mailbox::StoreError> MessageReader::header() {
  if (!in_run_ && !beginning_) {
    if (blob_.octets() > kBeginningOctets) {
      auto text = read(0, kBeginningOctets);
      if (!text) return std::unexpected(text.error());
      beginning_ = std::move(*text);
    } else if (const auto done = read_all(); !done) {
      return std::unexpected(done.error());
    }
  }
  const auto cut = mime::split_message(beginning());
  if (!cut.body.empty() || beginning().size() == blob_.octets()) return cut.header;
  auto message = all();
  if (!message) return message;
  return mime::split_message(*message).header;
}

std::expected<const mime::Part*, mailbox::StoreError> MessageReader::structure() {
  if (!structure_) {
    auto message = all();
    if (!message) return std::unexpected(message.error());
    structure_ = mime::parse_structure(*message);
  }
  return &*structure_;
}

}  // namespace posthaste::reading
