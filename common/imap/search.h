// SEARCH: its keys as a tree, and what it is to return (RFC 9051 §6.4.4).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/imap/flags.h"
#include "common/imap/numbering.h"
#include "common/imap/sequence_set.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kSearchProgramMaxOctets = 100'000;
inline constexpr std::size_t kSearchDepthMax = 64;  // nested NOT, OR and parentheses
inline constexpr std::size_t kSearchKeysMax = 10'000;

struct SearchKey;

/// ALL.
struct SearchAll {
  bool operator==(const SearchAll&) const = default;
};

/// The set's messages by sequence number, or by UID.
struct SearchNumbers {
  NumberedBy numbered_by = NumberedBy::sequence_number;
  SequenceSet set;
  bool operator==(const SearchNumbers&) const = default;
};

/// ANSWERED and its like; UNANSWERED is a SearchNot around it.
struct SearchSystemFlag {
  SystemFlag flag = SystemFlag::seen;
  bool operator==(const SearchSystemFlag&) const = default;
};

/// KEYWORD; UNKEYWORD is a SearchNot around it.
struct SearchKeyword {
  std::string keyword;
  bool operator==(const SearchKeyword&) const = default;
};

/// RECENT; NEW is RECENT and not SEEN, OLD is not RECENT (RFC 3501 §6.4.4).
struct SearchRecent {
  bool operator==(const SearchRecent&) const = default;
};

enum class SearchDateField { internal, sent, saved };
enum class SearchDateRelation { before, on, since };

/// BEFORE, ON, SINCE, and the same with SENT and SAVED (RFC 8514) in front.
struct SearchDate {
  SearchDateField field = SearchDateField::internal;
  SearchDateRelation relation = SearchDateRelation::on;
  std::chrono::year_month_day date;
  bool operator==(const SearchDate&) const = default;
};

/// SAVEDATESUPPORTED (RFC 8514).
struct SearchSaveDateSupported {
  bool operator==(const SearchSaveDateSupported&) const = default;
};

/// HEADER, and BCC, CC, FROM, SUBJECT and TO as short forms. An empty `text` asks for the field's presence.
struct SearchHeader {
  std::string field_name;  // as the client wrote it; in capitals for the short forms
  std::string text;        // UTF-8
  bool operator==(const SearchHeader&) const = default;
};

enum class SearchTextField { body, header_and_body };

/// BODY and TEXT.
struct SearchText {
  SearchTextField field = SearchTextField::body;
  std::string text;  // UTF-8
  bool operator==(const SearchText&) const = default;
};

enum class SearchSizeRelation { larger, smaller };

struct SearchSize {
  SearchSizeRelation relation = SearchSizeRelation::larger;
  std::uint64_t octets = 0;
  bool operator==(const SearchSize&) const = default;
};

enum class SearchAgeRelation { older, younger };

/// OLDER and YOUNGER (RFC 5032), by INTERNALDATE.
struct SearchAge {
  SearchAgeRelation relation = SearchAgeRelation::older;
  std::chrono::seconds interval{0};
  bool operator==(const SearchAge&) const = default;
};

/// MODSEQ (RFC 7162 §3.1.5). An entry's name and type may be ignored by a server with one mod-sequence a message.
struct SearchModSeq {
  ModSeq at_least{};
  bool operator==(const SearchModSeq&) const = default;
};

/// EMAILID and THREADID (RFC 8474).
struct SearchEmailId {
  std::string id;
  bool operator==(const SearchEmailId&) const = default;
};
struct SearchThreadId {
  std::string id;
  bool operator==(const SearchThreadId&) const = default;
};

/// All of `keys` match: a list in parentheses, or the program itself.
struct SearchAnd {
  std::vector<SearchKey> keys;
  bool operator==(const SearchAnd&) const;
};

/// One of `keys`, two at least, matches: "OR a OR b c" is one value with three.
struct SearchOr {
  std::vector<SearchKey> keys;
  bool operator==(const SearchOr&) const;
};

/// `key`, of which there is one, does not match.
struct SearchNot {
  std::vector<SearchKey> key;
  bool operator==(const SearchNot&) const;
};

struct SearchKey {
  std::variant<SearchAll, SearchNumbers, SearchSystemFlag, SearchKeyword, SearchRecent, SearchDate,
               SearchSaveDateSupported, SearchHeader, SearchText, SearchSize, SearchAge, SearchModSeq,
               SearchEmailId, SearchThreadId, SearchAnd, SearchOr, SearchNot>
      value;
  bool operator==(const SearchKey&) const = default;
};

/// RETURN (...) (RFC 4731, RFC 5182, RFC 9394). "RETURN ()" means ALL, and is said so here.
struct SearchReturn {
  bool min = false;
  bool max = false;
  bool all = false;
  bool count = false;
  bool save = false;
  std::optional<PartialRange> partial = {};  // RFC 9394 §3.1; never with `all`
  bool operator==(const SearchReturn&) const = default;
};

/// SEARCH and UID SEARCH.
struct Search {
  NumberedBy numbered_by = NumberedBy::sequence_number;
  std::optional<SearchReturn> returns;  // nothing: the answer is a plain SEARCH response
  SearchAnd program;
  bool operator==(const Search&) const = default;
};

/// Of a program that names no charset: US-ASCII, and what is not is UTF-8 (RFC 9051 §6.4.4).
inline constexpr std::string_view kSearchCharset = "UTF-8";

/// What follows "SEARCH". Errors: syntax; bad_date; bad_charset, for a charset that we do not know or text that is
/// not in it; too_long, beyond the limits above.
Parsed<Search> search(Cursor& cursor, NumberedBy numbered_by);

// The pieces of it that SORT and THREAD have too (RFC 5256 §5, RFC 5267 §3); errors as above.

/// A charset that mime::to_utf8() knows.
Parsed<std::string> search_charset(Cursor& cursor);
/// search-return-opts, after "RETURN".
Parsed<SearchReturn> search_return(Cursor& cursor);
/// search-key *(SP search-key), up to the end; texts are in `charset`, and become UTF-8.
Parsed<SearchAnd> search_program(Cursor& cursor, std::string_view charset);

}  // namespace posthaste::imap
