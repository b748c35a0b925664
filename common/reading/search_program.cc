#include "common/reading/search_program.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "common/base/octets.h"
#include "common/mime/cached_fields.h"
#include "common/mime/date.h"
#include "common/reading/search_text.h"

namespace posthaste::reading {
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

bool holds(DateRelation relation, sys_days day, sys_days asked) {
  switch (relation) {
    case DateRelation::before: return day < asked;
    case DateRelation::on: return day == asked;
    case DateRelation::since: return day >= asked;
  }
  std::unreachable();
}

/// The calendar day at that instant in that zone.
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

/// One overload for each kind of condition.
struct Compiler {
  const std::vector<std::string>& keywords;
  std::size_t conditions = 0;
  std::shared_ptr<std::vector<SoughtText>> texts = std::make_shared<std::vector<SoughtText>>();  // of TextHolds

  [[nodiscard]] SearchTest test(const Condition& condition) { return std::visit(*this, condition.value); }

  [[nodiscard]] std::vector<SearchTest> tests(const std::vector<Condition>& wanted) {
    conditions += wanted.size();
    std::vector<SearchTest> all;
    all.reserve(wanted.size());
    for (const Condition& each : wanted) all.push_back(test(each));
    std::ranges::stable_sort(all, {}, &SearchTest::cost);
    return all;
  }

  SearchTest operator()(const Always& condition) { return always(condition.holds); }
  SearchTest operator()(const IsOneOf& condition) {
    return by_row([uids = condition.uids](const mailbox::Message& message) { return uids->contains(message.uid); });
  }
  SearchTest operator()(const HasFlag& condition) {
    return by_row(
        [flag = condition.flag](const mailbox::Message& message) { return message.flags.contains(flag); });
  }
  SearchTest operator()(const HasKeyword& condition) {
    const auto known = std::ranges::find_if(
        keywords, [&condition](const std::string& keyword) { return iequals(keyword, condition.keyword); });
    if (known == keywords.end()) return always(false);
    const auto position = static_cast<std::size_t>(known - keywords.begin());
    return by_row([position](const mailbox::Message& message) { return message.keywords.test(position); });
  }
  SearchTest operator()(const HasDay& condition) {
    const auto relation = condition.relation;
    const auto asked = condition.day;
    switch (condition.field) {
      case DateField::received:
        return by_row([relation, asked](const mailbox::Message& message) {
          const std::chrono::minutes zone{message.internal_date.zone_minutes};
          return holds(relation, day_of(message.internal_date.at, zone), asked);
        });
      case DateField::saved:
        return by_row([relation, asked](const mailbox::Message& message) {
          return holds(relation, day_of(message.save_date, std::chrono::minutes{0}), asked);
        });
      case DateField::sent:
        return {SearchCost::summary, [relation, asked](Candidate& candidate) {
                  const auto day = sent_day(candidate);
                  return day && holds(relation, *day, asked);
                }};
    }
    std::unreachable();
  }
  SearchTest operator()(const CameIn& condition) {
    return by_row([condition](const mailbox::Message& message) {
      const bool since = message.internal_date.at >= condition.instant;
      return since == (condition.relation == TimeRelation::since);
    });
  }
  SearchTest operator()(const HasSize& condition) {
    return by_row([condition](const mailbox::Message& message) {
      return condition.relation == SizeRelation::larger ? message.octets > condition.octets
                                                        : message.octets < condition.octets;
    });
  }
  SearchTest operator()(const HasChanged& condition) {
    return by_row([since = condition.since](const mailbox::Message& message) { return message.modseq >= since; });
  }
  SearchTest operator()(const IsCopyOf& condition) {
    return by_row([blob = condition.blob](const mailbox::Message& message) { return message.blob == blob; });
  }

  SearchTest operator()(const HeaderHolds& condition) {
    const auto cost = is_cached(condition.field_name) ? SearchCost::summary : SearchCost::message;
    auto text = std::make_shared<SoughtText>(condition.text);
    return {cost, [name = condition.field_name, text = std::move(text)](Candidate& candidate) {
              return field_contains(header_with(candidate, name), name, *text);
            }};
  }
  SearchTest operator()(const TextHolds& condition) {
    const bool in_header = condition.place == TextPlace::header_and_body;
    const std::size_t which = texts->size();
    texts->emplace_back(condition.text);
    return {SearchCost::message, [in_header, which, texts = texts](Candidate& candidate) {
              if (candidate.out_of_memory || !read_all(candidate)) return false;
              return (in_header && is_in_header(candidate, *texts, which)) || is_in_body(candidate, *texts, which);
            }};
  }

  SearchTest operator()(const AllOf& condition) {
    auto all = tests(condition.conditions);
    const auto cost = all.empty() ? SearchCost::row : all.back().cost;
    return {cost, [all = std::move(all)](Candidate& candidate) {
              return std::ranges::all_of(all, [&](const SearchTest& each) { return each.matches(candidate); });
            }};
  }
  SearchTest operator()(const AnyOf& condition) {
    auto all = tests(condition.conditions);
    const auto cost = all.empty() ? SearchCost::row : all.back().cost;
    return {cost, [all = std::move(all)](Candidate& candidate) {
              return std::ranges::any_of(all, [&](const SearchTest& each) { return each.matches(candidate); });
            }};
  }
  SearchTest operator()(const Not& condition) {
    auto inner = std::move(tests(condition.condition).front());
    const auto cost = inner.cost;
    return {cost, [inner = std::move(inner)](Candidate& candidate) { return !inner.matches(candidate); }};
  }
};

}  // namespace

SearchProgram make_ready(const AllOf& wanted, const std::vector<std::string>& keywords) {
  Compiler compiler{keywords};
  auto tests = compiler.tests(wanted.conditions);
  return {std::move(tests), compiler.conditions};
}

}  // namespace posthaste::reading
