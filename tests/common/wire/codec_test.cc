// The store socket's messages: every operation and result there and back, and what is refused.
#include "common/wire/codec.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace posthaste::wire {
namespace {

const Summarize kNoSummary = [](std::string_view) { return mailbox::Summary{}; };

mailbox::BlobHandle blob(std::string octets) { return mailbox::put_blob(std::move(octets), {}); }

constexpr mailbox::InternalDate kDate{std::chrono::sys_seconds{std::chrono::seconds{1'795'344'000}}, -330};

/// What a frame looks like after the connection.
Frame arrived(const OutgoingFrame& outgoing) {
  Frame frame{outgoing.message, {}};
  for (const auto& attached : outgoing.attachments) frame.attachment += attached->octets();
  return frame;
}

std::expected<ApplyCall, FrameError> through_wire(mailbox::Operation operation) {
  ApplyCall call{7, UserId{0xffff'ffff'ffff'fffe}, {{std::move(operation)}}, {"key"}};
  const auto frame = encode(Request{call});
  if (!frame) return std::unexpected(frame.error());
  auto request = decode_request(arrived(*frame), kNoSummary);
  if (!request) return std::unexpected(request.error());
  return std::get<ApplyCall>(std::move(*request));
}

template <typename Operation>
Operation received(Operation operation) {
  auto call = through_wire(std::move(operation));
  EXPECT_TRUE(call) << name_of(call.error());
  EXPECT_EQ(call->id, 7U);
  EXPECT_EQ(number(call->user), 0xffff'ffff'ffff'fffeU);
  EXPECT_EQ(call->key.octets, "key");
  EXPECT_EQ(call->batch.operations.size(), 1U);
  return std::get<Operation>(call->batch.operations.front());
}

TEST(Operations, AppendKeepsItsOctetsAndAllElse) {
  const std::string octets = std::string("Subject: a\r\n\r\n\0\xff", 16);
  const auto append = received(mailbox::Append{MailboxId{9},
                                               blob(octets),
                                               {mailbox::SystemFlag::seen, mailbox::SystemFlag::draft},
                                               {"$Forwarded", "a"},
                                               kDate,
                                               UidValidity{0xffff'ffff}});
  EXPECT_EQ(append.mailbox, MailboxId{9});
  EXPECT_EQ(append.blob->octets(), octets);
  EXPECT_EQ(append.flags, (mailbox::FlagSet{mailbox::SystemFlag::seen, mailbox::SystemFlag::draft}));
  EXPECT_EQ(append.keywords, (std::vector<std::string>{"$Forwarded", "a"}));
  EXPECT_EQ(append.internal_date, kDate);
  EXPECT_EQ(append.expected_uid_validity, UidValidity{0xffff'ffff});
}

TEST(Operations, SeveralAppendsShareTheAttachmentInTheirOrder) {
  ApplyCall call;
  for (const char* octets : {"first", "", "third one"}) {
    call.batch.operations.emplace_back(mailbox::Append{MailboxId{1}, blob(octets), {}, {}, kDate, {}});
  }
  const auto frame = encode(Request{call});
  ASSERT_TRUE(frame);
  const auto request = decode_request(arrived(*frame), kNoSummary);
  ASSERT_TRUE(request);
  std::vector<std::string> octets;
  for (const auto& operation : std::get<ApplyCall>(*request).batch.operations) {
    octets.push_back(std::get<mailbox::Append>(operation).blob->octets());
  }
  EXPECT_EQ(octets, (std::vector<std::string>{"first", "", "third one"}));
}

TEST(Operations, TheReceiverMakesTheSummary) {
  const auto frame = encode(
      Request{ApplyCall{1, UserId{1}, {{mailbox::Append{MailboxId{1}, blob("abc"), {}, {}, kDate, {}}}}, {}}});
  const auto request = decode_request(arrived(*frame), [](std::string_view octets) {
    return mailbox::Summary{std::string{octets} + "!", "", ""};
  });
  ASSERT_TRUE(request);
  const auto& append = std::get<mailbox::Append>(std::get<ApplyCall>(*request).batch.operations.front());
  EXPECT_EQ(append.blob->summary().envelope, "abc!");
}

TEST(Operations, StoreFlags) {
  const mailbox::UidSet uids{{Uid{1}, Uid{1}}, {Uid{3}, Uid{7}}, {Uid{4'000'000'000}, Uid{0xffff'ffff}}};
  const auto operation = received(mailbox::StoreFlags{
      MailboxId{2}, uids, mailbox::FlagMode::replace, {mailbox::SystemFlag::deleted}, {"k"}, ModSeq{5}});
  EXPECT_EQ(operation.mailbox, MailboxId{2});
  EXPECT_EQ(operation.uids, uids);
  EXPECT_EQ(operation.mode, mailbox::FlagMode::replace);
  EXPECT_EQ(operation.flags, mailbox::FlagSet{mailbox::SystemFlag::deleted});
  EXPECT_EQ(operation.keywords, std::vector<std::string>{"k"});
  EXPECT_EQ(operation.unchanged_since, ModSeq{5});
}

TEST(Operations, ModseqZeroIsNotTheSameAsNone) {
  EXPECT_EQ(
      received(mailbox::StoreFlags{MailboxId{2}, {}, mailbox::FlagMode::add, {}, {}, ModSeq{0}}).unchanged_since,
      ModSeq{0});
  EXPECT_EQ(received(mailbox::StoreFlags{MailboxId{2}, {}, mailbox::FlagMode::add, {}, {}, {}}).unchanged_since,
            std::nullopt);
}

TEST(Operations, Expunge) {
  const auto operation = received(mailbox::Expunge{MailboxId{3}, {mailbox::kAllUids}, mailbox::ExpungeWhich::all});
  EXPECT_EQ(operation.mailbox, MailboxId{3});
  EXPECT_EQ(operation.uids, mailbox::UidSet{mailbox::kAllUids});
  EXPECT_EQ(operation.which, mailbox::ExpungeWhich::all);
}

TEST(Operations, CopyAndMove) {
  const mailbox::UidSet uids{{Uid{2}, Uid{4}}};
  const auto copy = received(mailbox::Copy{MailboxId{1}, uids, MailboxId{2}});
  EXPECT_EQ(copy.from, MailboxId{1});
  EXPECT_EQ(copy.uids, uids);
  EXPECT_EQ(copy.to, MailboxId{2});
  const auto move = received(mailbox::Move{MailboxId{3}, uids, MailboxId{4}});
  EXPECT_EQ(move.from, MailboxId{3});
  EXPECT_EQ(move.to, MailboxId{4});
}

TEST(Operations, Mailboxes) {
  const auto create = received(mailbox::CreateMailbox{"Gesendet/\xc3\xa4", mailbox::SpecialUse::sent});
  EXPECT_EQ(create.name, "Gesendet/\xc3\xa4");
  EXPECT_EQ(create.special_use, mailbox::SpecialUse::sent);
  EXPECT_EQ(received(mailbox::CreateMailbox{"a", {}}).special_use, std::nullopt);
  EXPECT_EQ(received(mailbox::DeleteMailbox{"a/b"}).name, "a/b");
  const auto rename = received(mailbox::RenameMailbox{"a", "b"});
  EXPECT_EQ(rename.from, "a");
  EXPECT_EQ(rename.to, "b");
  const auto subscribed = received(mailbox::SetSubscribed{"a", false});
  EXPECT_EQ(subscribed.name, "a");
  EXPECT_FALSE(subscribed.subscribed);
  EXPECT_EQ(received(mailbox::SetSpecialUse{"a", mailbox::SpecialUse::important}).special_use,
            mailbox::SpecialUse::important);
}

TEST(Operations, Users) {
  received(mailbox::CreateUser{});
  received(mailbox::DeleteUser{});
  EXPECT_EQ(received(mailbox::SetQuota{{1'000, {}}}).limits, (mailbox::QuotaLimits{1'000, {}}));
  EXPECT_EQ(received(mailbox::SetQuota{{{}, 0}}).limits, (mailbox::QuotaLimits{{}, 0}));
  EXPECT_EQ(received(mailbox::SetQuota{}).limits, mailbox::QuotaLimits{});
}

TEST(Operations, MetadataKeepsItsOctetsAndTheLackOfThem) {
  const std::vector<mailbox::Annotation> annotations{
      {"/private/a", std::string("\0\xff\r\n", 4)}, {"/shared/b", std::nullopt}, {"", ""}};
  const auto of_mailbox = received(mailbox::SetMetadata{MailboxId{7}, annotations});
  EXPECT_EQ(of_mailbox.mailbox, MailboxId{7});
  EXPECT_EQ(of_mailbox.annotations, annotations);
  const auto of_server = received(mailbox::SetMetadata{std::nullopt, {}});
  EXPECT_EQ(of_server.mailbox, std::nullopt);
  EXPECT_TRUE(of_server.annotations.empty());
}

TEST(Operations, WhatCannotTravelIsRefusedByTheSender) {
  EXPECT_EQ(through_wire(mailbox::SetMetadata{{}, {{std::string(4'097, 'a'), "v"}}}).error(),
            FrameError::out_of_range);
  EXPECT_EQ(through_wire(mailbox::SetMetadata{{}, {{"/private/a", std::string((1 << 20) + 1, 'v')}}}).error(),
            FrameError::out_of_range);
  EXPECT_EQ(through_wire(mailbox::SetMetadata{{}, std::vector<mailbox::Annotation>(1'001)}).error(),
            FrameError::out_of_range);
  EXPECT_EQ(through_wire(mailbox::DeleteMailbox{std::string(4'097, 'a')}).error(), FrameError::out_of_range);
  EXPECT_EQ(
      through_wire(mailbox::StoreFlags{
                       MailboxId{2}, {}, mailbox::FlagMode::add, {}, std::vector<std::string>(1'001, "k"), {}})
          .error(),
      FrameError::out_of_range);
  const mailbox::InternalDate year_10000{std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1}, 0};
  EXPECT_EQ(through_wire(mailbox::Append{MailboxId{1}, blob(""), {}, {}, year_10000, {}}).error(),
            FrameError::out_of_range);
  EXPECT_EQ(through_wire(mailbox::StoreFlags{MailboxId{2}, {}, mailbox::FlagMode::add, {}, {}, ModSeq{1ULL << 63U}})
                .error(),
            FrameError::out_of_range);
  const mailbox::Batch many{std::vector<mailbox::Operation>(kOperationsMax + 1, mailbox::CreateUser{})};
  EXPECT_EQ(encode(Request{ApplyCall{1, UserId{1}, many, {}}}).error(), FrameError::out_of_range);
  EXPECT_EQ(encode(Request{ApplyCall{1, UserId{1}, {}, {std::string(65, 'k')}}}).error(), FrameError::out_of_range);
}

TEST(Requests, Subscriptions) {
  const auto subscribe = encode(Request{Subscribe{UserId{0}}});
  EXPECT_EQ(std::get<Subscribe>(*decode_request(arrived(*subscribe), kNoSummary)), Subscribe{UserId{0}});
  const auto unsubscribe = encode(Request{Unsubscribe{UserId{12}}});
  EXPECT_EQ(std::get<Unsubscribe>(*decode_request(arrived(*unsubscribe), kNoSummary)), Unsubscribe{UserId{12}});
}

const Response kResponses[] = {
    ApplyAnswer{3, mailbox::ApplyResult{{mailbox::Appended{MailboxId{1}, UidValidity{2}, Uid{3}, BlobId{4}},
                                         mailbox::FlagsStored{{{Uid{1}, Uid{9}}}, {{Uid{11}, Uid{11}}}},
                                         mailbox::Expunged{{{Uid{5}, Uid{6}}, {Uid{8}, Uid{8}}}},
                                         mailbox::Copied{UidValidity{7}, {{Uid{1}, Uid{2}}}, {{Uid{10}, Uid{11}}}},
                                         mailbox::MailboxChanged{MailboxId{6}, UidValidity{5}}, mailbox::Done{}},
                                        ModSeq{0x7fff'ffff'ffff'ffff}}},
    ApplyAnswer{0, mailbox::ApplyResult{}},
    ApplyAnswer{4, std::unexpected(mailbox::StoreError::no_such_mailbox)},
    ApplyAnswer{5, std::unexpected(mailbox::StoreError::unavailable)},
    ApplyAnswer{6, std::unexpected(mailbox::StoreError::outcome_unknown)},
    Subscribed{UserId{8}},
    mailbox::Change{UserId{1}, MailboxId{2}, ModSeq{3}},
    AnythingChanged{},
    RecipientVerified{0, RecipientState::ok},
    RecipientVerified{0xffff'ffff'ffff'ffff, RecipientState::unavailable},
};

TEST(Responses, AllOfThemComeAsTheyWent) {
  for (const Response& response : kResponses) {
    const auto frame = encode(response);
    ASSERT_TRUE(frame);
    const auto decoded = decode_response(arrived(*frame));
    ASSERT_TRUE(decoded) << name_of(decoded.error());
    EXPECT_EQ(*decoded, response) << response.index();
  }
}

// Protobuf by hand: a tag is field number << 3 | type; 0 varint, 1 eight octets, 2 length-prefixed.
std::string field(int number, std::string_view octets) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(octets.size())}.append(octets);
}
std::string varint(int number, char value) { return {static_cast<char>(number << 3), value}; }
std::string apply_of(const std::string& operation) { return field(1, field(4, operation)); }
std::string answer_of(const std::string& result) { return field(1, field(2, field(2, result))); }

struct WrongCase {
  const char* name;
  std::string message;
  std::string attachment;
  FrameError error;
};

const WrongCase kWrongRequests[] = {
    {"Empty", "", "", FrameError::malformed},
    {"NotProtobuf", "\xff\xff\xff", "", FrameError::malformed},
    {"CutOff", std::string{"\x0a\x05\x08", 3}, "", FrameError::malformed},
    {"OperationWithoutAKind", apply_of(""), "", FrameError::malformed},
    {"UnknownOperation", apply_of(field(15, "")), "", FrameError::malformed},
    {"AttachmentWithoutAppend", apply_of(varint(11, 1)), "x", FrameError::mismatched},
    {"AppendBeyondTheAttachment", apply_of(field(1, varint(2, 2))), "x", FrameError::mismatched},
    {"AttachmentBeyondTheAppend", apply_of(field(1, varint(2, 1))), "xy", FrameError::mismatched},
    {"SubscribeWithAnAttachment", std::string{"\x11\1\0\0\0\0\0\0\0", 9}, "x", FrameError::mismatched},
    {"UnknownFlag", apply_of(field(2, varint(4, 0x20))), "", FrameError::out_of_range},
    {"UnknownFlagMode", apply_of(field(2, varint(3, 3))), "", FrameError::out_of_range},
    {"UnknownExpungeWhich", apply_of(field(3, varint(3, 2))), "", FrameError::out_of_range},
    {"SpecialUseZero", apply_of(field(6, field(1, "a") + varint(2, 0))), "", FrameError::out_of_range},
    {"SpecialUseNine", apply_of(field(6, field(1, "a") + varint(2, 9))), "", FrameError::out_of_range},
    {"UidSetOfOneNumber", apply_of(field(3, field(2, field(1, std::string{"\1", 1})))), "",
     FrameError::out_of_range},
    {"UidZero", apply_of(field(3, field(2, field(1, std::string{"\0\1", 2})))), "", FrameError::out_of_range},
    {"AdjacentRanges", apply_of(field(3, field(2, field(1, std::string{"\1\0\1\0", 4})))), "",
     FrameError::out_of_range},
    {"UidAbove32Bits", apply_of(field(3, field(2, field(1, "\xff\xff\xff\xff\x0f\1")))), "",
     FrameError::out_of_range},
    {"MetadataIsNoText", apply_of(varint(14, 1)), "", FrameError::malformed},
    {"MetadataWithAnAttachment", apply_of(field(14, field(2, field(1, "/private/a")))), "x",
     FrameError::mismatched},
    {"AnnotationCutOff", apply_of(field(14, std::string{"\x12\4\x0a\3a", 5})), "", FrameError::malformed},
    {"QuestionCutOff", std::string{"\x22\5\x12\4ab", 6}, "", FrameError::malformed},
    {"QuestionWithAnAttachment", field(4, field(2, "a@b")), "x", FrameError::mismatched},
    {"LongKey", field(1, field(3, std::string(65, 'k'))), "", FrameError::out_of_range},
};

TEST(Requests, AQuestionComesAsItWent) {
  const VerifyRecipient questions[] = {
      {1, "alice+b@example.org", 0}, {0xffff'ffff'ffff'ffff, "", 0xffff'ffff'ffff'ffff}, {2, "\xc3\xa4 @\"@b", {}}};
  for (const VerifyRecipient& question : questions) {
    const auto frame = encode(Request{question});
    ASSERT_TRUE(frame);
    const auto request = decode_request(arrived(*frame), kNoSummary);
    ASSERT_TRUE(request) << name_of(request.error());
    EXPECT_EQ(std::get<VerifyRecipient>(*request), question);
  }
}

TEST(Requests, AnAddressHas1024OctetsAtMost) {
  EXPECT_TRUE(encode(Request{VerifyRecipient{1, std::string(1024, 'a'), {}}}));
  const auto frame = encode(Request{VerifyRecipient{1, std::string(1025, 'a'), {}}});
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error(), FrameError::out_of_range);
  const std::string message = std::string{"\x22\x84\x08\x12\x81\x08", 6} + std::string(1025, 'a');
  const auto request = decode_request({message, ""}, kNoSummary);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error(), FrameError::out_of_range);
}

TEST(Requests, WrongOnesAreRefused) {
  for (const auto& test : kWrongRequests) {
    const auto request = decode_request({test.message, test.attachment}, kNoSummary);
    ASSERT_FALSE(request) << test.name;
    EXPECT_EQ(request.error(), test.error) << test.name << ": " << name_of(request.error());
  }
}

const WrongCase kWrongResponses[] = {
    {"Empty", "", "", FrameError::malformed},
    {"AnswerWithoutAnOutcome", field(1, varint(1, 1)), "", FrameError::malformed},
    {"UnknownError", field(1, varint(3, 14)), "", FrameError::out_of_range},
    {"ResultWithoutAKind", answer_of(""), "", FrameError::malformed},
    {"CopiedOfUnevenSets", answer_of(field(4, field(2, field(1, std::string{"\1\0", 2})))), "",
     FrameError::out_of_range},
    {"VerifiedWithoutAState", field(5, varint(1, 1)), "", FrameError::out_of_range},
    {"VerifiedWithAnUnknownState", field(5, varint(2, 5)), "", FrameError::out_of_range},
    {"WithAnAttachment", varint(4, 1), "x", FrameError::mismatched},
    {"ModseqOf64Bits", field(3, "\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"), "", FrameError::out_of_range},
};

TEST(Responses, WrongOnesAreRefused) {
  for (const auto& test : kWrongResponses) {
    const auto response = decode_response({test.message, test.attachment});
    ASSERT_FALSE(response) << test.name;
    EXPECT_EQ(response.error(), test.error) << test.name << ": " << name_of(response.error());
  }
}

TEST(FrameHeaders, AreBigEndianAndBounded) {
  const auto octets = encode(FrameHeader{0x0102, 0x03040506});
  EXPECT_EQ(std::string(octets.data(), octets.size()), std::string("\0\0\1\2\3\4\5\6", 8));
  EXPECT_EQ(decode_frame_header(std::string("\0\0\1\2\3\4\5\6", 8)), (FrameHeader{0x0102, 0x03040506}));
  EXPECT_EQ(decode_frame_header(std::string("\0\x40\0\1\0\0\0\0", 8)).error(), FrameError::too_large);
  EXPECT_EQ(decode_frame_header(std::string("\0\0\0\1\x08\0\0\1", 8)).error(), FrameError::too_large);
}

}  // namespace
}  // namespace posthaste::wire
