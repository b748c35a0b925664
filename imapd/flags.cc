#include "imapd/flags.h"

#include <array>
#include <utility>

namespace posthaste::imapd {
namespace {

struct UsePair {
  store::SpecialUse stored;
  imap::SpecialUse named;
};

constexpr std::array kUses{
    UsePair{store::SpecialUse::all, imap::SpecialUse::all},
    UsePair{store::SpecialUse::archive, imap::SpecialUse::archive},
    UsePair{store::SpecialUse::drafts, imap::SpecialUse::drafts},
    UsePair{store::SpecialUse::flagged, imap::SpecialUse::flagged},
    UsePair{store::SpecialUse::important, imap::SpecialUse::important},
    UsePair{store::SpecialUse::junk, imap::SpecialUse::junk},
    UsePair{store::SpecialUse::sent, imap::SpecialUse::sent},
    UsePair{store::SpecialUse::trash, imap::SpecialUse::trash},
};

void append_flag_names(std::string& out, const std::vector<std::string>& keywords) {
  for (const auto flag : imap::kSystemFlags) {
    if (flag != imap::kSystemFlags.front()) out.push_back(' ');
    out.append(imap::name_of(flag));
  }
  for (const auto& keyword : keywords) out.append(" ").append(keyword);
}

}  // namespace

store::SystemFlag to_store(imap::SystemFlag flag) {
  switch (flag) {
    case imap::SystemFlag::answered: return store::SystemFlag::answered;
    case imap::SystemFlag::flagged: return store::SystemFlag::flagged;
    case imap::SystemFlag::deleted: return store::SystemFlag::deleted;
    case imap::SystemFlag::seen: return store::SystemFlag::seen;
    case imap::SystemFlag::draft: return store::SystemFlag::draft;
  }
  std::unreachable();
}

store::FlagSet to_store(imap::SystemFlags flags) {
  store::FlagSet stored;
  for (const auto flag : imap::kSystemFlags) {
    if (flags.contains(flag)) stored = stored.with({to_store(flag)});
  }
  return stored;
}

store::SpecialUse to_store(imap::SpecialUse use) {
  for (const UsePair& pair : kUses) {
    if (pair.named == use) return pair.stored;
  }
  std::unreachable();
}

imap::SpecialUse to_imap(store::SpecialUse use) {
  for (const UsePair& pair : kUses) {
    if (pair.stored == use) return pair.named;
  }
  std::unreachable();
}

void append_flags(std::string& out, const store::Message& message, const std::vector<std::string>& keywords) {
  const store::UidSet none;
  append_flags(out, message, keywords, none);
}

void append_flags(std::string& out, const store::Message& message, const std::vector<std::string>& keywords,
                  const store::UidSet& recent) {
  char separator = '(';
  if (recent.contains(message.uid)) {
    out.push_back(std::exchange(separator, ' '));
    out.append("\\Recent");
  }
  for (const auto flag : imap::kSystemFlags) {
    if (!message.flags.contains(to_store(flag))) continue;
    out.push_back(std::exchange(separator, ' '));
    out.append(imap::name_of(flag));
  }
  for (std::size_t i = 0; message.keywords.any() && i < keywords.size(); ++i) {
    if (!message.keywords.test(i)) continue;
    out.push_back(std::exchange(separator, ' '));
    out.append(keywords[i]);
  }
  if (separator == '(') out.push_back('(');
  out.push_back(')');
}

void append_mod_seq_value(std::string& out, ModSeq mod_seq) {
  out.append("(").append(std::to_string(number(mod_seq))).append(")");
}

void append_mod_seq(std::string& out, ModSeq mod_seq) {
  out.append("MODSEQ ");
  append_mod_seq_value(out, mod_seq);
}

void append_flags_of_mailbox(std::string& out, const std::vector<std::string>& keywords, bool read_only) {
  out.append("* FLAGS (");
  append_flag_names(out, keywords);
  out.append(")\r\n* OK [PERMANENTFLAGS (");
  if (!read_only) {
    append_flag_names(out, keywords);
    if (keywords.size() < store::kKeywordsMax) out.append(" \\*");
  }
  out.append(")] Flags that last\r\n");
}

}  // namespace posthaste::imapd
