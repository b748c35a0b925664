#include "imapd/message_reader.h"

#include "common/mime/header.h"
#include "common/store/blobs.h"

namespace posthaste::imapd {
namespace {

constexpr std::uint64_t kBeginningOctets = 32'768;

}  // namespace

template <typename Read>
std::invoke_result_t<Read> MessageReader::find_and(Read read) {
  auto found = read();
  if (found || found.error() != mailbox::StoreError::no_such_message) return found;
  const auto relocate = [this]() -> std::expected<void, mailbox::StoreError> {
    auto snapshot = store_.read(user_);
    if (!snapshot) return std::unexpected(snapshot.error());
    auto moved = snapshot->locate(location_.blob);
    if (!moved) return std::unexpected(moved.error());
    location_ = *moved;
    return {};
  };
  const auto relocated = relocate();
  if (!relocated) return std::unexpected(relocated.error());
  return read();
}

std::expected<std::string, mailbox::StoreError> MessageReader::read(std::uint64_t offset, std::uint64_t octets) {
  return find_and([&] { return store_.read_blob(location_, offset, octets); });
}

std::expected<mailbox::PlacedSummary, mailbox::StoreError> MessageReader::summary() {
  return find_and([this] { return store_.read_summary(location_); });
}

std::expected<std::string, mailbox::StoreError> MessageReader::read_summary(std::uint64_t offset,
                                                                            std::uint64_t octets) {
  return find_and([&] { return store_.read_summary(location_, offset, octets); });
}

std::expected<void, mailbox::StoreError> MessageReader::make_sure() {
  const auto first = read(0, 1);  // finds it again when its segment has gone
  if (!first) return std::unexpected(first.error());
  return store_.make_sure(location_);
}

std::expected<std::string_view, mailbox::StoreError> MessageReader::view(std::uint64_t offset,
                                                                         std::uint64_t octets) {
  if (offset == 0 && octets == location_.octets) return all();
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
    auto text = find_and([this] { return run_->read(location_); });
    if (!text) return std::unexpected(text.error());
    in_run_ = *text;
  } else {
    auto text = read(0, location_.octets);
    if (!text) return std::unexpected(text.error());
    beginning_ = std::move(*text);
  }
  if (beginning().size() != location_.octets) return std::unexpected(mailbox::StoreError::io);
  return {};
}

std::expected<std::string_view, mailbox::StoreError> MessageReader::all() {
  if (beginning().size() < location_.octets) {
    if (const auto done = read_all(); !done) return std::unexpected(done.error());
  }
  return beginning();
}

std::expected<std::string_view, mailbox::StoreError> MessageReader::header() {
  if (!in_run_ && !beginning_) {
    if (location_.octets > kBeginningOctets) {
      auto text = read(0, kBeginningOctets);
      if (!text) return std::unexpected(text.error());
      beginning_ = std::move(*text);
    } else if (const auto done = read_all(); !done) {
      return std::unexpected(done.error());
    }
  }
  const auto cut = mime::split_message(beginning());
  if (!cut.body.empty() || beginning().size() == location_.octets) return cut.header;
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

}  // namespace posthaste::imapd
