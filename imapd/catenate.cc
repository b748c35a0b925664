#include "imapd/catenate.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/base/octets.h"
#include "common/imap/message_url.h"
#include "common/imap/section.h"
#include "imapd/message_reader.h"

namespace posthaste::imapd {
namespace {

Reply too_big() { return no("TOOBIG", "Message too large"); }

/// The code's text may hold neither CR, LF nor "]", nor may it be long.
Reply bad_url(std::string_view url) {
  constexpr std::size_t kShownMaxOctets = 512;
  std::string shown{url.substr(0, kShownMaxOctets)};
  std::ranges::replace_if(
      shown, [](char c) { return !is_printable(c) || c == ']'; }, '?');
  return no("BADURL " + shown, "No message or part of one is there");
}

class Catenation {
 public:
  Catenation(const store::Store& store, UserId user, std::optional<MailboxId> selected,
             std::uint64_t message_max_octets)
      : store_(store), user_(user), selected_(selected), message_max_octets_(message_max_octets) {}

  std::expected<std::string, Reply> run(std::vector<imap::CatenatePart> parts) && {
    for (auto& part : parts) {
      auto added = std::visit([this](auto& each) { return add(each); }, part);
      if (!added) return std::unexpected(std::move(added.error()));
    }
    return std::move(message_);
  }

 private:
  using Added = std::expected<void, Reply>;

  Added add(imap::CatenateText& text) {
    auto added = append(text.octets);
    text.octets = {};
    return added;
  }

  Added add(const imap::CatenateUrl& part) {
    const auto url = imap::parse_message_url(part.url);
    if (!url) return std::unexpected(bad_url(part.url));
    auto location = locate(*url);
    if (!location && location.error() == store::StoreError::no_such_message) {
      return std::unexpected(bad_url(part.url));
    }
    if (!location) return std::unexpected(reply_for(location.error()));
    if (location->octets > kSourceMaxOctets) return std::unexpected(too_big());
    MessageReader reader{store_, user_, *location};
    const auto source = reader.all();
    if (!source) return std::unexpected(reply_for(source.error()));
    const auto root = reader.structure();
    if (!root) return std::unexpected(reply_for(root.error()));
    const auto section = imap::cut_section(*source, **root, url->part.section, url->part.partial);
    if (!section) return std::unexpected(bad_url(part.url));
    return append(imap::view_of(*section));
  }

  Added append(std::string_view octets) {
    if (octets.size() > message_max_octets_ - message_.size()) return std::unexpected(too_big());
    message_ += octets;
    return {};
  }

  /// Errors: no_such_message, whatever of the URL it is that names nothing; unavailable, io.
  std::expected<store::BlobLocation, store::StoreError> locate(const imap::MessageUrl& url) const {
    constexpr auto kNothing = std::unexpected(store::StoreError::no_such_message);
    if (!url.mailbox && !selected_) return kNothing;
    auto snapshot = store_.read(user_);
    if (!snapshot) return std::unexpected(snapshot.error());
    const auto mailbox = url.mailbox ? snapshot->mailbox(*url.mailbox) : snapshot->mailbox(*selected_);
    if (!mailbox)
      return mailbox.error() == store::StoreError::no_such_mailbox ? kNothing : std::unexpected(mailbox.error());
    if (url.uid_validity && *url.uid_validity != mailbox->uid_validity) return kNothing;
    const auto message = snapshot->message(mailbox->id, url.uid);
    if (!message) return std::unexpected(message.error());
    return snapshot->locate(*message);
  }

  static constexpr std::uint64_t kSourceMaxOctets = 268'435'456;  // read whole, whatever is taken of it

  const store::Store& store_;
  const UserId user_;
  const std::optional<MailboxId> selected_;
  const std::uint64_t message_max_octets_;
  std::string message_;
};

}  // namespace

std::expected<std::string, Reply> catenate(const store::Store& store, UserId user,
                                           std::optional<MailboxId> selected, std::vector<imap::CatenatePart> parts,
                                           std::uint64_t message_max_octets) {
  return Catenation{store, user, selected, message_max_octets}.run(std::move(parts));
}

}  // namespace posthaste::imapd
