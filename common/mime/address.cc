#include "common/mime/address.h"

#include <array>
#include <utility>

#include "common/mime/lexer.h"

namespace posthaste::mime {
namespace {

/// The octets of words, dots among them: all but what gives an address list its form. Wider than atext
/// (RFC 5322 §3.2.3), since brackets, 8-bit octets (RFC 6532 §3.2) and controls do stand in names.
constexpr std::array<bool, 256> kWordOctets = [] {
  std::array<bool, 256> octets{};
  octets.fill(true);
  for (const char c : std::string_view{" \t\r\n()<>:;@,\""}) octets[static_cast<unsigned char>(c)] = false;
  return octets;
}();

bool is_word(char c) { return kWordOctets[static_cast<unsigned char>(c)]; }

/// A run of atoms, quoted strings and dots, of which only the octet that follows tells whether it is a phrase or a
/// local-part.
struct Words {
  std::string phrase;      // one space wherever white space or a comment stands between words
  std::string local_part;  // the same without space beside a dot (obs-local-part, RFC 5322 §4.4)
  bool present = false;    // false if there was no word at all, not even an empty quoted string
};

class AddressListParser {
 public:
  AddressListParser(std::string_view text, std::size_t addresses_max)
      : lexer_(text), addresses_max_(addresses_max) {}

  std::vector<Address> parse() {
    while (!lexer_.at_end() && addresses_.size() + (in_group_ ? 1 : 0) < addresses_max_) read_entry();
    if (in_group_) end_group();
    return std::move(addresses_);
  }

 private:
  void read_entry();
  void read_angle_address(std::string phrase);
  std::string read_route();
  Words read_words();
  std::string read_domain();
  void skip_cfws();
  void end_group();
  void add(std::string phrase, std::optional<std::string> route, std::string mailbox, std::string host);

  Lexer lexer_;
  std::size_t addresses_max_;
  std::vector<Address> addresses_;
  std::optional<std::string> comment_;  // the last one of the entry being read
  bool in_group_ = false;
};

/// Reads one address, the start or the end of a group, a comma, or an octet that fits nowhere.
void AddressListParser::read_entry() {
  comment_.reset();
  skip_cfws();
  if (lexer_.skip(',')) return;
  if (lexer_.skip(';')) {
    if (in_group_) end_group();
    return;
  }
  const Words words = read_words();
  if (lexer_.at('<')) {
    read_angle_address(words.phrase);
  } else if (lexer_.skip('@')) {
    std::string host = read_domain();
    if (lexer_.at('<')) {  // alice@example.org <alice@example.org>: no phrase by RFC 5322, and yet common
      read_angle_address(words.phrase + '@' + host);
    } else {
      add({}, std::nullopt, words.local_part, std::move(host));
    }
  } else if (lexer_.at(':') && words.present && !in_group_) {
    lexer_.skip_one();
    if (addresses_.size() + 2 > addresses_max_) {  // no room for both marks of the group: the list ends here
      lexer_ = Lexer({});
      return;
    }
    addresses_.push_back({.display_name = {}, .route = {}, .mailbox = words.phrase, .host = {}});
    in_group_ = true;
  } else if (lexer_.at(':') || !words.present) {
    lexer_.skip_one();
  } else {
    add({}, std::nullopt, words.local_part, {});
  }
}

/// angle-addr and obs-angle-addr (RFC 5322 §3.4, §4.4).
void AddressListParser::read_angle_address(std::string phrase) {
  while (lexer_.skip('<')) skip_cfws();
  std::optional<std::string> route;
  if (lexer_.at('@')) route = read_route();
  const Words words = read_words();
  std::string host;
  if (lexer_.skip('@')) host = read_domain();
  lexer_.take_while([](char c) { return std::string_view{"<>,;"}.find(c) == std::string_view::npos; });
  lexer_.skip('>');
  skip_cfws();
  add(std::move(phrase), std::move(route), words.local_part, std::move(host));
}

/// obs-route (RFC 5322 §4.4), without the colon that ends it.
std::string AddressListParser::read_route() {
  std::string route;
  while (lexer_.at('@') || lexer_.at(',')) {
    if (lexer_.skip(',')) {
      skip_cfws();
      continue;
    }
    lexer_.skip_one();
    if (!route.empty()) route += ',';
    route += '@';
    route += read_domain();
  }
  lexer_.skip(':');
  skip_cfws();
  return route;
}

Words AddressListParser::read_words() {
  Words words;
  bool gap = false;
  for (;;) {
    std::string word;
    bool quoted = false;
    if (lexer_.at('"')) {
      word = lexer_.quoted_string();
      quoted = true;
    } else {
      word = lexer_.take_while(is_word);
      if (word.empty()) return words;
    }
    if (gap && words.present) {
      const bool beside_dot = words.local_part.ends_with('.') || (!quoted && word.starts_with('.'));
      if (!beside_dot) words.local_part += ' ';
      words.phrase += ' ';
    }
    words.phrase += word;
    words.local_part += word;
    words.present = true;
    gap = lexer_.at('(') || lexer_.take_while(is_fws).size() > 0;
    skip_cfws();
  }
}

/// domain, domain-literal and obs-domain (RFC 5322 §3.4.1, §4.4).
std::string AddressListParser::read_domain() {
  std::string domain;
  skip_cfws();
  if (lexer_.at('[')) {
    for (const char c : lexer_.take_while([](char c) { return c != ']'; })) {
      if (!is_fws(c)) domain += c;
    }
    if (lexer_.skip(']')) domain += ']';
    skip_cfws();
    return domain;
  }
  for (;;) {
    const std::string_view word = lexer_.take_while(is_word);
    domain += word;
    skip_cfws();
    if (word.empty() || (!domain.ends_with('.') && !lexer_.at('.'))) return domain;
  }
}

void AddressListParser::skip_cfws() {
  auto comment = lexer_.skip_cfws();
  if (comment && !comment->empty()) comment_ = std::move(comment);
}

void AddressListParser::end_group() {
  addresses_.push_back({});
  in_group_ = false;
}

void AddressListParser::add(std::string phrase, std::optional<std::string> route, std::string mailbox,
                            std::string host) {
  std::optional<std::string> name = std::move(comment_);
  if (!phrase.empty()) name = std::move(phrase);
  comment_.reset();
  addresses_.push_back({.display_name = std::move(name),
                        .route = std::move(route),
                        .mailbox = std::move(mailbox),
                        .host = std::move(host)});
}

}  // namespace

std::vector<Address> parse_address_list(std::string_view text, std::size_t addresses_max) {
  return AddressListParser(text, addresses_max).parse();
}

}  // namespace posthaste::mime
