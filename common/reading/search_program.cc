#include "imapd/search_program.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "common/base/octets.h"
#include "common/mime/cached_fields.h"
#include "common/mime/date.h"
#include "imapd/flags.h"
#include "imapd/search_text.h"

namespace posthaste::imapd {
namespace {

using std::chrono::sys_days;

SearchTest by_row(std::function<bool(const mailbox::Message&)> matches) {
  return {SearchCost::row,
          [matches = std::move(matches)](Candidate& candidate) { return matches(candidate.message); }};
}

SearchTest always(bool result) {
  return by_row([result](const mailbox::Message&) { return result; });
}

bool is_cached(const std::string& field_name) {
  return std::ranges::any_of(mime::kCachedFields,
                             [&field_name](const std::string& cached) { return iequals(cached, field_name); });
}

/// A header that has the field if the message has it: the cache when it covers it, else the message's own.
std::string_view header_with(Candidate& candidate, const std::string& field_name) {
  if (!candidate.header_cache.empty() && is_cached(field_name)) return candidate.header_cache;
  return candidate.reader.header().value_or(std::string_view{});
}

bool holds(imap::SearchDateRelation relation, sys_days day, sys_days asked) {
  switch (relation) {
    case imap::SearchDateRelation::before: return day < asked;
    case imap::SearchDateRelation::on: return day == asked;
    case imap::SearchDateRelation::since: return day >= asked;
  }
  std::unreachable();
}

/// The calendar day at that instant in that zone: SEARCH disregards time and zone (RFC 9051 §6.4.4).
sys_days day_of(std::chrono::sys_seconds instant, std::chrono::minutes zone) {
  return std::chrono::floor<std::chrono::days>(instant + zone);
}

std::optional<sys_days> sent_day(Candidate& candidate) {
  auto& known = candidate.sent.day;
  if (!known) {
    const auto field = mime::find_value(header_with(candidate, "Date"), "Date");
    const auto sent = field ? mime::parse_date_time(*field) : std::nullopt;
    known.emplace(sent ? std::optional(day_of(sent->time, sent->zone)) : std::nullopt);
  }
  return *known;
}

/// False when the message cannot be read, or there is no memory for it.
bool read_all(Candidate& candidate) {
  if (!candidate.memory.grow_to(candidate.reader.blob().octets())) {
    candidate.out_of_memory = true;
    return false;
  }
  return candidate.reader.structure().has_value();
}

bool is_in_header(Candidate& candidate, const std::vector<SoughtText>& texts, std::size_t which) {
  auto& found = candidate.found_texts.in_header;
  if (!found) {
    TextScan scan{texts};
    if (const auto header = candidate.reader.header()) scan_header(*header, scan);
    const auto message = candidate.reader.all();
    const auto root = candidate.reader.structure();
    if (message && root) scan_part_headers(*message, **root, scan);
    found = scan.found();
  }
  return (*found)[which];
}

bool is_in_body(Candidate& candidate, const std::vector<SoughtText>& texts, std::size_t which) {
  auto& found = candidate.found_texts.in_body;
  if (!found) {
    TextScan scan{texts};
    const auto message = candidate.reader.all();
    const auto root = candidate.reader.structure();
    if (!message || !root) return false;
    if (!scan_body(*message, **root, scan, candidate.memory)) candidate.out_of_memory = true;
    found = scan.found();
  }
  return (*found)[which];
}

/// One overload for each kind of key.
struct Compiler {
  const SearchContext& context;
  std::shared_ptr<std::vector<SoughtText>> texts = std::make_shared<std::vector<SoughtText>>();  // of TEXT and BODY

  [[nodiscard]] SearchTest test(const imap::SearchKey& key) const { return std::visit(*this, key.value); }

  [[nodiscard]] std::vector<SearchTest> tests(const std::vector<imap::SearchKey>& keys) const {
    std::vector<SearchTest> all;
    for (const auto& key : keys) all.push_back(test(key));
    std::ranges::stable_sort(all, {}, &SearchTest::cost);
    return all;
  }

  SearchTest operator()(const imap::SearchAll&) const { return always(true); }
  SearchTest operator()(const imap::SearchRecent&) const {
    return by_row([recent = context.mailbox.recent](const mailbox::Message& message) {
      return recent.contains(message.uid);
    });
  }
  SearchTest operator()(const imap::SearchSaveDateSupported&) const { return always(true); }
  SearchTest operator()(const imap::SearchThreadId&) const { return always(false); }
  SearchTest operator()(const imap::SearchModSeq& key) const {
    return by_row([least = key.at_least](const mailbox::Message& message) { return message.modseq >= least; });
  }

  SearchTest operator()(const imap::SearchNumbers& key) const {
    const UidRuns& messages = context.mailbox.messages;
    if (key.set.saved_result) {
      return by_row([saved = context.mailbox.saved_result](const mailbox::Message& message) {
        return saved.contains(message.uid);
      });
    }
    const bool by_uid = key.numbered_by == imap::NumberedBy::uid;
    const auto largest_uid = messages.last();
    auto numbers = imap::resolve(key.set, by_uid ? number(largest_uid.value_or(Uid{0})) : messages.size());
    if (by_uid) {
      return by_row([numbers = std::move(numbers)](const mailbox::Message& message) {
        return numbers.contains(number(message.uid));
      });
    }
    return by_row([&messages, numbers = std::move(numbers)](const mailbox::Message& message) {
      const auto sequence_number = messages.sequence_number(message.uid);
      return sequence_number && numbers.contains(number(*sequence_number));
    });
  }
  SearchTest operator()(const imap::SearchSystemFlag& key) const {
    return by_row(
        [flag = to_store(key.flag)](const mailbox::Message& message) { return message.flags.contains(flag); });
  }
  SearchTest operator()(const imap::SearchKeyword& key) const {
    const auto known = std::ranges::find_if(
        context.keywords, [&key](const std::string& keyword) { return iequals(keyword, key.keyword); });
    if (known == context.keywords.end()) return always(false);
    const auto position = static_cast<std::size_t>(known - context.keywords.begin());
    return by_row([position](const mailbox::Message& message) { return message.keywords.test(position); });
  }
  SearchTest operator()(const imap::SearchSize& key) const {
    return by_row([key](const mailbox::Message& message) {
      return key.relation == imap::SearchSizeRelation::larger ? message.octets > key.octets
                                                              : message.octets < key.octets;
    });
  }
  SearchTest operator()(const imap::SearchAge& key) const {
    return by_row([key, edge = context.now - key.interval](const mailbox::Message& message) {
      const bool younger = message.internal_date.at >= edge;  // RFC 5032 §1: YOUNGER includes the edge
      return younger == (key.relation == imap::SearchAgeRelation::younger);
    });
  }
  SearchTest operator()(const imap::SearchEmailId& key) const {
    const auto blob = context.email_ids->blob_of(key.id);
    if (!blob) return always(false);
    return by_row([blob = *blob](const mailbox::Message& message) { return message.blob == blob; });
  }

  SearchTest operator()(const imap::SearchDate& key) const {
    const sys_days asked{key.date};
    const auto relation = key.relation;
    switch (key.field) {
      case imap::SearchDateField::internal:
        return by_row([relation, asked](const mailbox::Message& message) {
          const std::chrono::minutes zone{message.internal_date.zone_minutes};
          return holds(relation, day_of(message.internal_date.at, zone), asked);
        });
      case imap::SearchDateField::saved:
        return by_row([relation, asked](const mailbox::Message& message) {
          return holds(relation, day_of(message.save_date, std::chrono::minutes{0}), asked);
        });
      case imap::SearchDateField::sent:
        return {SearchCost::summary, [relation, asked](Candidate& candidate) {
                  const auto day = sent_day(candidate);
                  return day && holds(relation, *day, asked);
                }};
    }
    std::unreachable();
  }

  SearchTest operator()(const imap::SearchHeader& key) const {
    const auto cost = is_cached(key.field_name) ? SearchCost::summary : SearchCost::message;
    return {cost, [name = key.field_name, text = std::make_shared<SoughtText>(key.text)](Candidate& candidate) {
              return field_contains(header_with(candidate, name), name, *text);
            }};
  }
  SearchTest operator()(const imap::SearchText& key) const {
    const bool in_header = key.field == imap::SearchTextField::header_and_body;
    const std::size_t which = texts->size();
    texts->emplace_back(key.text);
    return {SearchCost::message, [in_header, which, texts = texts](Candidate& candidate) {
              if (candidate.out_of_memory || !read_all(candidate)) return false;
              return (in_header && is_in_header(candidate, *texts, which)) || is_in_body(candidate, *texts, which);
            }};
  }

  SearchTest operator()(const imap::SearchAnd& key) const {
    auto all = tests(key.keys);
    const auto cost = all.empty() ? SearchCost::row : all.back().cost;
    return {cost, [all = std::move(all)](Candidate& candidate) {
              return std::ranges::all_of(all, [&](const SearchTest& each) { return each.matches(candidate); });
            }};
  }
  SearchTest operator()(const imap::SearchOr& key) const {
    auto all = tests(key.keys);
    const auto cost = all.empty() ? SearchCost::row : all.back().cost;
    return {cost, [all = std::move(all)](Candidate& candidate) {
              return std::ranges::any_of(all, [&](const SearchTest& each) { return each.matches(candidate); });
            }};
  }
  SearchTest operator()(const imap::SearchNot& key) const {
    auto inner = test(key.key.front());
    const auto cost = inner.cost;
    return {cost, [inner = std::move(inner)](Candidate& candidate) { return !inner.matches(candidate); }};
  }
};

/// Adds up what each kind of key demands.
struct Census {
  SearchDemands& demands;

  void count(const std::vector<imap::SearchKey>& keys) const {
    demands.keys += keys.size();
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

std::vector<SearchTest> compile_search(const imap::SearchAnd& program, const SearchContext& context) {
  return Compiler{context}.tests(program.keys);
}

}  // namespace posthaste::imapd
