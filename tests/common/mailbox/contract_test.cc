// What every engine promises to whoever reads and changes mail. Each behaviour runs over each engine.
#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "engines.h"

namespace posthaste::mailbox {
namespace {

constexpr std::size_t kAllRows = std::numeric_limits<std::size_t>::max();
const Summary kSummary{"(envelope)", "(structure)", "Subject: a\r\n\r\n"};

template <typename EngineUnderTest>
class Contract : public testing::Test {
 protected:
  ~Contract() override { engine_.expect_sound(); }

  [[nodiscard]] const Reader& reader() const { return engine_.reader(); }
  ApplyOutcome run(Operation operation, UserId user = kAlice) {
    return apply(engine_, user, {std::move(operation)});
  }
  template <typename Result>
  Result done(Operation operation, UserId user = kAlice) {
    auto outcome = run(std::move(operation), user);
    if (!outcome || !std::holds_alternative<Result>(outcome->results.at(0))) {
      ADD_FAILURE() << "not the result expected";
      return {};
    }
    return std::get<Result>(outcome->results[0]);
  }
  [[nodiscard]] MailboxInfo info(std::string_view name, UserId user = kAlice) const {
    const auto snapshot = reader().read(user);
    return snapshot->mailbox(name).value_or(MailboxInfo{});
  }
  [[nodiscard]] MailboxId id(std::string_view name) const { return info(name).id; }
  Appended append(std::string octets, std::string_view name = "INBOX", FlagSet flags = {},
                  std::vector<std::string> keywords = {}) {
    if (!reader().read(kAlice)->mailbox(name)) run(CreateUser{});
    return done<Appended>(
        Append{id(name), put_blob(std::move(octets), kSummary), flags, std::move(keywords), {}, std::nullopt});
  }
  [[nodiscard]] std::vector<Message> rows(std::string_view name = "INBOX") const {
    std::vector<Message> rows;
    const auto snapshot = reader().read(kAlice);
    const auto note = [&rows](const Message& message) { rows.push_back(message); };
    EXPECT_TRUE(snapshot->scan(snapshot->mailbox(name)->id, kAllUids, kAllRows, note));
    return rows;
  }
  [[nodiscard]] ModSeq modseq() const { return reader().read(kAlice)->user()->value().modseq; }

  EngineUnderTest engine_;
};

using Engines = testing::Types<LocalEngine, MemoryEngine>;
TYPED_TEST_SUITE(Contract, Engines);

// --- Users

TYPED_TEST(Contract, WhoWasNeverMetHasNothing) {
  const auto snapshot = this->reader().read(kAlice);
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(*snapshot->user(), std::nullopt);
  EXPECT_TRUE(snapshot->mailboxes()->empty());
  EXPECT_EQ(snapshot->mailbox("INBOX").error(), StoreError::no_such_mailbox);
  EXPECT_EQ(snapshot->mailbox(MailboxId{1}).error(), StoreError::no_such_mailbox);
  EXPECT_EQ(*snapshot->changes(ModSeq{0}), MailboxChanges{});
}

TYPED_TEST(Contract, TheFirstOperationMakesTheUsualMailboxes) {
  this->template done<Done>(SetSubscribed{"elsewhere", true});
  const auto snapshot = this->reader().read(kAlice);
  std::vector<std::string> names;
  const auto mailboxes = snapshot->mailbox_names();
  for (const auto& mailbox : *mailboxes) names.push_back(mailbox.name);
  EXPECT_EQ(names, (std::vector<std::string>{"Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"}));
  EXPECT_EQ(snapshot->mailbox("Sent")->special_use, SpecialUse::sent);
  EXPECT_EQ(snapshot->mailbox("inbox")->name, "INBOX");
  EXPECT_TRUE(*snapshot->is_subscribed("INBOX"));
  EXPECT_TRUE(*snapshot->is_subscribed("elsewhere"));
  EXPECT_EQ(snapshot->subscriptions()->size(), 7U);
}

TYPED_TEST(Contract, NobodyIsMadeWhomTheDirectoryDoesNotKnow) {
  EXPECT_EQ(this->run(CreateUser{}, kNobody).error(), StoreError::no_such_mailbox);
  EXPECT_EQ(deliver(this->engine_, Deliver{kNobody, "INBOX", put_blob("a", {}), {}, {}, {}, {}}).error(),
            StoreError::no_such_mailbox);
  EXPECT_EQ(*this->reader().read(kNobody)->user(), std::nullopt);
}

TYPED_TEST(Contract, OfADeletedUserNothingIsLeft) {
  const auto appended = this->append("a");
  this->template done<Done>(DeleteUser{});
  const auto snapshot = this->reader().read(kAlice);
  EXPECT_EQ(*snapshot->user(), std::nullopt);
  EXPECT_TRUE(snapshot->mailboxes()->empty());
  EXPECT_EQ(snapshot->find_blob(appended.blob).error(), StoreError::no_such_message);
  this->template done<Done>(CreateUser{});
  EXPECT_TRUE(this->rows().empty());
}

// --- Batches

TYPED_TEST(Contract, ABatchIsDoneAsAWholeOrNotAtAll) {
  this->template done<Done>(CreateUser{});
  const ModSeq before = this->modseq();
  const std::size_t told = this->engine_.told.size();
  const auto failed = apply(this->engine_, kAlice, {CreateMailbox{"a", {}}, DeleteMailbox{"nowhere"}});
  EXPECT_EQ(failed.error(), StoreError::no_such_mailbox);
  EXPECT_EQ(this->reader().read(kAlice)->mailbox("a").error(), StoreError::no_such_mailbox);
  EXPECT_EQ(this->modseq(), before);
  EXPECT_EQ(this->engine_.told.size(), told);
  const auto done = apply(this->engine_, kAlice, {CreateMailbox{"a", {}}, RenameMailbox{"a", "b"}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->results.size(), 2U);
  EXPECT_EQ(done->modseq, this->modseq());
  EXPECT_EQ(this->info("b").id, std::get<MailboxChanged>(done->results[0]).mailbox);
}

TYPED_TEST(Contract, ARepeatUnderTheSameKeyIsAnsweredAsTheFirstAndNotDone) {
  this->template done<Done>(CreateUser{});
  const auto append = [this](std::string octets) {
    return Append{this->id("INBOX"), put_blob(std::move(octets), {}), {}, {}, {}, std::nullopt};
  };
  const auto first = apply(this->engine_, kAlice, {append("a")}, "key");
  ASSERT_TRUE(first);
  EXPECT_EQ(apply(this->engine_, kAlice, {append("b")}, "key"), first);
  EXPECT_EQ(this->rows().size(), 1U);
  EXPECT_TRUE(apply(this->engine_, kBob, {CreateMailbox{"c", {}}}, "key"));  // a key is its user's
  EXPECT_TRUE(this->reader().read(kBob)->mailbox("c"));
  EXPECT_EQ(apply(this->engine_, kAlice, {CreateUser{}}, std::string(kIdempotencyKeyMaxOctets + 1, 'k')).error(),
            StoreError::invalid_name);
}

TYPED_TEST(Contract, OfFailuresNothingIsRemembered) {
  EXPECT_FALSE(apply(this->engine_, kAlice, {DeleteMailbox{"a"}}, "key"));
  EXPECT_TRUE(apply(this->engine_, kAlice, {CreateMailbox{"a", {}}}, "key"));
}

TYPED_TEST(Contract, ADeliveryThatIsRepeatedIsAnsweredAsTheFirst) {
  const auto message = [](std::string octets) {
    return Deliver{kAlice, "INBOX", put_blob(std::move(octets), {}),      {},
                   {},     {},      DeliveryId{"id", "alice@example.org"}};
  };
  const auto first = deliver(this->engine_, message("a"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->delivery, Delivery::first);
  const auto again = deliver(this->engine_, message("a"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->delivery, Delivery::repeated);
  EXPECT_EQ(again->message, first->message);
  EXPECT_EQ(this->rows().size(), 1U);
}

TYPED_TEST(Contract, InboxTakesWhatIsForAMailboxThatIsNotThere) {
  this->template done<MailboxChanged>(CreateMailbox{"Lists", {}});
  const auto send_to = [this](std::string mailbox) {
    return deliver(this->engine_, Deliver{kAlice, std::move(mailbox), put_blob("a", {}), {}, {}, {}, {}})
        ->message.mailbox;
  };
  EXPECT_EQ(send_to("lists"), this->id("Lists"));
  EXPECT_EQ(send_to("other"), this->id("INBOX"));
}

TYPED_TEST(Contract, InboxTakesWhatIsForAMailboxInWhichTheUserAloneWrites) {
  for (const auto* name : {"Sent/2026", "Sentinel", "Junk/old"}) {
    this->template done<MailboxChanged>(CreateMailbox{name, {}});
  }
  const std::pair<const char*, const char*> cases[] = {
      {"Sent", "INBOX"},      {"sENT", "INBOX"},        {"Drafts", "INBOX"}, {"Trash", "INBOX"},
      {"Sent/2026", "INBOX"}, {"Sentinel", "Sentinel"}, {"Junk", "Junk"},    {"Junk/old", "Junk/old"},
  };
  for (const auto& [written, mailbox] : cases) {
    const auto delivered = deliver(this->engine_, Deliver{kAlice, written, put_blob("a", {}), {}, {}, {}, {}});
    ASSERT_TRUE(delivered) << written;
    EXPECT_EQ(delivered->message.mailbox, this->id(mailbox)) << written;
  }
}

TYPED_TEST(Contract, SubscribersHearOfEachChangeWhenReadersSeeIt) {
  this->template done<Done>(CreateUser{});
  this->engine_.told.clear();
  this->append("a");
  ASSERT_EQ(this->engine_.told.size(), 1U);
  EXPECT_EQ(this->engine_.told[0], (Change{kAlice, this->id("INBOX"), this->modseq()}));
  this->template done<Done>(SetSubscribed{"x", true});
  EXPECT_EQ(this->engine_.told.back(), (Change{kAlice, kNoMailbox, this->modseq()}));
}

// --- Snapshots

TYPED_TEST(Contract, ASnapshotStaysAsItWas) {
  this->append("a");
  const auto before = this->reader().read(kAlice);
  const auto inbox = before->mailbox("INBOX");
  this->append("b");
  this->template done<Expunged>(Expunge{inbox->id, {{Uid{1}, Uid{1}}}, ExpungeWhich::all});
  this->template done<MailboxChanged>(CreateMailbox{"new", {}});
  EXPECT_EQ(before->mailbox("INBOX"), inbox);
  EXPECT_TRUE(before->message(inbox->id, Uid{1}));
  EXPECT_EQ(*before->uids(inbox->id), (UidSet{{Uid{1}, Uid{1}}}));
  EXPECT_EQ(before->mailbox("new").error(), StoreError::no_such_mailbox);
  const auto after = this->reader().read(kAlice);
  EXPECT_EQ(*after->uids(inbox->id), (UidSet{{Uid{2}, Uid{2}}}));
}

TYPED_TEST(Contract, RowsAreScannedInPartsUpwardAndDown) {
  for (int i = 0; i < 100; ++i) this->append("a");
  const MailboxId inbox = this->id("INBOX");
  this->template done<Expunged>(Expunge{inbox, {{Uid{50}, Uid{59}}}, ExpungeWhich::all});
  const auto snapshot = this->reader().read(kAlice);
  std::vector<std::uint32_t> seen;
  const auto note = [&seen](const Message& message) { seen.push_back(number(message.uid)); };
  EXPECT_EQ(*snapshot->scan(inbox, {Uid{48}, Uid{70}}, 4, note), Uid{62});
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{48, 49, 60, 61}));
  seen.clear();
  EXPECT_EQ(*snapshot->scan(inbox, {Uid{62}, Uid{64}}, 3, note), std::nullopt);
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{62, 63, 64}));
  seen.clear();
  EXPECT_EQ(*snapshot->scan(inbox, kAllUids, kAllRows, note), std::nullopt);
  EXPECT_EQ(seen.size(), 90U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  seen.clear();
  const auto note_back = [&](const Message& message) {
    note(message);
    return number(message.uid) > 61;
  };
  EXPECT_EQ(*snapshot->scan_back(inbox, {Uid{1}, Uid{63}}, kAllRows, note_back), std::nullopt);
  EXPECT_EQ(std::vector<std::uint32_t>(seen.begin(), seen.begin() + 3), (std::vector<std::uint32_t>{63, 62, 61}));
  seen.clear();
  const auto note_all_back = [&](const Message& message) {
    note(message);
    return true;
  };
  EXPECT_EQ(*snapshot->scan_back(inbox, {Uid{40}, kAllUids.last}, 45, note_all_back), Uid{45});
  EXPECT_EQ(seen.size(), 45U);
  EXPECT_EQ(seen.front(), 100U);
  EXPECT_EQ(seen.back(), 46U);
  EXPECT_EQ(*snapshot->scan(MailboxId{77}, kAllUids, 5, note), std::nullopt);
}

TYPED_TEST(Contract, OfChangedRowsThoseLookedAtAreCounted) {
  for (int i = 0; i < 10; ++i) this->append("a");
  const ModSeq before = this->modseq();
  const MailboxId inbox = this->id("INBOX");
  this->template done<FlagsStored>(
      StoreFlags{inbox, {{Uid{3}, Uid{3}}, {Uid{8}, Uid{8}}}, FlagMode::add, {SystemFlag::seen}, {}, std::nullopt});
  const auto snapshot = this->reader().read(kAlice);
  std::vector<std::uint32_t> seen;
  const auto note = [&seen](const Message& message) { seen.push_back(number(message.uid)); };
  EXPECT_EQ(*snapshot->scan_changed(inbox, before, kAllUids, 7, note), Uid{8});
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{3}));
  EXPECT_EQ(*snapshot->scan_changed(inbox, before, {Uid{8}, kAllUids.last}, 7, note), std::nullopt);
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{3, 8}));
}

TYPED_TEST(Contract, ALoopLooksWithoutWaiting) {
  this->append("a");
  const auto find = [](const Snapshot& snapshot) { return snapshot.mailbox("INBOX"); };
  auto looking = this->reader().look(this->engine_.sim.loop(), this->engine_.sim.world().io, kAlice, find);
  ASSERT_TRUE(looking.await_ready());
  EXPECT_EQ(looking.await_resume()->messages, 1U);
}

// --- Octets

TYPED_TEST(Contract, WhatWasPutIsReadWholeAndInPart) {
  const auto appended = this->append("0123456789");
  const auto& reader = this->reader();
  const auto blob = reader.read(kAlice)->find_blob(appended.blob);
  ASSERT_TRUE(blob);
  EXPECT_EQ(blob->id(), appended.blob);
  EXPECT_EQ(blob->octets(), 10U);
  EXPECT_EQ(*reader.read_blob(kAlice, *blob, 0, 10), "0123456789");
  EXPECT_EQ(*reader.read_blob(kAlice, *blob, 2, 3), "234");
  EXPECT_EQ(*reader.read_blob(kAlice, *blob, 8, 100), "89");
  EXPECT_EQ(*reader.read_blob(kAlice, *blob, 10, 1), "");
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(*reader.read_blob(kAlice, *blob, kMost, kMost), "");
  EXPECT_EQ(*reader.read_blob(kAlice, appended.blob, 0, kMost), "0123456789");
  EXPECT_TRUE(reader.make_sure(kAlice, *blob));
  EXPECT_EQ(*reader.read_blob(kAlice, Blob{}, 0, 10), "");
}

TYPED_TEST(Contract, NobodyElseFindsABlob) {
  const auto appended = this->append("a");
  this->run(CreateUser{}, kBob);
  EXPECT_EQ(this->reader().read(kBob)->find_blob(appended.blob).error(), StoreError::no_such_message);
  EXPECT_EQ(this->reader().read_blob(kBob, appended.blob, 0, 1).error(), StoreError::no_such_message);
}

TYPED_TEST(Contract, ManyMessagesAreReadInOrder) {
  for (int i = 0; i < 40; ++i) this->append("message " + std::to_string(i));
  std::vector<Blob> blobs;
  {
    const auto snapshot = this->reader().read(kAlice);
    for (const Message& message : this->rows()) blobs.push_back(*snapshot->find_blob(message));
  }
  const auto run = this->reader().read_in_order(kAlice, blobs);
  for (std::size_t i = 0; i < blobs.size(); i += i % 3 + 1) {  // not all of them
    EXPECT_EQ(run->read(blobs[i]), "message " + std::to_string(i));
  }
  EXPECT_EQ(*run->read(blobs[0]), "message 0");
  EXPECT_EQ(*run->read(Blob{}), "");
}

TYPED_TEST(Contract, ABlobIsStoredOnceForAllWhoNameIt) {
  std::vector<NewBlob> fresh;
  fresh.push_back({"for both", kSummary});
  auto put = this->engine_.mail().put_blobs(kAlice, std::move(fresh));
  ASSERT_TRUE(put.await_ready());
  const BlobHandle handle = put.await_resume()->at(0);
  const auto to_alice = deliver(this->engine_, Deliver{kAlice, "INBOX", handle, {}, {}, {}, {}});
  const auto to_bob = deliver(this->engine_, Deliver{kBob, "INBOX", handle, {}, {}, {}, {}});
  ASSERT_TRUE(to_alice && to_bob);
  EXPECT_EQ(to_alice->message.blob, to_bob->message.blob);
  this->template done<Done>(DeleteUser{});
  EXPECT_EQ(*this->reader().read_blob(kBob, to_bob->message.blob, 0, 100), "for both");
  const auto ids = this->reader().read(kBob)->email_ids();
  const auto id = ids->id_of(to_bob->message.blob);
  EXPECT_EQ(ids->blob_of(id), to_bob->message.blob);
  EXPECT_EQ(this->reader().read(kAlice)->email_ids()->blob_of(id), std::nullopt);
}

TYPED_TEST(Contract, SummariesComeSeveralAtOnce) {
  this->run(CreateUser{});
  const std::string long_header(3'000, 'h');
  for (int i = 0; i < 40; ++i) {
    Summary summary{"envelope " + std::to_string(i), "structure", i % 7 == 3 ? long_header : "header"};
    this->template done<Appended>(
        Append{this->id("INBOX"), put_blob("a", std::move(summary)), {}, {}, {}, std::nullopt});
  }
  const auto messages = this->rows();
  const auto snapshot = this->reader().read(kAlice);
  Summaries summaries{*snapshot, messages};
  HeaderCaches headers{*snapshot, messages};
  for (std::size_t i = 0; i < messages.size(); i += i == 20 ? 5 : 1) {
    const auto& summary = summaries.at(i);
    ASSERT_TRUE(summary && *summary) << i;
    EXPECT_EQ((*summary)->envelope, "envelope " + std::to_string(i));
    EXPECT_EQ((*summary)->header_cache, i % 7 == 3 ? long_header : "header");
  }
  for (std::size_t i = 0; i < messages.size(); i += 3) {  // the summaries are not valid any more
    EXPECT_EQ(headers.at(i), i % 7 == 3 ? long_header : "header");
  }
  EXPECT_EQ(snapshot->short_summary(BlobId{12'345}).error(), StoreError::no_such_message);
  EXPECT_EQ(snapshot->header_cache(messages[3].blob), long_header);
}

TYPED_TEST(Contract, ALongSummaryIsReadOutsideOfASnapshot) {
  this->run(CreateUser{});
  const Summary summary{std::string(300'000, 'e'), std::string(1'000, 's'), "header"};
  const auto appended =
      this->template done<Appended>(Append{this->id("INBOX"), put_blob("a", summary), {}, {}, {}, std::nullopt});
  const auto& reader = this->reader();
  const auto snapshot = reader.read(kAlice);
  EXPECT_EQ(*snapshot->short_summary(appended.blob), std::nullopt);
  EXPECT_EQ(*snapshot->header_cache(appended.blob), "");
  const auto blob = snapshot->find_blob(appended.blob);
  const auto placed = reader.read_summary(kAlice, *blob);
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->summary, summary);
  EXPECT_EQ(*reader.read_summary(kAlice, *blob, placed->envelope_offset, 300'000), summary.envelope);
  EXPECT_EQ(*reader.read_summary(kAlice, *blob, placed->body_structure_offset + 10, 20), std::string(20, 's'));
  EXPECT_GE(blob->summary_octets(), 301'006U);
}

// --- Messages

TYPED_TEST(Contract, CountersFollowTheMessages) {
  this->append("four", "INBOX", {SystemFlag::seen});
  this->append("six ab", "INBOX", {SystemFlag::deleted}, {"$Work"});
  const auto info = this->info("INBOX");
  EXPECT_EQ(info.messages, 2U);
  EXPECT_EQ(info.unseen, 1U);
  EXPECT_EQ(info.deleted, 1U);
  EXPECT_EQ(info.octets, 10U);
  EXPECT_EQ(info.uid_next, Uid{3});
  EXPECT_EQ(info.keywords, (std::vector<std::string>{"$Work"}));
  const auto user = *this->reader().read(kAlice)->user();
  EXPECT_EQ(user->used_octets, 10U);
  EXPECT_EQ(user->used_messages, 2U);
  EXPECT_EQ(user->modseq, info.highest_modseq);
}

TYPED_TEST(Contract, ExpungedUidsAreOnRecordAndNeverComeBack) {
  for (int i = 0; i < 5; ++i) this->append("a", "INBOX", i % 2 == 0 ? FlagSet{SystemFlag::deleted} : FlagSet{});
  const ModSeq before = this->modseq();
  const MailboxId inbox = this->id("INBOX");
  const auto expunged = this->template done<Expunged>(Expunge{inbox, {kAllUids}, ExpungeWhich::deleted});
  EXPECT_EQ(expunged.uids, (UidSet{{Uid{1}, Uid{1}}, {Uid{3}, Uid{3}}, {Uid{5}, Uid{5}}}));
  EXPECT_EQ(this->append("a").uid, Uid{6});
  const auto snapshot = this->reader().read(kAlice);
  EXPECT_EQ(**snapshot->vanished(inbox, before), expunged.uids);
  EXPECT_EQ(**snapshot->vanished(inbox, this->modseq()), UidSet{});
  EXPECT_EQ(*snapshot->uids(inbox), (UidSet{{Uid{2}, Uid{2}}, {Uid{4}, Uid{4}}, {Uid{6}, Uid{6}}}));
  EXPECT_EQ(snapshot->message(inbox, Uid{1}).error(), StoreError::no_such_message);
  EXPECT_EQ(snapshot->vanished(MailboxId{77}, before).error(), StoreError::no_such_mailbox);
}

TYPED_TEST(Contract, FlagsChangedSinceAreLeftAlone) {
  this->append("a");
  const ModSeq first = this->modseq();
  this->append("b");
  const auto stored = this->template done<FlagsStored>(
      StoreFlags{this->id("INBOX"), {kAllUids}, FlagMode::add, {SystemFlag::flagged}, {"x"}, first});
  EXPECT_EQ(stored.changed, (UidSet{{Uid{1}, Uid{1}}}));
  EXPECT_EQ(stored.modified, (UidSet{{Uid{2}, Uid{2}}}));
  const ModSeq second = this->modseq();
  const auto same = this->template done<FlagsStored>(
      StoreFlags{this->id("INBOX"), {{Uid{1}, Uid{1}}}, FlagMode::add, {SystemFlag::flagged}, {"X"}, std::nullopt});
  EXPECT_TRUE(same.changed.empty());
  EXPECT_EQ(this->modseq(), second);
}

TYPED_TEST(Contract, WhatIsCopiedOrMovedKeepsItsOctetsAndKeywords) {
  const auto appended = this->append("a", "INBOX", {SystemFlag::seen}, {"one", "two"});
  const MailboxId archive = this->id("Archive");
  this->append("b", "Archive", {}, {"TWO"});
  const auto copied = this->template done<Copied>(Copy{this->id("INBOX"), {kAllUids}, archive});
  EXPECT_EQ(copied.destination, (UidSet{{Uid{2}, Uid{2}}}));
  EXPECT_EQ(copied.uid_validity, this->info("Archive").uid_validity);
  const auto moved = this->template done<Copied>(Move{this->id("INBOX"), {kAllUids}, archive});
  EXPECT_EQ(moved.destination, (UidSet{{Uid{3}, Uid{3}}}));
  EXPECT_TRUE(this->rows("INBOX").empty());
  EXPECT_EQ(this->info("Archive").keywords, (std::vector<std::string>{"TWO", "one"}));
  const auto archived = this->rows("Archive");
  for (const Message& message : std::span(archived).subspan(1)) {
    EXPECT_EQ(message.blob, appended.blob);
    EXPECT_EQ(message.keywords.to_ulong(), 3U);
    EXPECT_EQ(message.flags, FlagSet{SystemFlag::seen});
  }
  EXPECT_EQ(*this->reader().read_blob(kAlice, appended.blob, 0, 5), "a");
  EXPECT_EQ(this->run(Copy{archive, {kAllUids}, MailboxId{77}}).error(), StoreError::no_such_mailbox);
}

TYPED_TEST(Contract, QuotaRefusesWhatIsAddedAlone) {
  this->append("12345");
  this->template done<Done>(SetQuota{{8, std::nullopt}});
  const MailboxId inbox = this->id("INBOX");
  const auto append = [inbox](std::string octets) {
    return Append{inbox, put_blob(std::move(octets), {}), {}, {}, {}, std::nullopt};
  };
  EXPECT_EQ(this->run(append("6789")).error(), StoreError::over_quota);
  EXPECT_TRUE(this->run(append("678")));
  EXPECT_EQ(this->run(Copy{inbox, {kAllUids}, this->id("Sent")}).error(), StoreError::over_quota);
  EXPECT_TRUE(this->run(Move{inbox, {kAllUids}, this->id("Sent")}));
  EXPECT_EQ(this->reader().read(kAlice)->user()->value().limits, (QuotaLimits{8, std::nullopt}));
}

TYPED_TEST(Contract, WhatCannotBeIsRefused) {
  this->append("a");
  const MailboxId inbox = this->id("INBOX");
  const auto append = [inbox](std::vector<std::string> keywords, std::optional<UidValidity> expected) {
    return Append{inbox, put_blob("a", {}), {}, std::move(keywords), {}, expected};
  };
  EXPECT_EQ(this->run(append({}, UidValidity{7})).error(), StoreError::conflict);
  EXPECT_EQ(this->run(append({""}, std::nullopt)).error(), StoreError::invalid_name);
  std::vector<std::string> many;
  for (std::size_t i = 0; i <= kKeywordsMax; ++i) many.push_back("k" + std::to_string(i));
  EXPECT_EQ(this->run(append(many, std::nullopt)).error(), StoreError::too_many_keywords);
  EXPECT_TRUE(this->info("INBOX").keywords.empty());
  EXPECT_EQ(this->run(CreateMailbox{"a//b", {}}).error(), StoreError::invalid_name);
  EXPECT_EQ(this->run(CreateMailbox{"iNbOx", {}}).error(), StoreError::already_exists);
  EXPECT_EQ(this->run(CreateMailbox{"x", SpecialUse::sent}).error(), StoreError::already_exists);
  EXPECT_EQ(this->run(DeleteMailbox{"INBOX"}).error(), StoreError::cannot);
  EXPECT_EQ(this->run(RenameMailbox{"Sent", "Sent/below"}).error(), StoreError::cannot);
  EXPECT_EQ(this->run(RenameMailbox{"nowhere", "x"}).error(), StoreError::no_such_mailbox);
  std::string deep = "a";
  for (std::uint32_t i = 0; i < kMailboxesAtMost; ++i) deep += "/a";
  EXPECT_EQ(this->run(CreateMailbox{deep, {}}).error(), StoreError::too_many_mailboxes);
}

// --- Mailboxes

TYPED_TEST(Contract, ParentsAreMadeAndChildrenGoAlong) {
  this->template done<MailboxChanged>(CreateMailbox{"a/b/c", {}});
  const auto b = this->id("a/b");
  EXPECT_TRUE(*this->reader().read(kAlice)->has_mailbox_below("a"));
  this->template done<MailboxChanged>(RenameMailbox{"a", "x/y"});
  EXPECT_EQ(this->id("x/y/b"), b);
  EXPECT_EQ(this->reader().read(kAlice)->mailbox("a").error(), StoreError::no_such_mailbox);
  EXPECT_FALSE(*this->reader().read(kAlice)->has_mailbox_below("a"));
  this->template done<MailboxChanged>(DeleteMailbox{"x/y"});
  EXPECT_EQ(this->id("x/y/b"), b);
}

TYPED_TEST(Contract, InboxStaysWhenItIsRenamed) {
  this->append("a", "INBOX", {}, {"k"});
  this->template done<Done>(SetMetadata{this->id("INBOX"), {{"/private/comment", "mine"}}});
  const auto inbox = this->id("INBOX");
  const auto renamed = this->template done<MailboxChanged>(RenameMailbox{"INBOX", "old/inbox"});
  EXPECT_EQ(this->id("INBOX"), inbox);
  EXPECT_EQ(this->id("old/inbox"), renamed.mailbox);
  EXPECT_TRUE(this->rows("INBOX").empty());
  EXPECT_EQ(this->rows("old/inbox").size(), 1U);
  std::vector<std::string> values;
  const auto note = [&values](const AnnotationView& annotation) {
    values.emplace_back(annotation.value);
    return true;
  };
  EXPECT_TRUE(this->reader().read(kAlice)->scan_metadata(renamed.mailbox, "", note));
  EXPECT_EQ(values, (std::vector<std::string>{"mine"}));
}

TYPED_TEST(Contract, AnnotationsAreScannedInOrder) {
  this->run(CreateUser{});
  this->template done<Done>(
      SetMetadata{std::nullopt, {{"/private/b", "2"}, {"/private/a", "1"}, {"/private/a", "3"}}});
  this->template done<Done>(SetMetadata{this->id("Sent"), {{"/shared/c", "4"}}});
  const auto snapshot = this->reader().read(kAlice);
  EXPECT_EQ(*snapshot->metadata_modseq(), this->modseq());
  std::string all;
  const auto note = [&all](const AnnotationView& annotation) {
    all.append(annotation.entry).append("=").append(annotation.value).append(" ");
  };
  EXPECT_TRUE(snapshot->scan_all_metadata(note));
  EXPECT_EQ(all, "/private/a=3 /private/b=2 /shared/c=4 ");
  all.clear();
  const auto note_one = [&](const AnnotationView& annotation) {
    note(annotation);
    return false;
  };
  EXPECT_TRUE(snapshot->scan_metadata(std::nullopt, "/private/a0", note_one));
  EXPECT_EQ(all, "/private/b=2 ");
}

TYPED_TEST(Contract, ChangesTellWhichMailboxesChangedAndWhichWent) {
  this->template done<MailboxChanged>(CreateMailbox{"goes", {}});
  this->template done<MailboxChanged>(CreateMailbox{"stays", {}});
  const auto goes = this->id("goes");
  const ModSeq before = this->modseq();
  EXPECT_EQ((*this->reader().read(kAlice)->changes(before))->changed, std::vector<MailboxId>{});
  this->append("a", "stays");
  this->template done<MailboxChanged>(DeleteMailbox{"goes"});
  this->template done<MailboxChanged>(CreateMailbox{"new", {}});
  this->template done<MailboxChanged>(RenameMailbox{"Junk", "Spam"});
  const auto changes = this->reader().read(kAlice)->changes(before);
  ASSERT_TRUE(changes && *changes);
  auto changed = (*changes)->changed;
  std::vector<MailboxId> expected{this->id("Spam"), this->id("stays"), this->id("new")};
  std::ranges::sort(expected);
  EXPECT_EQ(changed, expected);
  EXPECT_EQ((*changes)->gone, std::vector{goes});
  EXPECT_EQ((*changes)->modseq, this->modseq());
}

}  // namespace
}  // namespace posthaste::mailbox
