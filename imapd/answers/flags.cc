#include "imapd/answers/flags.h"

#include <array>
#include <utility>

namespace posthaste::imapd {
namespace {

struct UsePair {
  mailbox::SpecialUse stored;
  imap::SpecialUse named;
};

constexpr std::array kUses{
    UsePair{mailbox::SpecialUse::all, imap::SpecialUse::all},
    UsePair{mailbox::SpecialUse::archive, imap::SpecialUse::archive},
    UsePair{mailbox::SpecialUse::drafts, imap::SpecialUse::drafts},
    UsePair{mailbox::SpecialUse::flagged, imap::SpecialUse::flagged},
    UsePair{mailbox::SpecialUse::important, imap::SpecialUse::important},
    UsePair{mailbox::SpecialUse::junk, imap::SpecialUse::junk},
    UsePair{mailbox::SpecialUse::sent, imap::SpecialUse::sent},
    UsePair{mailbox::SpecialUse::trash, imap::SpecialUse::trash},
};

void append_flag_names(std::string& out, const std::vector<std::string>& keywords) {
  for (const auto flag : imap::kSystemFlags) {
    if (flag != imap::kSystemFlags.front()) out.push_back(' ');
    out.append(imap::name_of(flag));
  }
  for (const auto& keyword : keywords) out.append(" ").append(keyword);
}

}  // namespace

mailbox::SystemFlag to_store(imap::SystemFlag flag) {
  switch (flag) {
    case imap::SystemFlag::answered: return mailbox::SystemFlag::answered;
    case imap::SystemFlag::flagged: return mailbox::SystemFlag::flagged;
    case imap::SystemFlag::deleted: return mailbox::SystemFlag::deleted;
    case imap::SystemFlag::seen: return mailbox::SystemFlag::seen;
    case imap::SystemFlag::draft: return mailbox::SystemFlag::draft;
  }
  std::unreachable();
}

mailbox::FlagSet to_store(imap::SystemFlags flags) {
  mailbox::FlagSet stored;
  for (const auto flag : imap::kSystemFlags) {
    if (flags.contains(flag)) stored = stored.with({to_store(flag)});
  }
  return stored;
}

mailbox::SpecialUse to_store(imap::SpecialUse use) {
  for (const UsePair& pair : kUses) {
    if (pair.named == use) return pair.stored;
  }
  std::unreachable();
}

imap::SpecialUse to_imap(mailbox::SpecialUse use) {
  for (const UsePair& pair : kUses) {
    if (pair.stored == use) return pair.named;
  }
  std::unreachable();
}

void append_flags(std::string& out, const mailbox::Message& message, const std::vector<std::string>& keywords) {
  const mailbox::UidSet none;
  append_flags(out, message, keywords, none);
}

void append_flags(std::string& out, const mailbox::Message& message, const std::vector<std::string>& keywords,
                  const mailbox::UidSet& recent) {
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
    if (keywords.size() < mailbox::kKeywordsMax) out.append(" \\*");
  }
  out.append(")] Flags that last\r\n");
}

}  // namespace posthaste::imapd
