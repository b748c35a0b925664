#include "common/smtp/ehlo.h"

#include "common/base/octets.h"

namespace posthaste::smtp {
namespace {

void add_mechanisms(std::string_view text, Extensions& extensions) {
  while (true) {
    text = trim(text);
    if (text.empty()) return;
    const auto mechanism = text.substr(0, text.find_first_of(" \t"));
    extensions.auth_mechanisms.push_back(upper(mechanism));
    text.remove_prefix(mechanism.size());
  }
}

void add_size(std::string_view text, Extensions& extensions) {
  extensions.size = true;
  const auto limit = parse_decimal(trim(text));
  if (limit && *limit != 0) extensions.size_max_octets = limit;  // 0 says that there is no fixed maximum
}

void add_line(std::string_view line, Extensions& extensions) {
  const std::size_t end = std::min(line.find_first_of(" ="), line.size());
  const auto keyword = line.substr(0, end);
  const auto rest = line.substr(std::min(end + 1, line.size()));
  const auto is = [keyword](std::string_view name) { return iequals(keyword, name); };
  if (is("PIPELINING")) extensions.pipelining = true;
  if (is("8BITMIME")) extensions.eight_bit_mime = true;
  if (is("CHUNKING")) extensions.chunking = true;
  if (is("BINARYMIME")) extensions.binary_mime = true;
  if (is("STARTTLS")) extensions.start_tls = true;
  if (is("DSN")) extensions.dsn = true;
  if (is("SMTPUTF8")) extensions.smtp_utf8 = extensions.eight_bit_mime = true;  // RFC 6531 §3.1 (8)
  if (is("ENHANCEDSTATUSCODES")) extensions.enhanced_status_codes = true;
  if (is("XDELIVERYID")) extensions.private_parameters = true;
  if (is("SIZE")) add_size(rest, extensions);
  if (is("AUTH")) add_mechanisms(rest, extensions);
}

}  // namespace

Extensions parse_ehlo(const Reply& reply) {
  Extensions extensions;
  for (std::size_t i = 1; i < reply.lines.size(); ++i) add_line(reply.lines[i], extensions);
  return extensions;
}

}  // namespace posthaste::smtp
