#include "common/imap/special_use.h"

#include <utility>

#include "common/base/octets.h"

namespace posthaste::imap {

namespace {

constexpr SpecialUse kSpecialUses[] = {SpecialUse::all,     SpecialUse::archive,   SpecialUse::drafts,
                                       SpecialUse::flagged, SpecialUse::important, SpecialUse::junk,
                                       SpecialUse::sent,    SpecialUse::trash};

}  // namespace

std::string_view name_of(SpecialUse use) {
  switch (use) {
    case SpecialUse::all: return "\\All";
    case SpecialUse::archive: return "\\Archive";
    case SpecialUse::drafts: return "\\Drafts";
    case SpecialUse::flagged: return "\\Flagged";
    case SpecialUse::important: return "\\Important";
    case SpecialUse::junk: return "\\Junk";
    case SpecialUse::sent: return "\\Sent";
    case SpecialUse::trash: return "\\Trash";
  }
  std::unreachable();
}

std::optional<SpecialUse> parse_special_use(std::string_view name) {
  for (const SpecialUse use : kSpecialUses) {
    if (iequals(name, name_of(use))) return use;
  }
  return std::nullopt;
}

}  // namespace posthaste::imap
