// The same operations, drawn at random, on both engines: they answer the same, and show the same afterwards.
#include <algorithm>
#include <limits>
#include <random>
#include <sstream>

#include "engines.h"

namespace posthaste::mailbox {
namespace {

constexpr std::uint32_t kRuns = 12;
constexpr int kBatches = 60;
const std::vector<std::string> kNames{"INBOX", "inbox/x", "a", "a/b", "a/b/c", "Sent", "b", "a//", "Trash", "B"};
const std::vector<std::string> kKeywords{"one", "TWO", "two", "$Three", ""};

class Draw {
 public:
  explicit Draw(std::uint32_t seed) : random_(seed) {}

  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }
  bool one_in(std::uint32_t times) { return below(times) == 0; }
  const std::string& name() { return kNames[below(static_cast<std::uint32_t>(kNames.size()))]; }
  MailboxId mailbox() { return MailboxId{1 + below(12)}; }
  UidSet uids() {
    if (one_in(4)) return {kAllUids};
    UidSet uids;
    for (std::uint32_t i = below(4); i > 0; --i) {
      const std::uint32_t first = 1 + below(20);
      uids.add(UidRange{Uid{first}, Uid{first + below(4)}});
    }
    return uids;
  }
  FlagSet flags() { return FlagSet::from_bits(static_cast<std::uint8_t>(below(32))); }
  std::vector<std::string> keywords() {
    std::vector<std::string> keywords;
    for (std::uint32_t i = below(3); i > 0; --i) {
      // The empty one is refused: not too often.
      keywords.push_back(kKeywords[below(one_in(8) ? 5 : 4)]);
    }
    return keywords;
  }
  std::optional<SpecialUse> use() {
    if (!one_in(3)) return std::nullopt;
    return static_cast<SpecialUse>(1 + below(8));
  }
  std::vector<Annotation> annotations() {
    std::vector<Annotation> annotations;
    for (std::uint32_t i = 1 + below(2); i > 0; --i) {
      const std::string entry = "/private/" + std::to_string(below(4));
      annotations.push_back({entry, one_in(3) ? std::nullopt : std::optional(std::string(below(5), 'v'))});
    }
    return annotations;
  }
  std::string octets() { return std::string(1 + below(40), static_cast<char>('a' + below(26))); }

  Operation operation() {
    switch (below(20)) {
      case 0: return CreateMailbox{name(), use()};
      case 1: return DeleteMailbox{name()};
      case 2: return RenameMailbox{name(), name()};
      case 3: return SetSubscribed{name(), one_in(2)};
      case 4: return SetSpecialUse{name(), use()};
      case 5:
        return SetQuota{{one_in(2) ? std::optional<std::uint64_t>(below(2'000)) : std::nullopt,
                         one_in(2) ? std::optional<std::uint64_t>(below(60)) : std::nullopt}};
      case 6: return SetMetadata{one_in(2) ? std::optional(mailbox()) : std::nullopt, annotations()};
      case 7: return one_in(12) ? Operation{DeleteUser{}} : Operation{CreateUser{}};
      case 8:
      case 9: return Copy{mailbox(), uids(), mailbox()};
      case 10:
      case 11: return Move{mailbox(), uids(), mailbox()};
      case 12:
      case 13: return Expunge{mailbox(), uids(), one_in(2) ? ExpungeWhich::all : ExpungeWhich::deleted};
      case 14:
      case 15:
        return StoreFlags{mailbox(), uids(),     static_cast<FlagMode>(below(3)),
                          flags(),   keywords(), one_in(3) ? std::optional(ModSeq{below(60)}) : std::nullopt};
      default: return Append{mailbox(), put_blob(octets(), {"e", "s", "h"}), flags(), keywords(), {}, std::nullopt};
    }
  }

 private:
  std::mt19937 random_;
};

/// The same operations with handles of their own: an engine writes into them which blob they became.
std::vector<Operation> copy_of(const std::vector<Operation>& operations) {
  std::vector<Operation> copies = operations;
  for (Operation& operation : copies) {
    auto* append = std::get_if<Append>(&operation);
    if (append != nullptr) append->blob = put_blob(append->blob->octets(), append->blob->summary());
  }
  return copies;
}

void show(std::ostream& out, const UidSet& uids) {
  for (const UidRange& range : uids.ranges()) out << " " << number(range.first) << ":" << number(range.last);
}

void show(std::ostream& out, const Reader& reader, UserId user, const Snapshot& snapshot, const MailboxInfo& info) {
  out << "mailbox " << number(info.id) << " " << info.name << " validity " << number(info.uid_validity) << " next "
      << number(info.uid_next) << " modseq " << number(info.highest_modseq) << " counts " << info.messages << " "
      << info.unseen << " " << info.deleted << " " << info.octets << " use "
      << (info.special_use ? static_cast<int>(*info.special_use) : 0);
  for (const auto& keyword : info.keywords) out << " " << keyword;
  out << "\nuids";
  show(out, *snapshot.uids(info.id));
  out << "\nvanished";
  for (const ModSeq since : {ModSeq{0}, ModSeq{number(info.highest_modseq) / 2}}) {
    show(out << " |", **snapshot.vanished(info.id, since));
  }
  out << "\n";
  std::vector<Message> rows;
  const auto note = [&rows](const Message& message) { rows.push_back(message); };
  EXPECT_EQ(*snapshot.scan(info.id, kAllUids, std::numeric_limits<std::size_t>::max(), note), std::nullopt);
  for (const Message& row : rows) {
    out << "  " << number(row.uid) << " modseq " << number(row.modseq) << " flags " << int{row.flags.bits()} << " "
        << row.keywords.to_ulong() << " saved " << row.save_date.time_since_epoch().count() << " blob "
        << number(row.blob) << " " << reader.read_blob(user, row.blob, 0, 100).value_or("unreadable") << "\n";
    EXPECT_EQ(*snapshot.message(info.id, row.uid), row);
  }
}

/// All that a reader can know of a user.
std::string state_of(const Engine& engine, UserId user) {
  std::ostringstream out;
  const auto& reader = engine.reader();
  const auto snapshot = reader.read(user);
  const auto info = *snapshot->user();
  if (!info) return "nobody";
  out << "modseq " << number(info->modseq) << " used " << info->used_octets << " " << info->used_messages
      << " limits " << info->limits.octets.value_or(0) << " " << info->limits.messages.value_or(0) << "\n";
  const auto mailboxes = *snapshot->mailboxes();
  for (const MailboxInfo& mailbox : mailboxes) {
    EXPECT_EQ(*snapshot->mailbox(mailbox.name), mailbox);
    show(out, reader, user, *snapshot, mailbox);
  }
  out << "subscribed";
  const auto subscriptions = snapshot->subscriptions();
  for (const auto& name : *subscriptions) out << " " << name;
  out << "\nannotations " << number(*snapshot->metadata_modseq()) << ":";
  const auto note = [&out](const AnnotationView& annotation) {
    out << " " << number(annotation.mailbox.value_or(kNoMailbox)) << annotation.entry << "=" << annotation.value
        << "@" << number(annotation.modseq);
  };
  EXPECT_TRUE(snapshot->scan_all_metadata(note));
  const auto changes = *snapshot->changes(ModSeq{number(info->modseq) / 2});
  out << "\nchanged";
  for (const MailboxId id : changes->changed) out << " " << number(id);
  return out.str();
}

class EnginesAgree : public testing::TestWithParam<std::uint32_t> {};

TEST_P(EnginesAgree, WhateverIsAsked) {
  Draw draw{GetParam()};
  LocalEngine local;
  MemoryEngine memory;
  for (int batch = 0; batch < kBatches; ++batch) {
    const UserId user = draw.one_in(4) ? kBob : kAlice;
    std::vector<Operation> operations;
    for (std::uint32_t i = draw.one_in(3) ? 1 + draw.below(4) : 1; i > 0; --i)
      operations.push_back(draw.operation());
    const std::string key = draw.one_in(4) ? std::to_string(draw.below(6)) : "";
    const auto of_local = apply(local, user, copy_of(operations), key);
    const auto of_memory = apply(memory, user, copy_of(operations), key);
    ASSERT_EQ(of_local, of_memory) << "batch " << batch;
    ASSERT_EQ(state_of(local, user), state_of(memory, user)) << "batch " << batch;
    ASSERT_EQ(local.told, memory.told) << "batch " << batch;
  }
  local.expect_sound();
}

INSTANTIATE_TEST_SUITE_P(Seeds, EnginesAgree, testing::Range(std::uint32_t{1}, kRuns + 1));

}  // namespace
}  // namespace posthaste::mailbox
