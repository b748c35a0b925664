#include "deliveryd/summary.h"

#include "common/imap/body_structure.h"
#include "common/imap/envelope.h"
#include "common/mime/cached_fields.h"
#include "common/mime/envelope.h"
#include "common/mime/header.h"
#include "common/mime/structure.h"

namespace posthaste::deliveryd {

mailbox::Summary summarize(std::string_view message) {
  const std::string_view header = mime::split_message(message).header;
  mailbox::Summary summary;
  imap::append_envelope(summary.envelope, mime::parse_envelope(header));
  imap::append_body_structure(summary.body_structure, mime::parse_structure(message));
  summary.header_cache = mime::cached_header(header);
  return summary;
}

}  // namespace posthaste::deliveryd
