#include "common/dsn/status_words.h"

#include <algorithm>
#include <iterator>

namespace posthaste::dsn {
namespace {

struct Entry {
  int subject;
  int detail;  // 0 stands for all details without an entry of their own, RFC 3463 §3
  StatusWords words;
};

constexpr std::string_view kCheckSpelling = "Check how the address is spelt.";
constexpr std::string_view kAskRecipient = "Ask the recipient another way for an address that works.";
constexpr std::string_view kReachOtherwise = "Reach the recipient another way.";
constexpr std::string_view kTryLater = "Send the message again later.";
constexpr std::string_view kAskPostmaster = "Show this notice to your postmaster.";
constexpr std::string_view kSmaller = "Send a smaller message, or share large files as links.";
constexpr std::string_view kPlain = "Send it again as plain text, with attachments of a common kind.";
constexpr std::string_view kAsciiAddress = "Ask the recipient for an address of plain letters a to z.";
constexpr std::string_view kOrigin = "The other mail system could not verify where the message comes from.";

constexpr StatusWords kUnknown{"The reason is not known more exactly.", kAskPostmaster};

// RFC 3463 §3.2 to §3.8; others as in the registry of RFC 5248, with the RFC that has entered them.
constexpr Entry kEntries[] = {
    {1, 0, {"There is something wrong with the address.", kCheckSpelling}},
    {1, 1, {"There is no mailbox with this address.", "Check how it is spelt, or ask the recipient another way."}},
    {1, 2, {"The part of the address behind the \"@\" does not exist, or takes no mail.", kCheckSpelling}},
    {1, 3, {"The address is not written as an address must be.", kCheckSpelling}},
    {1, 4, {"The address fits more than one mailbox.", "Ask the recipient for their full address."}},
    {1, 6, {"The recipient has moved and left no new address.", kAskRecipient}},
    {1, 7, {"Your own address is not written as an address must be.", "Check it in your mail program's settings."}},
    {1, 8, {"The other mail system does not accept your own address.", kAskPostmaster}},
    {1, 9, {"The message was handed to a mail system that does not report on it.", kReachOtherwise}},
    {1,
     10,
     {"The part of the address behind the \"@\" declares that it takes no mail at all.",
      kCheckSpelling}},  // RFC 7505
    {2, 0, {"There is something wrong with the recipient's mailbox.", kReachOtherwise}},
    {2, 1, {"The recipient's mailbox is switched off.", kReachOtherwise}},
    {2, 2, {"The recipient's mailbox is full.", "Send the message again when there is room."}},
    {2, 3, {"The message is larger than the recipient's mailbox allows.", kSmaller}},
    {2, 4, {"The mailing list could not pass the message on to its members.", "Tell the owner of the list."}},
    {3, 0, {"The recipient's mail system has trouble.", kTryLater}},
    {3, 1, {"The recipient's mail system has no room left.", kTryLater}},
    {3, 2, {"The recipient's mail system takes no mail at the moment.", kTryLater}},
    {3, 3, {"The recipient's mail system lacks something that the message needs.", kPlain}},
    {3, 4, {"The message is too large for the recipient's mail system.", kSmaller}},
    {3, 5, {"A mail system on the way is not set up correctly.", kAskPostmaster}},
    {4, 0, {"The way to the recipient's mail system is disturbed.", kTryLater}},
    {4, 1, {"The recipient's mail system does not answer.", kTryLater}},
    {4, 2, {"The connection to the recipient's mail system broke.", kTryLater}},
    {4, 3, {"It could not be found out where mail for this address goes (DNS gave no answer).", kTryLater}},
    {4, 4, {"There is no way to the recipient's mail system.", kTryLater}},
    {4, 5, {"The recipient's mail system is too busy.", kTryLater}},
    {4, 6, {"The message went round in a circle between mail systems.", kAskPostmaster}},
    {4, 7, {"The message could not be delivered in the time that is allowed for it.", kTryLater}},
    {5, 0, {"The recipient's mail system and ours did not understand each other.", kAskPostmaster}},
    {5, 3, {"The message has too many recipients for the other mail system.", "Send it to fewer at a time."}},
    {6, 0, {"The recipient's mail system can't take the message in this form.", kPlain}},
    // RFC 6531 §3.7.4.2
    {6, 7, {"The recipient's mail system takes no address beyond plain letters a to z.", kAsciiAddress}},
    {6, 8, {"The recipient's mail system and ours differ on characters beyond a to z.", kAsciiAddress}},
    {6, 9, {"The recipient's mail system takes no header beyond plain letters a to z.", kAsciiAddress}},
    {6, 10, {"The recipient's mail system and ours differ on characters beyond a to z.", kAsciiAddress}},
    {7, 0, {"The other mail system refused the message because of its security rules.", kAskPostmaster}},
    {7, 1, {"The other mail system refuses the message.", kReachOtherwise}},
    {7, 2, {"You may not send to this mailing list.", "Ask the owner of the list."}},
    {7, 8, {"The next mail server did not accept our mail system's login.", kAskPostmaster}},
    {7, 9, {"The next mail server did not accept our mail system's login.", kAskPostmaster}},
    {7, 10, {"The other mail system wants encryption, which could not be set up.", kAskPostmaster}},
    {7, 11, {"The other mail system wants encryption, which could not be set up.", kAskPostmaster}},
    {7, 13, {"The account is switched off.", kReachOtherwise}},
    {7, 17, {"The address belongs to somebody else than it did before.", kAskRecipient}},
    {7, 18, {"The part of the address behind the \"@\" belongs to somebody else than before.", kAskRecipient}},
    {7, 20, {kOrigin, kAskPostmaster}},  // DKIM, RFC 7372 §3.1
    {7, 21, {kOrigin, kAskPostmaster}},
    {7, 22, {kOrigin, kAskPostmaster}},
    {7, 23, {kOrigin, kAskPostmaster}},  // SPF, RFC 7372 §3.2
    {7, 24, {kOrigin, kAskPostmaster}},
    {7, 25, {kOrigin, kAskPostmaster}},  // reverse DNS, RFC 7372 §3.3
    {7, 26, {kOrigin, kAskPostmaster}},  // several checks, RFC 7372 §3.4
    {7, 27, {"Your own address can't receive mail, so its mail is refused.", kAskPostmaster}},  // RFC 7505
    {7, 28, {"The other mail system refuses so much mail at once.", kTryLater}},
    {7, 29, {kOrigin, kAskPostmaster}},  // ARC, RFC 8617
    {7,
     30,
     {"The message must be encrypted on all its way, which the other mail system can't do.",  // RFC 8689
      kReachOtherwise}},
};

const Entry* find_entry(int subject, int detail) noexcept {
  const auto* entry =
      std::ranges::find_if(kEntries, [=](const Entry& e) { return e.subject == subject && e.detail == detail; });
  return entry == std::end(kEntries) ? nullptr : entry;
}

}  // namespace

StatusWords words_for(const smtp::EnhancedCode& status) noexcept {
  if (const auto* entry = find_entry(status.subject, status.detail)) return entry->words;
  if (const auto* entry = find_entry(status.subject, 0)) return entry->words;
  return kUnknown;
}

}  // namespace posthaste::dsn
