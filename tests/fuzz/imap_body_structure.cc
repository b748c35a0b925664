// Any message has a BODYSTRUCTURE, a BODY and an ENVELOPE whose parentheses and strings are whole.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/imap/body_structure.h"
#include "common/imap/cursor.h"
#include "common/imap/envelope.h"

namespace {

using posthaste::imap::Cursor;

// One token: a parenthesis, a string, a number or NIL.
bool skip_token(Cursor& cursor, int& depth) {
  if (cursor.skip('(')) return ++depth > 0;
  if (cursor.skip(')')) return --depth >= 0;
  if (cursor.next_is('"')) return cursor.quoted().has_value();
  if (cursor.next_is('{')) {
    const auto literal = cursor.literal();
    return literal && !literal->octets.contains('\0');
  }
  return cursor.skip(' ') || cursor.skip("NIL") || cursor.number64().has_value();
}

void expect_whole(const std::string& response) {
  Cursor cursor(response);
  int depth = 0;
  while (!cursor.at_end()) {
    if (!skip_token(cursor, depth) || (depth == 0 && !cursor.at_end())) std::abort();
  }
  if (depth != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto root = posthaste::mime::parse_structure(message);
  std::string body_structure, body, envelope;
  posthaste::imap::append_body_structure(body_structure, root);
  posthaste::imap::append_body(body, root);
  posthaste::imap::append_envelope(envelope, posthaste::mime::parse_envelope(root.header.of(message)));
  expect_whole(body_structure);
  expect_whole(body);
  expect_whole(envelope);
  return 0;
}
