// UTF8 and LANG (RFC 6856).
#include "common/base/octets.h"
#include "pop3d/session.h"

namespace posthaste::pop3d {
namespace {

/// Whether English is what a basic language range asks for (RFC 4647 §3.4): "en", something in it such as "en-GB",
/// or whatever we like best.
bool asks_for_english(std::string_view range) {
  return range == "*" || iequals(range.substr(0, range.find('-')), "en");
}

}  // namespace

/// Headers leave as they are from here on.
net::Task<void> Session::run(pop3::Utf8) {
  utf8_ = true;
  say(pop3::ok("UTF-8 from here on"));
  co_return;
}

net::Task<void> Session::run(pop3::Lang command) {
  if (!command.range) {
    say(pop3::ok("Language listing follows"));
    stream_.write("en English\r\n.\r\n");
  } else if (asks_for_english(*command.range)) {
    say(pop3::ok("en English it is"));
  } else {
    say(reply_for(Refusal::unknown_language));
  }
  co_return;
}

}  // namespace posthaste::pop3d
