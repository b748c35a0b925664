#include "common/mime/envelope.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/octets.h"
#include "common/mime/header.h"

namespace posthaste::mime {
namespace {

class EnvelopeReader {
 public:
  explicit EnvelopeReader(std::size_t addresses_max) : addresses_left_(addresses_max) {}

  void read(const Field& field) {
    for (const auto& [name, member] : kTexts) {
      if (iequals(field.name, name) && !(envelope_.*member)) {
        envelope_.*member = std::string(trim(unfold(field.body)));
      }
    }
    for (const auto& [name, member, combines] : kLists) {
      if (iequals(field.name, name) && (combines || (envelope_.*member).empty())) append(envelope_.*member, field);
    }
  }

  Envelope finish() {
    if (envelope_.sender.empty()) envelope_.sender = envelope_.from;
    if (envelope_.reply_to.empty()) envelope_.reply_to = envelope_.from;
    return std::move(envelope_);
  }

 private:
  struct Text {
    std::string_view name;
    std::optional<std::string> Envelope::* member;
  };
  struct List {
    std::string_view name;
    std::vector<Address> Envelope::* member;
    bool combines;
  };

  static constexpr Text kTexts[] = {{"Date", &Envelope::date},
                                    {"Subject", &Envelope::subject},
                                    {"In-Reply-To", &Envelope::in_reply_to},
                                    {"Message-ID", &Envelope::message_id}};
  static constexpr List kLists[] = {{"From", &Envelope::from, false},
                                    {"Sender", &Envelope::sender, false},
                                    {"Reply-To", &Envelope::reply_to, false},
                                    {"To", &Envelope::to, true},
                                    {"Cc", &Envelope::cc, true},
                                    {"Bcc", &Envelope::bcc, true}};

  void append(std::vector<Address>& list, const Field& field) {
    std::vector<Address> addresses = parse_address_list(field.body, addresses_left_);
    addresses_left_ -= addresses.size();
    std::ranges::move(addresses, std::back_inserter(list));
  }

  Envelope envelope_;
  std::size_t addresses_left_;
};

}  // namespace

Envelope parse_envelope(std::string_view header, std::size_t addresses_max) {
  EnvelopeReader reader(addresses_max);
  for (const Field& field : Fields(header)) reader.read(field);
  return reader.finish();
}

}  // namespace posthaste::mime
