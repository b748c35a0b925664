#include "imapd/commands/catenate.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <variant>

#include "common/base/octets.h"
#include "common/base/release.h"
#include "common/imap/message_url.h"
#include "common/imap/section.h"
#include "common/reading/message_reader.h"

namespace posthaste::imapd {
namespace {

bool chooses_fields(const imap::Section& section) {
  return section.text == imap::SectionText::header_fields || section.text == imap::SectionText::header_fields_not;
}

std::size_t parts_of(const mime::Part& root) {
  std::size_t parts = 1;
  for (const mime::Part& child : root.children) parts += parts_of(child);
  return parts;
}

class Catenation {
 public:
  Catenation(const mailbox::Reader& store, UserId user, std::optional<MailboxId> selected,
             std::uint64_t message_max_octets, daemon::MemoryBudget& budget)
      : store_(store),
        user_(user),
        selected_(selected),
        message_max_octets_(message_max_octets),
        budget_(budget),
        structures_(budget),
        memory_(budget) {}

  std::expected<std::string, Reply> run(std::vector<imap::CatenatePart> parts) && {
    for (auto& part : parts) {
      auto added = std::visit([this](auto& each) { return add(each); }, part);
      if (!added) return std::unexpected(std::move(added.error()));
    }
    return std::move(message_);
  }

 private:
  using Added = std::expected<void, Reply>;
  /// A message that URLs name.
  struct Source {
    Source(reading::MessageReader its_reader, const mime::Part& its_root)
        : reader(std::move(its_reader)), root(its_root) {}
    reading::MessageReader reader;
    mime::Part root;
  };

  Added add(imap::CatenateText& text) {
    auto added = append(text.octets);
    release(text.octets);
    return added;
  }

  Added add(const imap::CatenateUrl& part) {
    const auto url = imap::parse_message_url(part.url);
    if (!url) return std::unexpected(bad_url(part.url));
    auto blob = find(*url);
    if (!blob && blob.error() == mailbox::StoreError::no_such_message) {
      return std::unexpected(bad_url(part.url));
    }
    if (!blob) return std::unexpected(reply_for(blob.error()));
    if (blob->octets() > kSourceMaxOctets) return std::unexpected(reply_for(Refusal::large_message));
    auto kept = keep(*blob);
    if (!kept) return std::unexpected(kept.error());
    const imap::Section& section = url->part.section;
    if (chooses_fields(section)) return add_fields(part, url->part);
    const auto place = imap::section_extent(source_->root, section);
    if (!place) return std::unexpected(bad_url(part.url));
    return append_of(*place, url->part.partial);
  }

  /// A message that URLs have named before is not parsed again: its structure was kept.
  Added keep(const mailbox::Blob& blob) {
    const auto known = sources_.find(blob.id());
    if (known != sources_.end()) {
      source_ = &known->second;
      return {};
    }
    daemon::MemoryBudget::Share memory{budget_};
    if (!memory.grow_to(blob.octets())) return std::unexpected(reply_for(Refusal::many_at_once));
    reading::MessageReader whole{store_, user_, blob};
    const auto root = whole.structure();
    if (!root) return std::unexpected(reply_for(root.error()));
    if (!structures_.grow_to(structures_.octets() + kPartOctets * parts_of(**root))) {
      return std::unexpected(reply_for(Refusal::many_at_once));
    }
    source_ = &sources_.try_emplace(blob.id(), reading::MessageReader{store_, user_, blob}, **root).first->second;
    return {};
  }

  /// Only the octets that are wanted are read.
  Added append_of(const mime::Extent& place, const std::optional<imap::Partial>& partial) {
    const std::uint64_t skipped = partial ? std::min<std::uint64_t>(partial->offset, place.octets) : 0;
    const std::uint64_t rest = place.octets - skipped;
    const std::uint64_t wanted = partial ? std::min<std::uint64_t>(partial->octets, rest) : rest;
    if (wanted > message_max_octets_ - message_.size()) return std::unexpected(reply_for(Refusal::large_message));
    const auto octets = source_->reader.read(place.offset + skipped, wanted);
    if (!octets) return std::unexpected(reply_for(octets.error()));
    if (octets->size() != wanted) return std::unexpected(reply_for(mailbox::StoreError::io));
    return append(*octets);
  }

  /// Each time the header is walked; a command may not have more of them walked than so.
  Added add_fields(const imap::CatenateUrl& part, const imap::FetchBody& wanted) {
    imap::Section header = wanted.section;
    header.text = imap::SectionText::header;
    const auto place = imap::section_extent(source_->root, header);
    if (!place) return std::unexpected(bad_url(part.url));
    walked_octets_ += place->octets;
    if (walked_octets_ > kWalkedMaxOctets) return std::unexpected(reply_for(Refusal::many_large_headers));
    const auto octets = source_->reader.read(place->offset, place->octets);
    if (!octets) return std::unexpected(reply_for(octets.error()));
    mime::Part root;
    root.header = {0, octets->size()};
    imap::Section own = wanted.section;
    own.parts.clear();
    const auto chosen = imap::cut_section(*octets, root, own, wanted.partial);
    if (!chosen) return std::unexpected(bad_url(part.url));
    return append(imap::view_of(*chosen));
  }

  Added append(std::string_view octets) {
    if (octets.size() > message_max_octets_ - message_.size())
      return std::unexpected(reply_for(Refusal::large_message));
    if (!memory_.grow_to(message_.size() + octets.size())) return std::unexpected(reply_for(Refusal::many_at_once));
    message_ += octets;
    return {};
  }

  /// Errors: no_such_message, whatever of the URL it is that names nothing; unavailable, io.
  std::expected<mailbox::Blob, mailbox::StoreError> find(const imap::MessageUrl& url) const {
    constexpr auto kNothing = std::unexpected(mailbox::StoreError::no_such_message);
    if (!url.mailbox && !selected_) return kNothing;
    auto snapshot = store_.read(user_);
    if (!snapshot) return std::unexpected(snapshot.error());
    const auto mailbox = url.mailbox ? snapshot->mailbox(*url.mailbox) : snapshot->mailbox(*selected_);
    if (!mailbox)
      return mailbox.error() == mailbox::StoreError::no_such_mailbox ? kNothing : std::unexpected(mailbox.error());
    if (url.uid_validity && *url.uid_validity != mailbox->uid_validity) return kNothing;
    const auto message = snapshot->message(mailbox->id, url.uid);
    if (!message) return std::unexpected(message.error());
    return snapshot->find_blob(*message);
  }

  static constexpr std::uint64_t kSourceMaxOctets = 268'435'456;  // read whole once, whatever is taken of it
  static constexpr std::uint64_t kWalkedMaxOctets = 268'435'456;  // headers that fields are chosen from
  static constexpr std::size_t kPartOctets = 1'024;               // a part's place in a structure, about

  const mailbox::Reader& store_;
  const UserId user_;
  const std::optional<MailboxId> selected_;
  const std::uint64_t message_max_octets_;
  daemon::MemoryBudget& budget_;
  daemon::MemoryBudget::Share structures_;
  std::unordered_map<BlobId, Source> sources_;
  Source* source_ = nullptr;
  std::uint64_t walked_octets_ = 0;
  daemon::MemoryBudget::Share memory_;  // for message_
  std::string message_;
};

}  // namespace

std::expected<std::string, Reply> catenate(const mailbox::Reader& store, UserId user,
                                           std::optional<MailboxId> selected, std::vector<imap::CatenatePart> parts,
                                           std::uint64_t message_max_octets, daemon::MemoryBudget& memory) {
  return Catenation{store, user, selected, message_max_octets, memory}.run(std::move(parts));
}

}  // namespace posthaste::imapd
