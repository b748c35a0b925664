#include "common/imap/search.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"
#include "common/imap/date.h"
#include "common/mime/charset.h"

namespace posthaste::imap {

bool SearchAnd::operator==(const SearchAnd&) const = default;
bool SearchOr::operator==(const SearchOr&) const = default;
bool SearchNot::operator==(const SearchNot&) const = default;

namespace {

constexpr std::size_t kObjectIdMaxOctets = 255;  // RFC 8474 §7

// What a program may still cost.
struct Budget {
  std::size_t keys = kSearchKeysMax;
};

Parsed<SearchKey> search_key(Cursor& cursor, Budget& budget, std::size_t depth);

SearchKey negated(SearchKey key) {
  SearchNot negation;
  negation.key.push_back(std::move(key));
  return SearchKey{std::move(negation)};
}

// SP astring, in the charset of the whole program: ToUtf8 reads it at the end.
Parsed<std::string> search_text(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  return cursor.astring();
}

// Makes UTF-8 of each text in a program; false when one is not in the program's charset.
struct ToUtf8 {
  std::string_view charset;

  bool read(std::vector<SearchKey>& keys) const {
    return std::ranges::all_of(keys, [this](SearchKey& key) { return std::visit(*this, key.value); });
  }
  bool read(std::string& text) const {
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
    if (iequals(charset, "UTF-8") || iequals(charset, "US-ASCII")) return is_utf8(text);
    text = mime::to_utf8(charset, text);
    return !text.contains(kReplacement);
  }
  bool operator()(SearchHeader& key) const { return read(key.text); }
  bool operator()(SearchText& key) const { return read(key.text); }
  bool operator()(SearchAnd& key) const { return read(key.keys); }
  bool operator()(SearchOr& key) const { return read(key.keys); }
  bool operator()(SearchNot& key) const { return read(key.key); }
  bool operator()(auto&) const { return true; }
};

// The rules below read what follows the key called `name`.

Parsed<SearchKey> all(Cursor& /*cursor*/, std::string_view /*name*/) { return SearchKey{SearchAll{}}; }

template <SystemFlag flag>
Parsed<SearchKey> system_flag(Cursor& /*cursor*/, std::string_view /*name*/) {
  return SearchKey{SearchSystemFlag{flag}};
}

template <SystemFlag flag>
Parsed<SearchKey> no_system_flag(Cursor& /*cursor*/, std::string_view /*name*/) {
  return negated(SearchKey{SearchSystemFlag{flag}});
}

Parsed<SearchKey> keyword(Cursor& cursor, std::string_view /*name*/) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto name = flag_keyword(cursor);
  if (!name) return std::unexpected(name.error());
  return SearchKey{SearchKeyword{std::move(*name)}};
}

Parsed<SearchKey> no_keyword(Cursor& cursor, std::string_view name) {
  auto key = keyword(cursor, name);
  if (!key) return key;
  return negated(std::move(*key));
}

Parsed<SearchKey> recent(Cursor& /*cursor*/, std::string_view /*name*/) { return SearchKey{SearchRecent{}}; }

Parsed<SearchKey> old(Cursor& /*cursor*/, std::string_view /*name*/) { return negated(SearchKey{SearchRecent{}}); }

// "Functionally equivalent to (RECENT UNSEEN)" (RFC 3501 §6.4.4).
Parsed<SearchKey> recent_and_unseen(Cursor& /*cursor*/, std::string_view /*name*/) {
  SearchAnd both;
  both.keys.push_back(SearchKey{SearchRecent{}});
  both.keys.push_back(negated(SearchKey{SearchSystemFlag{SystemFlag::seen}}));
  return SearchKey{std::move(both)};
}

template <SearchDateField field, SearchDateRelation relation>
Parsed<SearchKey> dated(Cursor& cursor, std::string_view /*name*/) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto day = date(cursor);
  if (!day) return std::unexpected(day.error());
  return SearchKey{SearchDate{field, relation, *day}};
}

Parsed<SearchKey> save_date_supported(Cursor& /*cursor*/, std::string_view /*name*/) {
  return SearchKey{SearchSaveDateSupported{}};
}

Parsed<SearchKey> header(Cursor& cursor, std::string_view /*name*/) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto field_name = cursor.astring();
  if (!field_name) return std::unexpected(field_name.error());
  auto text = search_text(cursor);
  if (!text) return std::unexpected(text.error());
  return SearchKey{SearchHeader{std::move(*field_name), std::move(*text)}};
}

Parsed<SearchKey> header_called(Cursor& cursor, std::string_view name) {
  auto text = search_text(cursor);
  if (!text) return std::unexpected(text.error());
  return SearchKey{SearchHeader{std::string(name), std::move(*text)}};
}

template <SearchTextField field>
Parsed<SearchKey> text_in(Cursor& cursor, std::string_view /*name*/) {
  auto text = search_text(cursor);
  if (!text) return std::unexpected(text.error());
  return SearchKey{SearchText{field, std::move(*text)}};
}

template <SearchSizeRelation relation>
Parsed<SearchKey> sized(Cursor& cursor, std::string_view /*name*/) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto octets = cursor.number64();
  if (!octets) return std::unexpected(octets.error());
  return SearchKey{SearchSize{relation, *octets}};
}

template <SearchAgeRelation relation>
Parsed<SearchKey> aged(Cursor& cursor, std::string_view /*name*/) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto seconds = cursor.nz_number();
  if (!seconds) return std::unexpected(seconds.error());
  return SearchKey{SearchAge{relation, std::chrono::seconds{*seconds}}};
}

Parsed<SearchKey> uid(Cursor& cursor, std::string_view /*name*/) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto set = sequence_set(cursor);
  if (!set) return std::unexpected(set.error());
  return SearchKey{SearchNumbers{NumberedBy::uid, std::move(*set)}};
}

// search-modseq-ext (RFC 7162 §7), which we read and do not need: a message has one mod-sequence for all its flags.
Parsed<void> mod_seq_entry(Cursor& cursor) {
  if (auto entry = cursor.quoted(); !entry) return std::unexpected(entry.error());
  if (auto gap = cursor.space(); !gap) return gap;
  if (!cursor.skip("priv") && !cursor.skip("shared") && !cursor.skip("all")) return cursor.error();
  return cursor.space();
}

Parsed<SearchKey> mod_seq(Cursor& cursor, std::string_view /*name*/) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (cursor.next_is('"')) {
    if (auto entry = mod_seq_entry(cursor); !entry) return std::unexpected(entry.error());
  }
  auto at_least = cursor.number64();
  if (!at_least) return std::unexpected(at_least.error());
  return SearchKey{SearchModSeq{ModSeq{*at_least}}};
}

// SP objectid (RFC 8474 §7)
template <typename Key>
Parsed<SearchKey> object_id(Cursor& cursor, std::string_view /*name*/) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  const auto start = cursor.offset();
  const auto id = cursor.take_while([](char c) { return is_alnum(c) || c == '_' || c == '-'; });
  if (id.empty()) return cursor.error();
  if (id.size() > kObjectIdMaxOctets) return cursor.error_at(start, SyntaxErrorKind::too_long);
  return SearchKey{Key{std::string(id)}};
}

struct KeyRule {
  std::string_view name;
  Parsed<SearchKey> (*rule)(Cursor&, std::string_view name);
};

using enum SearchDateField;
using enum SearchDateRelation;

// The keys that hold no other keys.
constexpr KeyRule kKeyRules[] = {
    {"ALL", all},
    {"ANSWERED", system_flag<SystemFlag::answered>},
    {"BCC", header_called},
    {"BEFORE", dated<internal, before>},
    {"BODY", text_in<SearchTextField::body>},
    {"CC", header_called},
    {"DELETED", system_flag<SystemFlag::deleted>},
    {"DRAFT", system_flag<SystemFlag::draft>},
    {"EMAILID", object_id<SearchEmailId>},
    {"FLAGGED", system_flag<SystemFlag::flagged>},
    {"FROM", header_called},
    {"HEADER", header},
    {"KEYWORD", keyword},
    {"LARGER", sized<SearchSizeRelation::larger>},
    {"MODSEQ", mod_seq},
    {"NEW", recent_and_unseen},
    {"OLD", old},
    {"OLDER", aged<SearchAgeRelation::older>},
    {"ON", dated<internal, on>},
    {"RECENT", recent},
    {"SAVEDATESUPPORTED", save_date_supported},
    {"SAVEDBEFORE", dated<saved, before>},
    {"SAVEDON", dated<saved, on>},
    {"SAVEDSINCE", dated<saved, since>},
    {"SEEN", system_flag<SystemFlag::seen>},
    {"SENTBEFORE", dated<sent, before>},
    {"SENTON", dated<sent, on>},
    {"SENTSINCE", dated<sent, since>},
    {"SINCE", dated<internal, since>},
    {"SMALLER", sized<SearchSizeRelation::smaller>},
    {"SUBJECT", header_called},
    {"TEXT", text_in<SearchTextField::header_and_body>},
    {"THREADID", object_id<SearchThreadId>},
    {"TO", header_called},
    {"UID", uid},
    {"UNANSWERED", no_system_flag<SystemFlag::answered>},
    {"UNDELETED", no_system_flag<SystemFlag::deleted>},
    {"UNDRAFT", no_system_flag<SystemFlag::draft>},
    {"UNFLAGGED", no_system_flag<SystemFlag::flagged>},
    {"UNKEYWORD", no_keyword},
    {"UNSEEN", no_system_flag<SystemFlag::seen>},
    {"YOUNGER", aged<SearchAgeRelation::younger>},
};

Parsed<SearchKey> numbers(Cursor& cursor) {
  auto set = sequence_set(cursor);
  if (!set) return std::unexpected(set.error());
  return SearchKey{SearchNumbers{NumberedBy::sequence_number, std::move(*set)}};
}

// search-key *(SP search-key), up to the end or to a ")".
Parsed<SearchAnd> search_keys(Cursor& cursor, Budget& budget, std::size_t depth) {
  SearchAnd all_of;
  do {
    auto key = search_key(cursor, budget, depth);
    if (!key) return std::unexpected(key.error());
    all_of.keys.push_back(std::move(*key));
    cursor.skip_spaces();
  } while (!cursor.at_end() && !cursor.next_is(')'));
  return all_of;
}

Parsed<SearchKey> parenthesized(Cursor& cursor, Budget& budget, std::size_t depth) {
  if (auto open = cursor.expect('('); !open) return std::unexpected(open.error());
  cursor.skip_spaces();
  auto keys = search_keys(cursor, budget, depth + 1);
  if (!keys) return std::unexpected(keys.error());
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  if (keys->keys.size() == 1) return std::move(keys->keys.front());
  return SearchKey{std::move(*keys)};
}

// What follows "NOT".
Parsed<SearchKey> not_key(Cursor& cursor, Budget& budget, std::size_t depth) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto key = search_key(cursor, budget, depth + 1);
  if (!key) return key;
  return negated(std::move(*key));
}

// What follows "OR". Clients that look for many things write "OR a OR b OR c d": such a chain is read in a loop
// and makes one level.
Parsed<SearchKey> or_keys(Cursor& cursor, Budget& budget, std::size_t depth) {
  SearchOr one_of;
  for (int operands = 2; operands > 0;) {
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
    if (operands == 1 && istarts_with(cursor.rest(), "OR ")) {
      cursor.skip("OR");
      operands = 2;
      continue;
    }
    auto key = search_key(cursor, budget, depth + 1);
    if (!key) return key;
    one_of.keys.push_back(std::move(*key));
    --operands;
  }
  return SearchKey{std::move(one_of)};
}

Parsed<SearchKey> search_key(Cursor& cursor, Budget& budget, std::size_t depth) {
  const auto start = cursor.offset();
  if (depth > kSearchDepthMax || budget.keys == 0) return cursor.error(SyntaxErrorKind::too_long);
  --budget.keys;
  if (cursor.next_is('(')) return parenthesized(cursor, budget, depth);
  if (cursor.next_is('*') || cursor.next_is('$')) return numbers(cursor);
  if (!cursor.at_end() && is_digit(cursor.rest().front())) return numbers(cursor);

  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  if (iequals(*name, "NOT")) return not_key(cursor, budget, depth);
  if (iequals(*name, "OR")) return or_keys(cursor, budget, depth);
  for (const auto& entry : kKeyRules) {
    if (iequals(*name, entry.name)) return entry.rule(cursor, entry.name);
  }
  return cursor.error_at(start, SyntaxErrorKind::syntax);
}

struct ReturnOption {
  std::string_view name;
  bool SearchReturn::*member;
};

constexpr ReturnOption kReturnOptions[] = {
    {"MIN", &SearchReturn::min},     {"MAX", &SearchReturn::max},   {"ALL", &SearchReturn::all},
    {"COUNT", &SearchReturn::count}, {"SAVE", &SearchReturn::save},
};

// search-return-opt, into `returns`. An option that we do not know is an error: the answer could not hold what it
// asks for.
Parsed<void> return_option(Cursor& cursor, SearchReturn& returns) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  for (const auto& option : kReturnOptions) {
    if (!iequals(*name, option.name)) continue;
    returns.*option.member = true;
    return {};
  }
  if (!iequals(*name, "PARTIAL") || returns.partial) return cursor.error_at(start, SyntaxErrorKind::syntax);
  if (auto gap = cursor.space(); !gap) return gap;
  auto range = partial_range(cursor);
  if (!range) return std::unexpected(range.error());
  returns.partial = *range;
  return {};
}

}  // namespace

Parsed<std::string> search_charset(Cursor& cursor) {
  const auto start = cursor.offset();
  auto name = cursor.astring();
  if (name && !mime::knows_charset(*name)) return cursor.error_at(start, SyntaxErrorKind::bad_charset);
  return name;
}

Parsed<SearchReturn> search_return(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  const auto start = cursor.offset();
  if (auto open = cursor.expect('('); !open) return std::unexpected(open.error());
  SearchReturn returns;
  cursor.skip_spaces();
  if (cursor.skip(')')) {
    returns.all = true;
    return returns;
  }
  do {
    if (auto option = return_option(cursor, returns); !option) return std::unexpected(option.error());
    if (cursor.skip(')')) break;
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
    cursor.skip_spaces();
  } while (!cursor.skip(')'));
  if (returns.partial && returns.all) return cursor.error_at(start, SyntaxErrorKind::syntax);  // RFC 9394 §3.1
  return returns;
}

Parsed<SearchAnd> search_program(Cursor& cursor, std::string_view charset) {
  const auto start = cursor.offset();
  if (cursor.rest().size() > kSearchProgramMaxOctets) return cursor.error(SyntaxErrorKind::too_long);
  Budget budget;
  auto program = search_keys(cursor, budget, 1);
  if (!program) return program;
  if (!ToUtf8{charset}.read(program->keys)) return cursor.error_at(start, SyntaxErrorKind::bad_charset);
  return program;
}

Parsed<Search> search(Cursor& cursor, NumberedBy numbered_by) {
  Search search;
  search.numbered_by = numbered_by;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (cursor.skip("RETURN")) {
    auto returns = search_return(cursor);
    if (!returns) return std::unexpected(returns.error());
    search.returns = *returns;
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  }
  std::string charset{kSearchCharset};
  if (cursor.skip("CHARSET")) {
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
    auto named = search_charset(cursor);
    if (!named) return std::unexpected(named.error());
    charset = std::move(*named);
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  }
  auto program = search_program(cursor, charset);
  if (!program) return std::unexpected(program.error());
  search.program = std::move(*program);
  return search;
}

}  // namespace posthaste::imap
