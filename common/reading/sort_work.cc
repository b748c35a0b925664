#include "common/reading/sort_work.h"

#include <algorithm>
#include <utility>

#include "common/base/release.h"
#include "common/mime/address.h"
#include "common/mime/casemap.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"
#include "common/reading/base_subject.h"
#include "common/reading/limits.h"

namespace posthaste::reading {
namespace {

constexpr std::size_t kGroupMarks = 2;  // its begin and its end

/// Eight octets that compare as the numbers do.
std::string ordered(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63U);
  std::string octets;
  for (int shift = 56; shift >= 0; shift -= 8) octets.push_back(static_cast<char>(bits >> shift & 0xFFU));
  return octets;
}

/// Octets, with an end of their own, that compare as the texts do by i;unicode-casemap.
std::string ordered(std::string_view text) {
  std::string octets = mime::casemap(text.substr(0, kSortTextMaxOctets));
  std::erase(octets, '\0');
  octets.push_back('\0');
  return octets;
}

/// The first address that a field of this name has, as in the envelope: of a group, the mark that begins it.
std::optional<mime::Address> first_address(std::string_view header, std::string_view field_name) {
  for (const mime::Field& field : mime::find_fields(header, field_name)) {
    auto addresses = mime::parse_address_list(field.body, 1);
    if (addresses.empty()) addresses = mime::parse_address_list(field.body, kGroupMarks);
    if (!addresses.empty()) return std::move(addresses.front());
  }
  return std::nullopt;
}

/// Of a group, its name (RFC 9051 §7.5.2), which is a phrase.
std::string addr_mailbox(const mime::Address& address) {
  std::string mailbox = address.mailbox.value_or("");
  return address.starts_group() ? mime::decode_encoded_words(mailbox) : mailbox;
}

std::string addr_mailbox(std::string_view header, std::string_view field_name) {
  const auto address = first_address(header, field_name);
  return address ? addr_mailbox(*address) : "";
}

/// RFC 5957 §3.
std::string display(std::string_view header, std::string_view field_name) {
  const auto address = first_address(header, field_name);
  if (!address) return {};
  std::string name = mime::decode_encoded_words(address->display_name.value_or(""));
  if (!name.empty()) return name;
  const std::string mailbox = addr_mailbox(*address);
  const std::string host = address->host.value_or("");
  return host.empty() ? mailbox : mailbox + "@" + host;
}

std::string part_of_key(SortKey key, const mailbox::Message& message, std::string_view header) {
  switch (key) {
    case SortKey::arrival: return ordered(message.internal_date.at.time_since_epoch().count());
    case SortKey::date: return ordered(sent_date(message, header).time_since_epoch().count());
    case SortKey::size: return ordered(std::int64_t{message.octets});
    case SortKey::subject: return ordered(base_subject(mime::find_value(header, "Subject").value_or("")).text);
    case SortKey::cc: return ordered(addr_mailbox(header, "Cc"));
    case SortKey::from: return ordered(addr_mailbox(header, "From"));
    case SortKey::to: return ordered(addr_mailbox(header, "To"));
    case SortKey::display_from: return ordered(display(header, "From"));
    case SortKey::display_to: return ordered(display(header, "To"));
  }
  std::unreachable();
}

}  // namespace

std::string sort_key(const std::vector<SortCriterion>& criteria, const mailbox::Message& message,
                     std::string_view header) {
  std::string key;
  for (const auto& criterion : criteria) {
    std::string part = part_of_key(criterion.key, message, header);
    if (criterion.reverse) std::ranges::transform(part, part.begin(), [](char c) { return static_cast<char>(~c); });
    key += part;
  }
  return key;
}

SortWork::SortWork(const mailbox::Reader& store, UserId user, MailboxId mailbox,
                   std::vector<SortCriterion> criteria, mailbox::UidSet uids, daemon::MemoryBudget& budget)
    : criteria_(std::move(criteria)),
      walk_(store, user, mailbox, std::move(uids), criteria_.size()),
      memory_(budget),
      done_(walk_.done()) {}

std::expected<void, mailbox::StoreError> SortWork::step() {
  const auto add = [this](const mailbox::Message& message, std::string_view header) {
    std::string key = sort_key(criteria_, message, header);
    octets_ += sizeof(Entry) + key.size();
    entries_.push_back({std::move(key), message.uid});
  };
  auto stepped = walk_.step(add);
  if (!stepped) return stepped;
  too_large_ = octets_ > kSortMemoryMaxOctets || !memory_.grow_to(octets_);
  done_ = too_large_ || walk_.done();
  if (!done_) return {};
  if (too_large_) entries_.clear();
  sort_entries();
  return {};
}

void SortWork::sort_entries() {
  std::ranges::sort(entries_, {}, [](const Entry& entry) { return std::tie(entry.key, entry.uid); });
  result_.reserve(entries_.size());
  for (const Entry& entry : entries_) result_.push_back(entry.uid);
  release(entries_);
  memory_.shrink_to(result_.size() * kAnswerOctets);
}

}  // namespace posthaste::reading
