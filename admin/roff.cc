#include "admin/roff.h"

#include <algorithm>

namespace posthaste::admin {
namespace {

/// Within a line: nothing that roff takes for its own. A hyphen stays one that can be copied. Beyond ASCII there is
/// the section sign, which readers of roff do not know as UTF-8.
std::string escaped(std::string_view text) {
  constexpr std::string_view kSection = "§";
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with(kSection)) {
      result += "\\(sc";
      i += kSection.size() - 1;
      continue;
    }
    const char c = text[i];
    switch (c) {
      case '\\': result += "\\e"; break;
      case '-': result += "\\-"; break;
      case '\'': result += "\\(aq"; break;
      case '^': result += "\\(ha"; break;
      case '~': result += "\\(ti"; break;
      case '`': result += "\\(ga"; break;
      default: result += c;
    }
  }
  return result;
}

/// As a macro's argument.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : escaped(text)) {
    if (c == '"') {
      result += "\\(dq";
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace

Roff::Roff(std::string_view name, std::string_view section, std::string_view about) {
  text_.append(".\\\" Made by \"posthaste man\".\n");
  text_.append(".TH ").append(quoted(name)).append(" ").append(section).append(" \"\" Posthaste Posthaste\n");
  text_.append(".nh\n.ad l\n");  // a key or an option is one word
  heading("NAME");
  text_.append(escaped(name)).append(" \\- ").append(escaped(about)).append("\n");
}

void Roff::heading(std::string_view title) { text_.append(".SH ").append(quoted(title)).append("\n"); }

void Roff::subheading(std::string_view title) { text_.append(".SS ").append(quoted(title)).append("\n"); }

void Roff::append_lines(std::string_view text, std::string_view paragraph_macro) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty()) {
      text_.append(paragraph_macro).append("\n");
      continue;
    }
    if (line.front() == '.') text_.append("\\&");
    text_.append(escaped(line)).append("\n");
  }
}

void Roff::paragraph(std::string_view text) {
  text_.append(".PP\n");
  append_lines(text, ".PP");
}

void Roff::item(std::string_view word, std::string_view rest, std::string_view text) {
  text_.append(".TP\n\\fB").append(escaped(word)).append("\\fR").append(escaped(rest)).append("\n");
  append_lines(text, ".IP");  // as deep as the item
}

void Roff::example(std::string_view lines) {
  text_.append(".PP\n.nf\n.RS\n");
  append_lines(lines, ".PP");
  text_.append(".RE\n.fi\n");
}

}  // namespace posthaste::admin
