#include "common/mime/lexer.h"

namespace posthaste::mime {

std::optional<std::string> Lexer::skip_cfws() {
  std::optional<std::string> last;
  while (!at_end()) {
    if (is_fws(rest_.front())) {
      rest_.remove_prefix(1);
    } else if (at('(')) {
      last = comment();
    } else {
      break;
    }
  }
  return last;
}

std::string Lexer::quoted_string() {
  std::string content;
  if (!skip('"')) return content;
  while (!at_end() && !skip('"')) {
    if (at('\\') && rest_.size() > 1) rest_.remove_prefix(1);
    const char c = rest_.front();
    if (c != '\r' && c != '\n') content += c;
    rest_.remove_prefix(1);
  }
  return content;
}

std::string Lexer::comment() {
  std::string content;
  std::size_t depth = 0;  // comments nest
  while (!at_end()) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '(' && depth++ == 0) continue;
    if (c == ')' && --depth == 0) break;
    if (c == '\\' && !at_end()) {
      content += rest_.front();
      rest_.remove_prefix(1);
    } else if (c != '\r' && c != '\n') {
      content += c;
    }
  }
  return std::string(trim(content));
}

}  // namespace posthaste::mime
