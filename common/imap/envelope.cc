#include "common/imap/envelope.h"

#include <vector>

#include "common/imap/writer.h"

namespace posthaste::imap {

namespace {

void write_address(ResponseWriter& writer, const mime::Address& address) {
  writer.open();
  writer.nstring(address.display_name);
  writer.space();
  writer.nstring(address.route);
  writer.space();
  writer.nstring(address.mailbox);
  writer.space();
  writer.nstring(address.host);
  writer.close();
}

// "(" 1*address ")" / nil
void write_addresses(ResponseWriter& writer, const std::vector<mime::Address>& addresses) {
  writer.space();
  if (addresses.empty()) {
    writer.nil();
    return;
  }
  writer.open();
  for (const auto& address : addresses) write_address(writer, address);
  writer.close();
}

}  // namespace

void append_envelope(std::string& out, const mime::Envelope& envelope) {
  ResponseWriter writer(out);
  writer.open();
  writer.nstring(envelope.date);
  writer.space();
  writer.nstring(envelope.subject);
  write_addresses(writer, envelope.from);
  write_addresses(writer, envelope.sender);
  write_addresses(writer, envelope.reply_to);
  write_addresses(writer, envelope.to);
  write_addresses(writer, envelope.cc);
  write_addresses(writer, envelope.bcc);
  writer.space();
  writer.nstring(envelope.in_reply_to);
  writer.space();
  writer.nstring(envelope.message_id);
  writer.close();
}

}  // namespace posthaste::imap
