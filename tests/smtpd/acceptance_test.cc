// What becomes of a message at the end of its data, for all that deliveryd may say of those who live here, with and
// without others elsewhere: what the client hears, who waits in the queue, and what the sender is told.
#include "smtpd/acceptance.h"

#include "installation.h"

namespace posthaste::smtpd {
namespace {

using Words = std::vector<std::string>;

const std::string kTaken = "250 2.0.0 Stored";
const std::string kPutOff = "452 4.2.2 Full";
const std::string kRefused = "550 5.7.1 Not from you";
const std::string kAway;  // nobody listens

const std::optional<smtp::Notify> kUnsaid;
const std::optional<smtp::Notify> kNever = smtp::Notify{};
const std::optional<smtp::Notify> kSuccess = smtp::Notify{.success = true, .failure = false, .delay = false};
const std::optional<smtp::Notify> kAll = smtp::Notify{.success = true, .failure = true, .delay = true};

enum class Sender { smith, nobody };
enum class Elsewhere { nobody, jones };

struct Case {
  const char* name;
  Words here;  // what deliveryd says of alice, and of bob when there is a second word
  Elsewhere elsewhere;
  Sender sender;
  std::optional<smtp::Notify> notify;
  int code;        // what the client hears
  Words queued;    // who waits
  Words notified;  // what the sender is told
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const std::string kAlice = "alice@example.org";
const std::string kBob = "bob@example.org";
const std::string kJones = "jones@example.net";

const Case kCases[] = {
    {"Taken", {kTaken}, Elsewhere::nobody, Sender::smith, kUnsaid, 250, {}, {}},
    {"PutOff", {kPutOff}, Elsewhere::nobody, Sender::smith, kUnsaid, 250, {kAlice}, {}},
    {"Refused", {kRefused}, Elsewhere::nobody, Sender::smith, kUnsaid, 550, {}, {}},
    {"RefusedWithoutASender", {kRefused}, Elsewhere::nobody, Sender::nobody, kUnsaid, 550, {}, {}},
    {"RefusedWithNever", {kRefused}, Elsewhere::nobody, Sender::smith, kNever, 550, {}, {}},
    {"Away", {kAway}, Elsewhere::nobody, Sender::smith, kUnsaid, 250, {kAlice}, {}},
    {"AwayWithoutASender", {kAway}, Elsewhere::nobody, Sender::nobody, kUnsaid, 250, {kAlice}, {}},
    {"BothTaken", {kTaken, kTaken}, Elsewhere::nobody, Sender::smith, kUnsaid, 250, {}, {}},
    {"BothPutOff", {kPutOff, kPutOff}, Elsewhere::nobody, Sender::smith, kUnsaid, 250, {kAlice, kBob}, {}},
    {"BothRefused", {kRefused, kRefused}, Elsewhere::nobody, Sender::smith, kUnsaid, 550, {}, {}},
    {"BothAway", {kAway, kAway}, Elsewhere::nobody, Sender::smith, kUnsaid, 250, {kAlice, kBob}, {}},
    {"TakenAndPutOff", {kTaken, kPutOff}, Elsewhere::nobody, Sender::smith, kUnsaid, 250, {kBob}, {}},
    {"TakenAndRefused", {kTaken, kRefused}, Elsewhere::nobody, Sender::smith, kUnsaid, 250, {}, {"failed " + kBob}},
    {"PutOffAndRefused",
     {kPutOff, kRefused},
     Elsewhere::nobody,
     Sender::smith,
     kUnsaid,
     250,
     {kAlice},
     {"failed " + kBob}},
    {"TakenAndRefusedWithoutASender", {kTaken, kRefused}, Elsewhere::nobody, Sender::nobody, kUnsaid, 250, {}, {}},
    {"TakenAndRefusedWithNever", {kTaken, kRefused}, Elsewhere::nobody, Sender::smith, kNever, 250, {}, {}},
    {"NobodyHere", {}, Elsewhere::jones, Sender::smith, kUnsaid, 250, {kJones}, {}},
    {"NobodyHereWithSuccess", {}, Elsewhere::jones, Sender::smith, kSuccess, 250, {kJones}, {}},
    {"TakenAndElsewhere", {kTaken}, Elsewhere::jones, Sender::smith, kUnsaid, 250, {kJones}, {}},
    {"PutOffAndElsewhere", {kPutOff}, Elsewhere::jones, Sender::smith, kUnsaid, 250, {kJones, kAlice}, {}},
    {"RefusedAndElsewhere",
     {kRefused},
     Elsewhere::jones,
     Sender::smith,
     kUnsaid,
     250,
     {kJones},
     {"failed " + kAlice}},
    {"RefusedAndElsewhereWithoutASender", {kRefused}, Elsewhere::jones, Sender::nobody, kUnsaid, 250, {kJones}, {}},
    {"RefusedAndElsewhereWithSuccess", {kRefused}, Elsewhere::jones, Sender::smith, kSuccess, 250, {kJones}, {}},
    {"AwayAndElsewhere", {kAway}, Elsewhere::jones, Sender::smith, kUnsaid, 250, {kJones, kAlice}, {}},
    {"OneOfEachAndElsewhere",
     {kPutOff, kRefused},
     Elsewhere::jones,
     Sender::smith,
     kUnsaid,
     250,
     {kJones, kAlice},
     {"failed " + kBob}},
    {"TakenWithSuccess", {kTaken}, Elsewhere::nobody, Sender::smith, kSuccess, 250, {}, {"delivered " + kAlice}},
    {"TakenWithSuccessWithoutASender", {kTaken}, Elsewhere::nobody, Sender::nobody, kSuccess, 250, {}, {}},
    {"PutOffWithSuccess", {kPutOff}, Elsewhere::nobody, Sender::smith, kSuccess, 250, {kAlice}, {}},
    {"AwayWithAll", {kAway}, Elsewhere::nobody, Sender::smith, kAll, 250, {kAlice}, {}},
    {"TakenAndRefusedWithAll",
     {kTaken, kRefused},
     Elsewhere::nobody,
     Sender::smith,
     kAll,
     250,
     {},
     {"delivered " + kAlice, "failed " + kBob}},
    {"TakenAndElsewhereWithSuccess",
     {kTaken},
     Elsewhere::jones,
     Sender::smith,
     kSuccess,
     250,
     {kJones},
     {"delivered " + kAlice}},
};

/// smtpd with a deliveryd, and what is in the queue since it began.
class Scene {
 public:
  Scene() : smtpd(sim) {
    for (const char* domain : {"example.com", "example.net", "example.edu"}) {
      smtpd.outbound.resolver.fail(domain, dns::Failure::timed_out);
    }
    note_newest();
  }

  AcceptedMessage message(const smtp::ReversePath& from, std::vector<AcceptedRecipient> recipients) {
    AcceptedMessage message;
    message.envelope.trace_id = "trace";
    message.envelope.reverse_path = from;
    message.envelope.arrived = sim.loop().wall();
    message.envelope.delivery_id.octets[0] = std::byte{7};
    message.recipients = std::move(recipients);
    message.added_header = "Received: by us\r\n";
    message.octets = std::make_shared<const MessageOctets>("Subject: x\r\n\r\nhi\r\n", smtpd.memory.for_trusted());
    return message;
  }

  /// The entries of the queue that are new, of messages or of notifications.
  std::vector<queue::Entry> entries(bool notifications) {
    std::vector<queue::Entry> found;
    const auto& reader = installation().queue().reader();
    const auto note = [&](const queue::Summary& summary) {
      auto entry = reader.read(summary.id);
      if ((entry->envelope.trace_id != "trace") == notifications) found.push_back(std::move(*entry));
      return true;
    };
    EXPECT_TRUE(reader.walk(note, newest_));
    return found;
  }

  Words queued() {
    Words waiting;
    for (const auto& entry : entries(false)) {
      for (const auto& [recipient, status] : entry.recipients) {
        if (status.fate == queue::Fate::waiting) waiting.push_back(to_string(recipient.mailbox));
      }
    }
    return waiting;
  }

  /// "failed bob@example.org"
  Words notified() {
    Words told;
    for (const auto& entry : entries(true)) {
      EXPECT_EQ(entry.recipients.front().recipient.mailbox, (smtp::Mailbox{"smith", "example.com"}));
      const auto octets = installation().queue().reader().read_octets(entry.message, 0, entry.message.octets);
      constexpr std::string_view kRecipient = "\r\nFinal-Recipient: rfc822;";
      constexpr std::string_view kAction = "\r\nAction: ";
      for (auto at = octets->find(kRecipient); at != std::string::npos; at = octets->find(kRecipient, at + 1)) {
        const auto start = at + kRecipient.size();
        const auto action = octets->find(kAction, at) + kAction.size();
        told.push_back(octets->substr(action, octets->find("\r\n", action) - action) + " " +
                       octets->substr(start, octets->find("\r\n", start) - start));
      }
    }
    return told;
  }

  net::SimWorld sim{1};
  SimSmtpd smtpd;

 private:
  void note_newest() {
    const auto note = [&](const queue::Summary& summary) {
      newest_ = summary.id;
      return true;
    };
    EXPECT_TRUE(installation().queue().reader().walk(note));
  }
  queue::EntryId newest_{};
};

AcceptedRecipient here(const std::string& name, std::optional<smtp::Notify> notify = kUnsaid) {
  const smtp::Mailbox mailbox{name, "example.org"};
  return {mailbox, notify, std::nullopt, {{mailbox}, {}}};
}

AcceptedRecipient jones(std::optional<smtp::Notify> notify) {
  const smtp::Mailbox mailbox{"jones", "example.net"};
  return {mailbox, notify, std::nullopt, {{}, {mailbox}}};
}

/// Accepts the message, and looks at the queue before anything of it is tried again.
net::Task<void> accept_one(Scene& scene, AcceptedMessage message, FakeDeliveryd* deliveryd, smtp::Reply& reply,
                           Words& queued, Words& notified) {
  reply = co_await accept(scene.smtpd.context, std::move(message));
  queued = scene.queued();
  notified = scene.notified();
  co_await scene.smtpd.ended();
  if (deliveryd != nullptr) co_await deliveryd->ended();
}

class Acceptance : public testing::TestWithParam<Case> {};

TEST_P(Acceptance, EndsAsTheResultsSay) {
  const auto& test = GetParam();
  Scene scene;
  std::vector<AcceptedRecipient> recipients;
  std::optional<FakeDeliveryd> deliveryd;
  if (std::ranges::find(test.here, kAway) == test.here.end()) deliveryd.emplace(scene.sim, scene.smtpd.lmtp());
  for (std::size_t i = 0; i < test.here.size(); ++i) {
    const std::string name = i == 0 ? "alice" : "bob";
    recipients.push_back(here(name, test.notify));
    if (deliveryd) deliveryd->message_replies["<" + name + "@example.org>"] = test.here[i];
  }
  if (test.elsewhere == Elsewhere::jones) recipients.push_back(jones(test.notify));
  const auto from = test.sender == Sender::smith ? smtp::ReversePath{{"smith", "example.com"}} : std::nullopt;
  smtp::Reply reply{0, ""};
  Words queued;
  Words notified;
  auto message = scene.message(from, std::move(recipients));
  ASSERT_TRUE(scene.sim.run(
      accept_one(scene, std::move(message), deliveryd ? &*deliveryd : nullptr, reply, queued, notified)));
  EXPECT_EQ(reply.code, test.code);
  EXPECT_EQ(queued, test.queued);
  EXPECT_EQ(notified, test.notified);
}

INSTANTIATE_TEST_SUITE_P(Smtpd, Acceptance, testing::ValuesIn(kCases),
                         [](const auto& test) { return test.param.name; });

// An alias of several targets, one here (RFC 3461 §5.2.7.3 (c)).

AcceptedRecipient list(std::optional<smtp::Notify> notify) {
  return {{"list", "example.org"},
          notify,
          std::nullopt,
          {{{"alice", "example.org"}}, {{"a", "example.net"}, {"b", "example.edu"}}}};
}

/// What the queue has of a message to the list that asked for `notify`.
std::vector<queue::QueuedRecipient> expanded(Scene& scene, std::vector<AcceptedRecipient> recipients,
                                             Words& notified) {
  FakeDeliveryd deliveryd{scene.sim, scene.smtpd.lmtp()};
  smtp::Reply reply{0, ""};
  Words queued;
  auto message = scene.message(smtp::Mailbox{"smith", "example.com"}, std::move(recipients));
  EXPECT_TRUE(scene.sim.run(accept_one(scene, std::move(message), &deliveryd, reply, queued, notified)));
  EXPECT_EQ(reply.code, 250);
  EXPECT_EQ(deliveryd.delivered.size(), 1U);
  const auto entries = scene.entries(false);
  return entries.empty() ? std::vector<queue::QueuedRecipient>{} : entries.front().recipients;
}

TEST(Expansion, TellsOfItselfAndPassesOnAllButSuccess) {
  Scene scene;
  Words notified;
  const auto queued = expanded(scene, {list(kAll)}, notified);
  EXPECT_EQ(notified, Words{"expanded list@example.org"});
  ASSERT_EQ(queued.size(), 2U);
  for (const auto& [recipient, status] : queued) {
    EXPECT_EQ(recipient.notify, (smtp::Notify{.success = false, .failure = true, .delay = true}));
    EXPECT_EQ(recipient.orcpt, (smtp::OriginalRecipient{"rfc822", "list@example.org"}));
  }
}

TEST(Expansion, OfSuccessAloneLeavesNever) {
  Scene scene;
  Words notified;
  const auto queued = expanded(scene, {list(kSuccess)}, notified);
  EXPECT_EQ(notified, Words{"expanded list@example.org"});
  ASSERT_EQ(queued.size(), 2U);
  EXPECT_EQ(queued.front().recipient.notify, smtp::Notify{});
}

TEST(Expansion, WithoutSuccessIsNotToldOf) {
  Scene scene;
  Words notified;
  const auto queued = expanded(scene, {list(kUnsaid)}, notified);
  EXPECT_TRUE(notified.empty());
  ASSERT_EQ(queued.size(), 2U);
  EXPECT_EQ(queued.front().recipient.notify, std::nullopt);
}

TEST(Expansion, KeepsTheOriginalRecipientThatCame) {
  Scene scene;
  Words notified;
  auto recipient = list(kUnsaid);
  recipient.orcpt = smtp::OriginalRecipient{"rfc822", "First@example.edu"};
  const auto queued = expanded(scene, {recipient}, notified);
  ASSERT_EQ(queued.size(), 2U);
  EXPECT_EQ(queued.front().recipient.orcpt, (smtp::OriginalRecipient{"rfc822", "First@example.edu"}));
}

TEST(Expansion, ThatNamesWhoIsNamedAnywayIsNoSecondCopy) {
  Scene scene;
  Words notified;
  auto direct = jones(kUnsaid);
  direct.mailbox = {"a", "example.net"};
  direct.destinations = {{}, {{"a", "example.net"}}};
  const auto queued = expanded(scene, {direct, list(kUnsaid), here("alice")}, notified);
  EXPECT_EQ(queued.size(), 2U);
}

}  // namespace
}  // namespace posthaste::smtpd
