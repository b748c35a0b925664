#include "common/mime/downgrade.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/idna.h"
#include "common/base/octets.h"
#include "common/mime/address.h"
#include "common/mime/content.h"
#include "common/mime/encode_words.h"
#include "common/mime/encoded_word.h"
#include "common/mime/lexer.h"

namespace posthaste::mime {
namespace {

constexpr std::size_t kParameterMaxOctets = 800;  // of a value, encoded, on one line (RFC 5322 §2.1.1: 998)
constexpr std::size_t kLineMaxOctets = 76;        // of what is rewritten, where it can be folded (RFC 2047 §2)
constexpr auto kNone = std::string_view::npos;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::any_of(names, [name](std::string_view each) { return iequals(each, name); });
}

std::string_view take_fws(std::string_view& text) {
  const auto space = text.substr(0, std::min(text.size(), text.find_first_not_of(" \t\r\n")));
  text.remove_prefix(space.size());
  return space;
}

/// A text without the white space around it, and that white space.
struct Core {
  std::string_view before;
  std::string_view text;
  std::string_view after;
};

Core core_of(std::string_view text) {
  Core core{take_fws(text), text, {}};
  const auto last = text.find_last_not_of(" \t\r\n");
  core.text = text.substr(0, last == kNone ? 0 : last + 1);
  core.after = text.substr(core.text.size());
  return core;
}

/// Whether somebody has encoded it before us.
bool is_encoded_word(std::string_view word) {
  return word.starts_with("=?") && word.ends_with("?=") && decode_encoded_words(word) != word;
}

/// Writes words one after the other. White space between two encoded words is not shown (RFC 2047 §6.2): it goes
/// into the second, or, when that is not ours, into one of its own.
class WordWriter {
 public:
  void write(std::string_view gap, std::string_view raw, std::string_view meant) {
    const Word word = has_eight_bit(meant)   ? Word::encoded
                      : is_encoded_word(raw) ? Word::encoded_before
                                             : Word::plain;
    const bool is_hidden = !gap.empty() && last_ != Word::plain && word != Word::plain;
    if (is_hidden && word == Word::encoded) {
      out_.append(gap.contains('\n') ? gap : " ").append(encode_words(unfold(gap).append(meant)));
    } else {
      if (is_hidden && last_ == Word::encoded) out_.append(" ").append(encode_words(unfold(gap)));
      out_.append(gap).append(word == Word::encoded ? encode_words(meant) : std::string{raw});
    }
    last_ = word;
  }
  /// What stands between words.
  void write_mark(std::string_view mark) {
    out_.append(mark);
    last_ = Word::plain;
  }
  std::string take() { return std::move(out_); }

 private:
  enum class Word { plain, encoded, encoded_before };

  std::string out_;
  Word last_ = Word::plain;
};

/// RFC 6857 §3.1.1.
std::string downgrade_unstructured(std::string_view text) {
  WordWriter writer;
  while (!text.empty()) {
    const auto gap = take_fws(text);
    const auto word = text.substr(0, std::min(text.size(), text.find_first_of(" \t\r\n")));
    text.remove_prefix(word.size());
    if (word.empty()) {
      writer.write_mark(gap);
    } else {
      writer.write(gap, word, word);
    }
  }
  return writer.take();
}

/// How long the quoted string, the comment or the address in angle brackets is that `text` begins with; the octets
/// up to the end when it has none of its own.
std::size_t octets_of_quoted(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return text.size();
}

std::size_t octets_of_comment(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth == 0) return at + 1;
    if (text[at] == '\\') ++at;
  }
  return text.size();
}

std::size_t octets_of_angle(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '>') return at + 1;
    if (text[at] == '"') at += octets_of_quoted(text.substr(at)) - 1;
  }
  return text.size();
}

enum class Angles { are_text, hold };

/// The first of `marks` that stands in no quoted string, comment, or, if they hold something, angle brackets.
std::size_t find_mark(std::string_view text, std::string_view marks, Angles angles) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const auto rest = text.substr(at);
    if (marks.contains(c)) return at;
    if (c == '"') at += octets_of_quoted(rest) - 1;
    if (c == '(') at += octets_of_comment(rest) - 1;
    if (c == '<' && angles == Angles::hold) at += octets_of_angle(rest) - 1;
  }
  return kNone;
}

/// RFC 6857 §3.1.3, of a comment with its parentheses.
std::string downgrade_comment(std::string_view comment) {
  if (!has_eight_bit(comment)) return std::string{comment};
  WordWriter writer;
  while (!comment.empty()) {
    const auto gap = take_fws(comment);
    std::string meant;
    std::size_t octets = 0;
    for (; octets < comment.size() && !is_fws(comment[octets]); ++octets) {
      if (comment[octets] == '(' || comment[octets] == ')') break;
      if (comment[octets] == '\\' && octets + 1 < comment.size()) ++octets;
      meant += comment[octets];
    }
    if (octets > 0) {
      writer.write(gap, comment.substr(0, octets), meant);
    } else {
      writer.write_mark(gap);
      writer.write_mark(comment.substr(0, 1));
      octets = std::min<std::size_t>(1, comment.size());
    }
    comment.remove_prefix(octets);
  }
  return writer.take();
}

/// Where nothing but comments may hold other octets (RFC 6857 §3.2.2).
std::string downgrade_comments(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto comment = find_mark(text, "(", Angles::are_text);
    out += question_marks(text.substr(0, comment));
    text.remove_prefix(std::min(text.size(), comment));
    const auto octets = octets_of_comment(text);
    out += downgrade_comment(text.substr(0, octets));
    text.remove_prefix(octets);
  }
  return out;
}

/// RFC 6857 §3.2.3.
std::string downgrade_message_ids(const Field& field) {
  auto text = field.body;
  while (!text.empty()) {
    const auto comment = find_mark(text, "(", Angles::are_text);
    if (has_eight_bit(text.substr(0, comment))) {
      return "Downgraded-" + std::string{field.name} + ":" + downgrade_unstructured(field.body);
    }
    text.remove_prefix(std::min(text.size(), comment));
    text.remove_prefix(octets_of_comment(text));
  }
  return std::string{field.name} + ":" + downgrade_comments(field.body);
}

// --- Addresses

/// The phrase, unquoted.
std::string phrase_of(std::string_view text) {
  const auto addresses = parse_address_list(std::string{text} + ":;", 2);
  if (addresses.empty() || !addresses.front().starts_group()) return unfold(core_of(text).text);
  return addresses.front().mailbox.value_or("");
}

bool is_atext(char c) { return is_alnum(c) || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.contains(c); }

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// RFC 6857 §3.1.5.
std::string downgrade_phrase(const std::string& phrase) {
  if (has_eight_bit(phrase)) return encode_words(is_utf8(phrase) ? decode_encoded_words(phrase) : phrase);
  const bool plain = std::ranges::all_of(phrase, [](char c) { return is_atext(c) || c == ' '; });
  return plain ? phrase : quoted(phrase);
}

std::string local_part_text(const std::string& local_part) {
  const bool plain =
      std::ranges::all_of(local_part, [](char c) { return is_atext(c) || is_eight_bit(c) || c == '.'; });
  return plain ? local_part : quoted(local_part);
}

/// An empty group that is called by its `phrase`, if there is one, and by what is not ASCII.
std::string empty_group(const std::string& phrase, const std::string& text) {
  if (phrase.empty()) return encode_words(text) + " :;";
  const bool both_encoded = has_eight_bit(phrase) || phrase.ends_with("?=");
  return downgrade_phrase(phrase) + " " + encode_words(both_encoded ? " " + text : text) + " :;";
}

/// RFC 6857 §3.1.8; as a whole what is no one address.
std::string downgrade_mailbox(std::string_view text) {
  const auto addresses = parse_address_list(text, 3);
  const bool is_mailbox =
      addresses.size() == 1 && !addresses.front().starts_group() && !addresses.front().ends_group();
  if (!is_mailbox) return empty_group({}, unfold(text));
  const auto& address = addresses.front();
  const std::string phrase = address.display_name.value_or("");
  const std::string host = address.host.value_or("");
  const std::string local_part = local_part_text(address.mailbox.value_or(""));
  const auto a_labels = to_a_labels(host);
  if (has_eight_bit(local_part) || host.empty() || !a_labels)
    return empty_group(phrase, host.empty() ? local_part : local_part + "@" + host);
  const std::string address_text = local_part + "@" + *a_labels;
  return phrase.empty() ? address_text : downgrade_phrase(phrase) + " <" + address_text + ">";
}

template <typename Downgrade>
void append_entries(std::string& out, std::string_view list, Downgrade downgrade) {
  for (bool more = true; more;) {
    const auto end = find_mark(list, ",;", Angles::hold);
    const auto entry = list.substr(0, end);
    const auto [before, text, after] = core_of(entry);
    if (has_eight_bit(text)) {
      out.append(before).append(downgrade(text)).append(after);
    } else {
      out.append(entry);
    }
    more = end != kNone;
    if (more) out += list[end];
    list.remove_prefix(more ? end + 1 : list.size());
  }
}

/// RFC 6857 §3.1.7. `list` is what stands between colon and semicolon.
void append_group(std::string& out, std::string_view name, std::string_view list) {
  const auto [before, text, after] = core_of(name);
  const auto members = parse_address_list(list);
  const auto has_no_other_form = [](const Address& address) {
    return has_eight_bit(address.mailbox.value_or("")) || !to_a_labels(address.host.value_or(""));
  };
  out.append(before);
  if (std::ranges::any_of(members, has_no_other_form)) {
    out.append(empty_group(phrase_of(text), unfold(core_of(list).text)));
    return;
  }
  out.append(has_eight_bit(text) ? downgrade_phrase(phrase_of(text)) : std::string{text}).append(after).append(":");
  append_entries(out, list, downgrade_mailbox);
  out.append(";");
}

/// RFC 6857 §3.2.1.
std::string downgrade_addresses(std::string_view list) {
  std::string out;
  while (!list.empty()) {
    const auto mark = find_mark(list, ",:;", Angles::hold);
    if (mark != kNone && list[mark] == ':') {
      const auto name = list.substr(0, mark);
      list.remove_prefix(mark + 1);
      const auto end = find_mark(list, ";", Angles::hold);
      append_group(out, name, list.substr(0, end));
      list.remove_prefix(end == kNone ? list.size() : end + 1);
    } else {
      append_entries(out, list.substr(0, mark), downgrade_mailbox);
      if (mark != kNone) out += list[mark];
      list.remove_prefix(mark == kNone ? list.size() : mark + 1);
    }
  }
  return out;
}

/// RFC 6857 §3.2.7.
std::string downgrade_phrases(std::string_view list) {
  std::string out;
  append_entries(out, list, [](std::string_view text) { return downgrade_phrase(phrase_of(text)); });
  return out;
}

// --- Received

/// A domain, an address, or either in angle brackets. Nothing when it has no form in ASCII.
std::optional<std::string> in_a_labels(std::string_view word) {
  const bool angle = word.starts_with('<') && word.ends_with('>') && word.size() > 1;
  if (angle) word = word.substr(1, word.size() - 2);
  const auto at = word.rfind('@');
  const auto local_part = at == kNone ? std::string_view{} : word.substr(0, at + 1);
  const auto domain = to_a_labels(word.substr(local_part.size()));
  if (!domain || has_eight_bit(local_part)) return std::nullopt;
  const auto text = std::string{local_part} + *domain;
  return angle ? "<" + text + ">" : text;
}

std::size_t octets_of_word(std::string_view text) {
  std::size_t octets = 0;
  while (octets < text.size() && !is_fws(text[octets]) && text[octets] != '(' && text[octets] != ';') {
    octets += text[octets] == '"' ? octets_of_quoted(text.substr(octets)) : 1;
  }
  return octets;
}

/// RFC 6857 §3.2.4.
std::string downgrade_received(std::string_view text) {
  std::string out;
  std::size_t clause = 0;   // where the last word begins in `out`, with the white space before it
  std::string_view before;  // that word
  while (!text.empty()) {
    const auto begin = out.size();
    out.append(take_fws(text));
    if (text.starts_with('(')) {
      const auto octets = octets_of_comment(text);
      out.append(downgrade_comment(text.substr(0, octets)));
      text.remove_prefix(octets);
      continue;
    }
    const auto word = text.substr(0, std::max<std::size_t>(octets_of_word(text), text.empty() ? 0 : 1));
    text.remove_prefix(word.size());
    const auto in_ascii = has_eight_bit(word) ? in_a_labels(word) : std::string{word};
    const bool is_id = iequals(before, "id") && has_eight_bit(word);
    const bool goes = is_id || (!in_ascii && iequals(before, "for"));
    if (goes) {
      out.resize(clause);
    } else {
      out.append(in_ascii ? *in_ascii : question_marks(word));
    }
    clause = begin;
    before = word;
  }
  return out;
}

// --- Parameters

bool is_attribute_char(char c) {  // RFC 2231 §7
  return is_printable(c) && !std::string_view{"*'%()<>@,;:\\\"/[]?="}.contains(c);
}

/// `kept` are octets that stay although they are no attribute-char.
std::string percent_encoded(std::string_view value, std::string_view kept = {}) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    if (is_attribute_char(c) || kept.contains(c)) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'%', kHex[octet >> 4U], kHex[octet & 0xfU]};
    }
  }
  return out;
}

/// RFC 2231 §4, in sections (§3) where one line is too short.
std::string extended_parameter(const std::string& name, const std::string& value) {
  const std::string charset = is_utf8(value) ? "utf-8''" : "unknown-8bit''";
  const auto star = name.rfind('*');
  if (star != std::string::npos && star + 1 == name.size()) return name + "=" + percent_encoded(value, "%'");
  if (star != std::string::npos) {  // a section of its own
    return name + "*=" + (name.ends_with("*0") ? charset : "") + percent_encoded(value);
  }
  const auto encoded = percent_encoded(value);
  if (encoded.size() <= kParameterMaxOctets) return name + "*=" + charset + encoded;
  std::string out;
  std::size_t section = 0;
  for (std::string_view rest = encoded; !rest.empty(); ++section) {
    auto octets = std::min(rest.size(), kParameterMaxOctets);
    const auto code = rest.substr(0, octets).rfind('%');
    if (octets < rest.size() && code != kNone && code + 3 > octets) octets = code;  // cut no code in two
    out.append(section == 0 ? "" : ";\r\n\t").append(name).append("*").append(std::to_string(section)).append("*=");
    out.append(section == 0 ? charset : "").append(rest.substr(0, octets));
    rest.remove_prefix(octets);
  }
  return out;
}

/// RFC 6857 §3.1.4.
std::string downgrade_parameter(std::string_view text) {
  if (!has_eight_bit(text)) return std::string{text};
  const auto [before, core, after] = core_of(text);
  const auto read = parse_disposition("x;" + std::string{core});
  const bool is_parameter = read && read->parameters.size() == 1 && !has_eight_bit(read->parameters.front().name);
  if (!is_parameter) return downgrade_comments(text);
  const auto& [name, value] = read->parameters.front();
  if (!has_eight_bit(value)) return downgrade_comments(text);
  return std::string{before} + extended_parameter(name, value) + std::string{after};
}

/// RFC 6857 §3.2.5.
std::string downgrade_content(std::string_view text) {
  const auto end = find_mark(text, ";", Angles::are_text);
  std::string out = downgrade_comments(text.substr(0, end));
  text.remove_prefix(std::min(text.size(), end));
  while (!text.empty()) {
    out += ';';
    text.remove_prefix(1);
    const auto next = find_mark(text, ";", Angles::are_text);
    out += downgrade_parameter(text.substr(0, next));
    text.remove_prefix(std::min(text.size(), next));
  }
  return out;
}

std::string downgrade_body(const Field& field) {
  const auto name = istarts_with(field.name, "Resent-") ? field.name.substr(7) : field.name;
  if (is_one_of(name,
                {"From", "Sender", "To", "Cc", "Bcc", "Reply-To", "Return-Path", "Disposition-Notification-To"}))
    return downgrade_addresses(field.body);
  if (is_one_of(name, {"Date", "MIME-Version", "Content-ID", "Content-Transfer-Encoding", "Content-Language",
                       "Accept-Language", "Auto-Submitted"}))
    return downgrade_comments(field.body);
  if (is_one_of(name, {"Content-Type", "Content-Disposition"})) return downgrade_content(field.body);
  if (iequals(name, "Received")) return downgrade_received(field.body);
  if (iequals(name, "Keywords")) return downgrade_phrases(field.body);
  return downgrade_unstructured(field.body);
}

/// In lines of at most kLineMaxOctets where white space allows it (RFC 2047 §2, RFC 5322 §2.1.1): a line end before
/// white space is none to who unfolds. What follows the field's name stays on its line.
std::string folded(std::string_view field) {
  std::string out;
  out.reserve(field.size() + field.size() / kLineMaxOctets * kCrlf.size());
  const std::size_t body = field.find_first_not_of(" \t", field.find(':') + 1);
  std::size_t line = 0;          // in `out`: where this one begins,
  std::size_t gap = kNone;       // its last white space that something stands before and behind,
  std::size_t next_gap = kNone;  // and what may become that
  bool has_text = false;
  for (std::size_t at = 0; at < field.size(); ++at) {
    const char c = field[at];
    if (c == '\n') {
      line = out.size() + 1;
      gap = next_gap = kNone;
      has_text = false;
    } else if (c == ' ' || c == '\t') {
      if (has_text && next_gap == kNone) next_gap = out.size();
    } else if (c != '\r') {
      if (next_gap != kNone) gap = std::exchange(next_gap, kNone);
      has_text = at >= body;
      if (gap != kNone && out.size() - line >= kLineMaxOctets) {
        out.insert(gap, kCrlf);
        line = std::exchange(gap, kNone) + kCrlf.size();
      }
    }
    out += c;
  }
  return out;
}

}  // namespace

bool begins_body(const Field& field, bool first) noexcept {
  const bool mbox = first && (field.raw.starts_with("From ") || field.raw.starts_with(">From "));
  return field.name.empty() && !mbox;
}

std::string question_marks(std::string_view text) {
  std::string out{text};
  std::ranges::replace_if(out, is_eight_bit, '?');
  return out;
}

std::string downgrade_field(const Field& field) {
  if (!has_eight_bit(field.raw)) return std::string{field.raw};
  const auto last = field.raw.find_last_not_of("\r\n");
  const auto line_end = field.raw.substr(last + 1);
  const auto prefix = field.raw.substr(0, field.raw.size() - field.body.size());
  Field rest = field;
  rest.body = field.body.substr(0, field.body.size() - std::min(field.body.size(), line_end.size()));
  if (field.name.empty() || has_eight_bit(prefix))
    return folded(downgrade_unstructured(field.raw.substr(0, last + 1)).append(line_end));
  const auto name = istarts_with(field.name, "Resent-") ? field.name.substr(7) : field.name;
  const bool identifies = is_one_of(name, {"Message-ID", "In-Reply-To", "References"});
  auto text = identifies ? downgrade_message_ids(rest) : std::string{prefix} + downgrade_body(rest);
  return folded(question_marks(text.append(line_end)));
}

}  // namespace posthaste::mime
