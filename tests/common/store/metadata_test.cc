// Annotations of mailboxes and of the server: what is set is there, within limits, and after a crash.
#include <gtest/gtest.h>

#include "common/store/rows.h"
#include "scratch.h"

namespace posthaste::store {
namespace {

using Annotations = std::map<std::string, std::string>;

Annotations annotations_in(const Store& store, UserId user, std::optional<MailboxId> mailbox) {
  Annotations found;
  const auto snapshot = store.read(user);
  const auto note = [&found](const mailbox::AnnotationView& annotation) {
    found[std::string(annotation.entry)] = annotation.value;
    return true;
  };
  EXPECT_TRUE(snapshot->scan_metadata(mailbox, {}, note));
  return found;
}

ModSeq metadata_modseq(const Store& store, UserId user) { return store.read(user)->metadata_modseq().value(); }

class Metadata : public ::testing::Test {
 protected:
  void SetUp() override {
    WriterOptions options = options_for(scratch_.path());
    options.on_change = [this](const Change& change) { changes_.push_back(change); };
    writer_ = open_writer(std::move(options));
    ASSERT_NE(writer_, nullptr);
    ASSERT_TRUE(apply(*writer_, kAlice, {CreateUser{}}));
    changes_.clear();
  }
  void TearDown() override {
    if (!writer_) return;
    expect_sound(writer_->store());
    expect_rebuilt_the_same(scratch_.path());
  }

  [[nodiscard]] MailboxId id(std::string_view name) const { return mailbox(writer_->store(), kAlice, name).id; }
  ApplyOutcome run(Operation operation) { return apply(*writer_, kAlice, {std::move(operation)}); }
  ApplyOutcome set(std::optional<MailboxId> mailbox, std::vector<Annotation> annotations) {
    return run(SetMetadata{mailbox, std::move(annotations)});
  }
  [[nodiscard]] Annotations of(std::optional<MailboxId> mailbox) const {
    return annotations_in(writer_->store(), kAlice, mailbox);
  }
  [[nodiscard]] Annotations of(std::string_view name) const { return of(id(name)); }
  /// `count` annotations of one octet each, under names that begin so.
  static std::vector<Annotation> many(const std::string& name, std::size_t count) {
    std::vector<Annotation> annotations;
    for (std::size_t i = 0; i < count; ++i) annotations.push_back({name + std::to_string(i), "x"});
    return annotations;
  }

  ScratchDirectory scratch_;
  std::unique_ptr<Writer> writer_;
  std::vector<Change> changes_;
};

TEST_F(Metadata, ValuesAreAnyOctetsAndBelongToOneMailboxOrTheServer) {
  const std::string binary("\0\xff\r\n", 4);
  ASSERT_TRUE(set(id("INBOX"), {{"/private/comment", "mine"}, {"/shared/comment", binary}}));
  ASSERT_TRUE(set(std::nullopt, {{"/private/comment", ""}}));
  EXPECT_EQ(of("INBOX"), (Annotations{{"/private/comment", "mine"}, {"/shared/comment", binary}}));
  EXPECT_EQ(of(std::nullopt), (Annotations{{"/private/comment", ""}}));
  EXPECT_EQ(of("Sent"), Annotations{});
  EXPECT_EQ(annotations_in(writer_->store(), kBob, std::nullopt), Annotations{});
}

TEST_F(Metadata, AnotherValueReplacesAndNoneRemoves) {
  ASSERT_TRUE(set(id("INBOX"), {{"/private/a", "1"}, {"/private/b", "2"}}));
  ASSERT_TRUE(set(id("INBOX"), {{"/private/a", "longer"}, {"/private/b", std::nullopt}}));
  EXPECT_EQ(of("INBOX"), (Annotations{{"/private/a", "longer"}}));
}

TEST_F(Metadata, TheLastValueOfAnEntryCounts) {
  ASSERT_TRUE(
      set(std::nullopt,
          {{"/private/a", "1"}, {"/private/a", std::nullopt}, {"/private/b", std::nullopt}, {"/private/b", "2"}}));
  EXPECT_EQ(of(std::nullopt), (Annotations{{"/private/b", "2"}}));
}

TEST_F(Metadata, WhatChangesNothingIsNoChange) {
  const auto first = set(id("INBOX"), {{"/private/a", "1"}});
  EXPECT_EQ(metadata_modseq(writer_->store(), kAlice), first->modseq);
  changes_.clear();
  const auto second = set(id("INBOX"), {{"/private/a", "1"}, {"/private/b", std::nullopt}});
  EXPECT_EQ(only<Done>(second), Done{});
  EXPECT_EQ(second->modseq, first->modseq);
  EXPECT_TRUE(changes_.empty());
}

TEST_F(Metadata, AChangeIsToldAndLeavesTheMailboxsModseqAlone) {
  const ModSeq before = mailbox(writer_->store(), kAlice, "INBOX").highest_modseq;
  const auto mailboxs = set(id("INBOX"), {{"/private/a", "1"}});
  const auto servers = set(std::nullopt, {{"/private/a", "1"}});
  EXPECT_EQ(changes_,
            (std::vector<Change>{{kAlice, id("INBOX"), mailboxs->modseq}, {kAlice, kNoMailbox, servers->modseq}}));
  EXPECT_GT(servers->modseq, mailboxs->modseq);
  EXPECT_EQ(mailbox(writer_->store(), kAlice, "INBOX").highest_modseq, before);
}

TEST_F(Metadata, IsNotCountedToTheQuota) {
  ASSERT_TRUE(run(SetQuota{{0, 0}}));
  ASSERT_TRUE(set(id("INBOX"), {{"/private/a", "1"}}));
  const auto snapshot = writer_->store().read(kAlice);
  EXPECT_EQ((*snapshot->user())->used_octets, 0U);
}

TEST_F(Metadata, FollowsItsMailboxAndGoesWithIt) {  // RFC 5464 §4.1
  ASSERT_TRUE(run(CreateMailbox{"a/b", std::nullopt}));
  ASSERT_TRUE(set(id("a"), {{"/private/a", "1"}}));
  ASSERT_TRUE(set(id("a/b"), {{"/private/b", "2"}}));
  ASSERT_TRUE(run(RenameMailbox{"a", "c"}));
  EXPECT_EQ(of("c"), (Annotations{{"/private/a", "1"}}));
  EXPECT_EQ(of("c/b"), (Annotations{{"/private/b", "2"}}));
  ASSERT_TRUE(run(DeleteMailbox{"c/b"}));
  ASSERT_TRUE(run(CreateMailbox{"c/b", std::nullopt}));
  EXPECT_EQ(of("c/b"), Annotations{});
  EXPECT_EQ(of("c"), (Annotations{{"/private/a", "1"}}));
}

TEST_F(Metadata, RenamingInboxCopiesIt) {  // RFC 5464 §4.1
  ASSERT_TRUE(set(id("INBOX"), {{"/private/a", "1"}, {"/shared/b", "2"}}));
  ASSERT_TRUE(set(std::nullopt, {{"/private/a", "the server's"}}));
  ASSERT_TRUE(run(RenameMailbox{"INBOX", "old"}));
  const Annotations both{{"/private/a", "1"}, {"/shared/b", "2"}};
  EXPECT_EQ(of("INBOX"), both);
  EXPECT_EQ(of("old"), both);
  ASSERT_TRUE(set(id("INBOX"), {{"/private/a", std::nullopt}}));
  EXPECT_EQ(of("old"), both);
}

TEST_F(Metadata, GoesWithItsUser) {
  ASSERT_TRUE(set(id("INBOX"), {{"/private/a", "1"}}));
  ASSERT_TRUE(set(std::nullopt, {{"/private/a", "1"}}));
  ASSERT_TRUE(run(DeleteUser{}));
  for (const auto& [key, value] : rows_of(scratch_.path() / "index")) {
    EXPECT_NE(static_cast<Table>(key.first), Table::metadata);
  }
  ASSERT_TRUE(run(CreateUser{}));
  EXPECT_EQ(of("INBOX"), Annotations{});
}

TEST_F(Metadata, OneBadValueChangesNothing) {  // RFC 5464 §4.3
  const std::string longest(kAnnotationMaxOctets, 'v');
  const std::string longest_entry(kEntryMaxOctets, 'e');
  ASSERT_TRUE(set(std::nullopt, {{longest_entry, longest}}));
  const Annotation good{"/private/a", "1"};
  EXPECT_EQ(set(std::nullopt, {good, {"/private/b", longest + "v"}}).error(), StoreError::cannot);
  EXPECT_EQ(set(std::nullopt, {good, {longest_entry + "e", "1"}}).error(), StoreError::invalid_name);
  EXPECT_EQ(set(std::nullopt, {good, {longest_entry + "e", std::nullopt}}).error(), StoreError::invalid_name);
  EXPECT_EQ(set(std::nullopt, {{"", "1"}, good}).error(), StoreError::invalid_name);
  EXPECT_EQ(set(MailboxId{99}, {good}).error(), StoreError::no_such_mailbox);
  EXPECT_EQ(set(kNoMailbox, {good}).error(), StoreError::no_such_mailbox);
  EXPECT_EQ(of(std::nullopt), (Annotations{{longest_entry, longest}}));
}

TEST_F(Metadata, AMailboxHasSoManyAndNoMore) {
  ASSERT_TRUE(set(id("INBOX"), many("/private/", kAnnotationsMax)));
  EXPECT_EQ(set(id("INBOX"), {{"/private/0", "y"}, {"/shared/a", "x"}}).error(), StoreError::too_many_annotations);
  EXPECT_EQ(of("INBOX").at("/private/0"), "x");
  EXPECT_TRUE(set(id("INBOX"), {{"/private/0", "y"}}));
  EXPECT_TRUE(set(id("INBOX"), {{"/shared/a", "x"}, {"/private/0", std::nullopt}}));
  EXPECT_TRUE(set(id("Sent"), many("/private/", kAnnotationsMax)));
  EXPECT_EQ(set(std::nullopt, many("/private/", kAnnotationsMax + 1)).error(), StoreError::too_many_annotations);
}

TEST_F(Metadata, AUserHasSoManyAndNoMore) {
  const std::string longest(kAnnotationMaxOctets, 'v');
  std::vector<Annotation> long_ones = many("/private/", kAnnotationsMax);
  for (Annotation& annotation : long_ones) annotation.value = longest;
  ASSERT_TRUE(set(id("INBOX"), long_ones));
  ASSERT_TRUE(set(id("Sent"), long_ones));
  EXPECT_EQ(set(id("Trash"), long_ones).error(), StoreError::too_many_annotations);
  EXPECT_EQ(run(RenameMailbox{"INBOX", "old"}).error(), StoreError::too_many_annotations);
  EXPECT_EQ(id("old"), MailboxId{});
  EXPECT_TRUE(set(id("Trash"), many("/private/", kAnnotationsMax)));
  ASSERT_TRUE(run(DeleteMailbox{"Sent"}));
  EXPECT_TRUE(run(RenameMailbox{"INBOX", "old"}));
}

TEST_F(Metadata, ThousandsOfShortOnesAreTooManyToo) {
  std::vector<Operation> operations;
  for (std::uint64_t i = 0; i < kUserAnnotationsMax / kAnnotationsMax; ++i) {
    operations.emplace_back(CreateMailbox{"m" + std::to_string(i), std::nullopt});
  }
  const auto created = apply(*writer_, kAlice, operations);
  ASSERT_TRUE(created);
  for (const OperationResult& result : created->results) {
    ASSERT_TRUE(set(std::get<MailboxChanged>(result).mailbox, many("/private/", kAnnotationsMax)));
  }
  EXPECT_EQ(set(id("INBOX"), {{"/private/a", ""}}).error(), StoreError::too_many_annotations);
  EXPECT_EQ(set(std::nullopt, {{"/private/a", ""}}).error(), StoreError::too_many_annotations);
  ASSERT_TRUE(run(DeleteMailbox{"m0"}));
  EXPECT_TRUE(set(id("INBOX"), {{"/private/a", ""}}));
}

TEST_F(Metadata, IsTakenBackWithItsBatch) {
  ASSERT_TRUE(set(id("INBOX"), {{"/private/a", "1"}}));
  const auto failed =
      apply(*writer_, kAlice,
            {SetMetadata{id("INBOX"), {{"/private/a", "2"}, {"/private/b", "3"}}}, DeleteMailbox{"none"}});
  EXPECT_EQ(failed.error(), StoreError::no_such_mailbox);
  EXPECT_EQ(of("INBOX"), (Annotations{{"/private/a", "1"}}));
}

TEST_F(Metadata, ScansStopAndGoOn) {
  ASSERT_TRUE(set(id("INBOX"), {{"/private/a", "1"}, {"/private/b", "2"}, {"/private/c", "3"}}));
  ASSERT_TRUE(set(std::nullopt, {{"/private/z", "4"}}));
  const auto snapshot = writer_->store().read(kAlice);
  std::string seen;
  const auto until_two = [&seen](const mailbox::AnnotationView& annotation) {
    seen += annotation.value;
    return annotation.value != "2";
  };
  ASSERT_TRUE(snapshot->scan_metadata(id("INBOX"), {}, until_two));
  EXPECT_EQ(seen, "12");
  ASSERT_TRUE(snapshot->scan_metadata(id("INBOX"), "/private/bb", until_two));
  EXPECT_EQ(seen, "123");
  seen.clear();
  const auto all = [&seen](const mailbox::AnnotationView& annotation) {
    seen += annotation.mailbox ? "m" : "s";
    seen += annotation.value;
  };
  ASSERT_TRUE(snapshot->scan_all_metadata(all));
  EXPECT_EQ(seen, "s4m1m2m3");
}

TEST(FullStore, RefusesNewAnnotationsAndRemovesOldOnes) {
  const ScratchDirectory scratch;
  WriterOptions options = options_for(scratch.path());
  {
    const auto writer = open_writer(options);
    ASSERT_TRUE(apply(*writer, kAlice, {SetMetadata{std::nullopt, {{"/private/a", "1"}}}}));
  }
  options.reserve_octets = UINT64_MAX;
  const auto writer = open_writer(options);
  EXPECT_EQ(apply(*writer, kAlice, {SetMetadata{std::nullopt, {{"/private/a", "2"}}}}).error(), StoreError::full);
  EXPECT_TRUE(apply(*writer, kAlice, {SetMetadata{std::nullopt, {{"/private/a", std::nullopt}}}}));
  EXPECT_EQ(annotations_in(writer->store(), kAlice, std::nullopt), Annotations{});
}

TEST(Crash, WhatIsInTheLogAloneComesBack) {
  const ScratchDirectory scratch;
  const auto store = scratch.path() / "store";
  const auto image = scratch.path() / "image";
  {
    const auto writer = open_writer(options_for(store));
    ASSERT_TRUE(apply(*writer, kAlice, {SetMetadata{std::nullopt, {{"/private/a", "1"}, {"/private/b", "2"}}}}));
    const MailboxId inbox = mailbox(writer->store(), kAlice, "INBOX").id;
    const std::vector<Request> requests = {
        ApplyRequest{
            kAlice, {{SetMetadata{std::nullopt, {{"/private/a", std::nullopt}, {"/private/b", "3"}}}}}, {}},
        ApplyRequest{kAlice, {{SetMetadata{inbox, {{"/shared/c", std::string("\0", 1)}}}}}, {}},
        ApplyRequest{kAlice, {{RenameMailbox{"INBOX", "old"}}}, {}}};
    const auto take_image = [&](std::span<const Outcome>) {
      std::filesystem::copy(store, image, std::filesystem::copy_options::recursive);
      std::filesystem::remove(image / "index" / "lock.mdb");
      EXPECT_EQ(annotations_in(writer->store(), kAlice, std::nullopt).size(), 2U);  // not published
    };
    static_cast<void>(writer->commit(requests, kStart, Publication::now, take_image));
  }
  const auto writer = open_writer(options_for(image));
  EXPECT_EQ(annotations_in(writer->store(), kAlice, std::nullopt), (Annotations{{"/private/b", "3"}}));
  for (const char* name : {"INBOX", "old"}) {
    const MailboxId id = mailbox(writer->store(), kAlice, name).id;
    EXPECT_EQ(annotations_in(writer->store(), kAlice, id), (Annotations{{"/shared/c", std::string("\0", 1)}}));
  }
  expect_sound(writer->store());
  expect_rebuilt_the_same(image);
}

/// A store as it was before there were annotations.
TEST(OldStore, GetsTheTableFromItsWriter) {
  const ScratchDirectory scratch;
  {
    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_TRUE(deliver(*writer, delivery(kAlice, "a message")));
  }
  {
    const auto index = open_index(scratch.path() / "index", Environment::Access::write, std::uint64_t{1} << 30);
    MDB_txn* txn = nullptr;
    ASSERT_EQ(mdb_txn_begin((*index)->handle(), nullptr, 0, &txn), 0);
    ASSERT_EQ(mdb_drop(txn, (*index)->table(Table::metadata), 1), 0);
    ASSERT_EQ(mdb_txn_commit(txn), 0);
  }
  const auto early = Store::open(scratch.path(), std::uint64_t{1} << 30);  // a reader cannot tell it from damage
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().kind, OpenError::Kind::damaged);
  const auto writer = open_writer(options_for(scratch.path()));
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(annotations_in(writer->store(), kAlice, std::nullopt), Annotations{});
  ASSERT_TRUE(apply(*writer, kAlice, {SetMetadata{std::nullopt, {{"/private/a", "1"}}}}));
  EXPECT_EQ(annotations_in(writer->store(), kAlice, std::nullopt), (Annotations{{"/private/a", "1"}}));
  EXPECT_EQ(messages(writer->store(), kAlice, mailbox(writer->store(), kAlice, "INBOX").id).size(), 1U);
  expect_sound(writer->store());
}

}  // namespace
}  // namespace posthaste::store
