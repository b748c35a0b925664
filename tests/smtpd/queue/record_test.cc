#include "smtpd/queue/record.h"

#include <gtest/gtest.h>

#include "scratch.h"
#include "smtpd/queue/envelope.h"

namespace posthaste::queue {
namespace {

Envelope full_envelope() {
  Envelope envelope;
  envelope.trace_id = "a1";
  envelope.delivery_id.octets.fill(std::byte{0xab});
  envelope.reverse_path = smtp::Mailbox{"a b", "[192.0.2.1]"};
  envelope.body = smtp::Body::binary_mime;
  envelope.smtp_utf8 = true;
  envelope.ret = smtp::Return::full;
  envelope.envid = "QQ 314159";
  envelope.arrived = WallTime{std::chrono::milliseconds{-1}};
  return envelope;
}

QueuedRecipient full_recipient() {
  QueuedRecipient recipient;
  recipient.recipient = {{"b", "example.net"}, smtp::Notify{true, false, true}, {{"rfc822", "B@example.net"}}};
  recipient.status = {Fate::relayed, true, true, 0xffffffff, at(1), at(2), "mx.example.net", "250 2.0.0 ok"};
  return recipient;
}

struct Case {
  const char* name;
  Record record;
};

const Case kCases[] = {
    {"NullReversePathAndNothingElse", EntryRecord{EntryId{1}, {}, {}, ""}},
    {"EverythingGiven",
     EntryRecord{EntryId{2}, full_envelope(), {full_recipient(), full_recipient()}, "octets\r\n"}},
    {"NotifyNever", EntryRecord{EntryId{3}, {}, {{{{"a", "b"}, smtp::Notify{}, {}}, {}}}, "x"}},
    {"EmptyEnvid", EntryRecord{EntryId{4},
                               [] {
                                 Envelope e;
                                 e.envid = "";
                                 return e;
                               }(),
                               {},
                               "x"}},
    {"Update", UpdateRecord{EntryId{5}, {{0, full_recipient().status}, {99'999, {}}}}},
    {"UpdateOfNobody", UpdateRecord{EntryId{6}, {}}},
    {"Remove", RemoveRecord{EntryId{7}}},
};

std::uint8_t type_of(const Record& record) { return static_cast<std::uint8_t>(record.index() + 1); }

std::string encode(const Record& record) {
  std::string body;
  if (const auto* entry = std::get_if<EntryRecord>(&record)) {
    const SharedOctets pieces[] = {{nullptr, entry->message.substr(0, 1)},
                                   {nullptr, entry->message.substr(entry->message.empty() ? 0 : 1)}};
    encode_entry(entry->id, entry->envelope, entry->recipients, pieces, body);
  }
  if (const auto* update = std::get_if<UpdateRecord>(&record)) encode_update(update->id, update->changes, body);
  if (const auto* remove = std::get_if<RemoveRecord>(&record)) encode_remove(remove->id, body);
  return body;
}

TEST(Record, EachKindComesBackAsItWas) {
  for (const Case& c : kCases) {
    const std::string body = encode(c.record);
    const auto decoded = decode_body(type_of(c.record), body);
    ASSERT_TRUE(decoded) << c.name;
    EXPECT_TRUE(*decoded == c.record) << c.name;
  }
}

TEST(Record, ABodyThatIsCutOrLongerIsRefused) {
  for (const Case& c : kCases) {
    const std::string body = encode(c.record);
    const auto* entry = std::get_if<EntryRecord>(&c.record);
    const std::size_t needed = body.size() - (entry ? entry->message.size() : 0);  // the message ends with the body
    for (std::size_t octets = 0; octets < needed; ++octets) {
      EXPECT_EQ(decode_body(type_of(c.record), std::string_view(body).substr(0, octets)), std::nullopt)
          << c.name << " " << octets;
    }
    if (!entry) {
      EXPECT_EQ(decode_body(type_of(c.record), body + '\0'), std::nullopt) << c.name;
    }
  }
}

TEST(Record, NumbersThatNothingStandsForAreRefused) {
  for (const int type : {0, 4, 255}) {
    EXPECT_EQ(decode_body(static_cast<std::uint8_t>(type), encode(RemoveRecord{})), std::nullopt) << type;
  }
  struct Wrong {
    const char* name;
    std::size_t place;
    char octet;
  };
  // An update of one recipient: id 8, count 4, index 4, then fate and flags.
  constexpr Wrong kWrongStatus[] = {{"a sixth fate", 16, 5}, {"a third flag", 17, 4}, {"more recipients", 8, 2}};
  const std::string update = encode(UpdateRecord{EntryId{1}, {{0, {}}}});
  for (const Wrong& wrong : kWrongStatus) {
    std::string changed = update;
    changed[wrong.place] = wrong.octet;
    EXPECT_EQ(decode_body(2, changed), std::nullopt) << wrong.name;
  }
}

// --- Envelopes

struct Field {
  std::uint16_t tag = 0;
  std::string value;
};

const Field kTraceId{1, "t"};
const Field kDeliveryId{2, std::string(16, 'd')};
const Field kArrived{3, std::string(8, '\0')};

std::string envelope_of(const std::vector<Field>& fields) {
  std::string octets;
  OctetWriter writer(octets);
  for (const Field& field : fields) writer.put(field.tag).put_string(field.value);
  std::string out;
  OctetWriter(out).put(kEnvelopeMark).put_string(octets);
  return out;
}

std::optional<Envelope> decode_envelope(std::string_view octets) {
  OctetReader reader(octets);
  Envelope envelope = take_envelope(reader);
  return reader.done() ? std::optional(envelope) : std::nullopt;
}

std::string encode_envelope(const Envelope& envelope) {
  std::string out;
  OctetWriter writer(out);
  put_envelope(writer, envelope);
  return out;
}

TEST(Envelope, WhatIsAbsentHasNoField) {
  Envelope envelope;
  envelope.trace_id = "t";
  envelope.delivery_id.octets.fill(std::byte{'d'});
  EXPECT_EQ(encode_envelope(envelope), envelope_of({kTraceId, kDeliveryId, kArrived}));
  envelope.smtp_utf8 = true;
  envelope.envid = "";
  const std::string octets = envelope_of({kTraceId, kDeliveryId, kArrived, {6, ""}, {8, ""}});
  EXPECT_EQ(encode_envelope(envelope), octets);
  EXPECT_EQ(decode_envelope(octets), envelope);
}

TEST(Envelope, FieldsOfLaterVersionsAreKept) {
  const std::string octets =
      envelope_of({kTraceId, kDeliveryId, kArrived, {8, "envid"}, {9, "a verdict"}, {0x7FFF, ""}});
  const auto envelope = decode_envelope(octets);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->envid, "envid");
  EXPECT_EQ(encode_envelope(*envelope), octets);
}

TEST(Envelope, WhatNobodyWroteAndCriticalFieldsOfLaterVersionsAreRefused) {
  const struct {
    const char* name;
    std::vector<Field> fields;
  } cases[] = {
      {"nothing", {}},
      {"no trace id", {kDeliveryId, kArrived}},
      {"no arrival", {kTraceId, kDeliveryId}},
      {"a critical field of a later version", {kTraceId, kDeliveryId, kArrived, {kCriticalField | 9, "x"}}},
      {"a known field that is critical", {kTraceId, kDeliveryId, {kCriticalField | 3, std::string(8, '\0')}}},
      {"field 0", {{0, ""}, kTraceId, kDeliveryId, kArrived}},
      {"a field twice", {kTraceId, kTraceId, kDeliveryId, kArrived}},
      {"out of order", {kDeliveryId, kTraceId, kArrived}},
      {"a later field before a known one", {kTraceId, kDeliveryId, kArrived, {9, ""}, {8, ""}}},
      {"a short delivery id", {kTraceId, {2, "d"}, kArrived}},
      {"a long arrival", {kTraceId, kDeliveryId, {3, std::string(9, '\0')}}},
      {"half a mailbox", {kTraceId, kDeliveryId, kArrived, {4, std::string(4, '\0')}}},
      {"a fourth body type", {kTraceId, kDeliveryId, kArrived, {5, "\3"}}},
      {"SMTPUTF8 with a value", {kTraceId, kDeliveryId, kArrived, {6, "\1"}}},
      {"a third RET", {kTraceId, kDeliveryId, kArrived, {7, "\2"}}},
  };
  ASSERT_TRUE(decode_envelope(envelope_of({kTraceId, kDeliveryId, kArrived})));
  for (const auto& c : cases) EXPECT_EQ(decode_envelope(envelope_of(c.fields)), std::nullopt) << c.name;
  std::string longer = envelope_of({kTraceId, kDeliveryId, kArrived});
  longer[4] += 1;  // the fields' octets
  EXPECT_EQ(decode_envelope(longer + "x"), std::nullopt);
}

TEST(Envelope, FieldsOfLaterVersionsStayWhenAnEntryMoves) {
  const ScratchDirectory scratch;
  Options options = options_for(scratch.path());
  options.segment_octets = 2048;
  const auto writer = open_writer(options);
  Add first = message("first");
  OctetWriter(first.envelope.later_fields).put(std::uint16_t{20}).put_string("a verdict");
  const EntryId id = add(*writer, first);
  const EntryId large = add(*writer, message(std::string(3000, 'x')));
  const EntryId last = add(*writer, message("last"));  // in another segment
  ASSERT_TRUE(commit(*writer, {Remove{large}}));
  while (writer->compact()) {
  }
  ASSERT_GT(writer->counters().segments_freed, 0U);
  EXPECT_EQ(writer->reader().read(id)->envelope, first.envelope);
  EXPECT_TRUE(writer->reader().read(last));
  expect_sound(scratch.path());
  expect_rebuilt_the_same(scratch.path());
}

TEST(Envelope, OfFormat1IsRefusedWhereItSaysWhatNothingStandsFor) {
  // Trace id 4, delivery id 16, then one octet each; the arrival.
  const std::string octets(4 + 16 + 5 + 8, '\0');
  ASSERT_EQ(decode_envelope(octets), Envelope{});
  struct Wrong {
    const char* name;
    std::size_t place;
    char octet;
  };
  constexpr Wrong kWrong[] = {
      {"reverse-path neither there nor not", 20, 2},
      {"a fourth body type", 21, 4},
      {"SMTPUTF8 twice", 22, 2},
      {"a third RET", 23, 3},
      {"ENVID twice", 24, 2},
  };
  for (const Wrong& wrong : kWrong) {
    std::string changed = octets;
    changed[wrong.place] = wrong.octet;
    EXPECT_EQ(decode_envelope(changed), std::nullopt) << wrong.name;
  }
}

TEST(Record, ACountThatCannotBeAsksForNoMemory) {
  std::string body = encode(UpdateRecord{EntryId{1}, {}});
  body.replace(8, 4, 4, '\xff');
  EXPECT_EQ(decode_body(2, body), std::nullopt);
}

TEST(Record, OctetsAreKnownBeforeItIsWritten) {
  Add add;
  add.envelope = full_envelope();
  add.recipients = {full_recipient()};
  add.message = {share("one"), share(""), share("two")};
  std::string body;
  encode_entry(EntryId{1}, add.envelope, add.recipients, add.message, body);
  EXPECT_EQ(entry_record_octets(add), journal::kRecordHeaderOctets + body.size());
}

TEST(Record, ASegmentOfTheMailboxStoreIsNotOurs) {
  std::string octets;
  journal::encode_segment_header({'P', 'O', 'H', 'S', 'E', 'G'}, {1, 1, 1, journal::framing_of(1)}, octets);
  EXPECT_EQ(journal::decode_segment_header(kSegmentMagic, octets), std::nullopt);
}

}  // namespace
}  // namespace posthaste::queue
