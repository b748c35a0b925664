#include "imapd/search/search_keys.h"

#include <memory>
#include <utility>
#include <variant>

#include "imapd/answers/flags.h"

namespace posthaste::imapd {
namespace {

reading::DateField to_reading(imap::SearchDateField field) {
  switch (field) {
    case imap::SearchDateField::internal: return reading::DateField::received;
    case imap::SearchDateField::sent: return reading::DateField::sent;
    case imap::SearchDateField::saved: return reading::DateField::saved;
  }
  std::unreachable();
}

reading::DateRelation to_reading(imap::SearchDateRelation relation) {
  switch (relation) {
    case imap::SearchDateRelation::before: return reading::DateRelation::before;
    case imap::SearchDateRelation::on: return reading::DateRelation::on;
    case imap::SearchDateRelation::since: return reading::DateRelation::since;
  }
  std::unreachable();
}

reading::SortKey to_reading(imap::SortKey key) {
  switch (key) {
    case imap::SortKey::arrival: return reading::SortKey::arrival;
    case imap::SortKey::cc: return reading::SortKey::cc;
    case imap::SortKey::date: return reading::SortKey::date;
    case imap::SortKey::from: return reading::SortKey::from;
    case imap::SortKey::size: return reading::SortKey::size;
    case imap::SortKey::subject: return reading::SortKey::subject;
    case imap::SortKey::to: return reading::SortKey::to;
    case imap::SortKey::display_from: return reading::SortKey::display_from;
    case imap::SortKey::display_to: return reading::SortKey::display_to;
  }
  std::unreachable();
}

/// One overload for each kind of key. Sets that many keys may name are held once.
struct Translator {
  const SearchContext& context;
  std::shared_ptr<const mailbox::UidSet> saved = std::make_shared<mailbox::UidSet>(context.mailbox.saved_result);
  std::shared_ptr<const mailbox::UidSet> recent = std::make_shared<mailbox::UidSet>(context.mailbox.recent);

  [[nodiscard]] reading::Condition condition(const imap::SearchKey& key) const {
    return std::visit(*this, key.value);
  }
  [[nodiscard]] std::vector<reading::Condition> conditions(const std::vector<imap::SearchKey>& keys) const {
    std::vector<reading::Condition> all;
    all.reserve(keys.size());
    for (const auto& key : keys) all.push_back(condition(key));
    return all;
  }

  reading::Condition operator()(const imap::SearchAll&) const { return {reading::Always{true}}; }
  reading::Condition operator()(const imap::SearchRecent&) const { return {reading::IsOneOf{recent}}; }
  reading::Condition operator()(const imap::SearchSaveDateSupported&) const { return {reading::Always{true}}; }
  reading::Condition operator()(const imap::SearchThreadId&) const { return {reading::Always{false}}; }
  reading::Condition operator()(const imap::SearchModSeq& key) const { return {reading::HasChanged{key.at_least}}; }
  reading::Condition operator()(const imap::SearchNumbers& key) const {
    if (key.set.saved_result) return {reading::IsOneOf{saved}};
    const UidRuns& messages = context.mailbox.messages;
    const bool by_uid = key.numbered_by == imap::NumberedBy::uid;
    const auto largest_uid = messages.last();
    const auto numbers = imap::resolve(key.set, by_uid ? number(largest_uid.value_or(Uid{0})) : messages.size());
    auto uids = by_uid ? to_uid_set(numbers) : messages.reaches(numbers);
    return {reading::IsOneOf{std::make_shared<mailbox::UidSet>(std::move(uids))}};
  }
  reading::Condition operator()(const imap::SearchSystemFlag& key) const {
    return {reading::HasFlag{to_store(key.flag)}};
  }
  reading::Condition operator()(const imap::SearchKeyword& key) const { return {reading::HasKeyword{key.keyword}}; }
  reading::Condition operator()(const imap::SearchDate& key) const {
    return {reading::HasDay{to_reading(key.field), to_reading(key.relation), std::chrono::sys_days{key.date}}};
  }
  reading::Condition operator()(const imap::SearchHeader& key) const {
    return {reading::HeaderHolds{key.field_name, key.text}};
  }
  reading::Condition operator()(const imap::SearchText& key) const {
    const bool in_header = key.field == imap::SearchTextField::header_and_body;
    return {
        reading::TextHolds{in_header ? reading::TextPlace::header_and_body : reading::TextPlace::body, key.text}};
  }
  reading::Condition operator()(const imap::SearchSize& key) const {
    const bool larger = key.relation == imap::SearchSizeRelation::larger;
    return {reading::HasSize{larger ? reading::SizeRelation::larger : reading::SizeRelation::smaller, key.octets}};
  }
  reading::Condition operator()(const imap::SearchAge& key) const {
    const bool younger = key.relation == imap::SearchAgeRelation::younger;  // RFC 5032 §1: it includes the edge
    return {reading::CameIn{younger ? reading::TimeRelation::since : reading::TimeRelation::before,
                            context.now - key.interval}};
  }
  reading::Condition operator()(const imap::SearchEmailId& key) const {
    const auto blob = context.email_ids->blob_of(key.id);
    if (!blob) return {reading::Always{false}};
    return {reading::IsCopyOf{*blob}};
  }
  reading::Condition operator()(const imap::SearchAnd& key) const { return {reading::AllOf{conditions(key.keys)}}; }
  reading::Condition operator()(const imap::SearchOr& key) const { return {reading::AnyOf{conditions(key.keys)}}; }
  reading::Condition operator()(const imap::SearchNot& key) const { return {reading::Not{conditions(key.key)}}; }
};

/// Adds up what each kind of key demands.
struct Census {
  SearchDemands& demands;

  void count(const std::vector<imap::SearchKey>& keys) const {
    for (const auto& key : keys) std::visit(*this, key.value);
  }
  void operator()(const imap::SearchNumbers& key) const {
    demands.uses_sequence_numbers |= !key.set.saved_result && key.numbered_by == imap::NumberedBy::sequence_number;
  }
  void operator()(const imap::SearchModSeq&) const { demands.uses_mod_seq = true; }
  void operator()(const imap::SearchEmailId&) const { demands.uses_email_ids = true; }
  void operator()(const imap::SearchHeader&) const { ++demands.texts; }
  void operator()(const imap::SearchText&) const { ++demands.texts; }
  void operator()(const imap::SearchAnd& key) const { count(key.keys); }
  void operator()(const imap::SearchOr& key) const { count(key.keys); }
  void operator()(const imap::SearchNot& key) const { count(key.key); }
  void operator()(const auto&) const {}
};

}  // namespace

SearchDemands demands_of(const imap::SearchAnd& program) {
  SearchDemands demands;
  Census{demands}(program);
  return demands;
}

reading::AllOf conditions_of(const imap::SearchAnd& program, const SearchContext& context) {
  return {Translator{context}.conditions(program.keys)};
}

std::vector<reading::SortCriterion> criteria_of(const std::vector<imap::SortCriterion>& criteria) {
  std::vector<reading::SortCriterion> all;
  all.reserve(criteria.size());
  for (const auto& each : criteria) all.push_back({to_reading(each.key), each.reverse});
  return all;
}

reading::ThreadAlgorithm algorithm_of(imap::ThreadAlgorithm algorithm) {
  switch (algorithm) {
    case imap::ThreadAlgorithm::ordered_subject: return reading::ThreadAlgorithm::ordered_subject;
    case imap::ThreadAlgorithm::references: return reading::ThreadAlgorithm::references;
  }
  std::unreachable();
}

}  // namespace posthaste::imapd
