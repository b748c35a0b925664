// Every dialogue in tests/dialogues/smtpd, held many times in the simulated world, in other splits each time.
//
//   = port submission          by which port the client comes: smtp (unless said), submission or submissions
//   = set KEY VALUE            message_max, recipients_max, require_tls, allow_plaintext or memory_max
//   = deliveryd away           nobody listens; "= deliveryd back" ends that
//   = rcpt ADDRESS REPLY       what deliveryd says to that recipient's RCPT
//   = message ADDRESS REPLY    and of the message, for that recipient
//   = verify ADDRESS STATE     what deliveryd says of it on the store socket: ok, unknown, over_quota or
//   unavailable;
//                              "silent": nothing. Without any of these, nobody listens on the store socket
//   = asked N                  so many questions have come there in all
//   = question ADDRESS OCTETS  what the last one was; 0 where no size was announced
//   = host DOMAIN ADDRESS      DNS knows the domain, and a host at ADDRESS takes all mail for it; without this, DNS
//   does
//                              not answer for example.com and example.net, and knows nothing else
//   = wait SECONDS             nobody says anything for so long
//   = starttls                 the client shakes hands
//   = stop                     smtpd is told to end
//   = closed                   the server closes the connection
//   = delivered FROM TO...     so many paths in the next message that deliveryd got
//   = nothing delivered
//   = relayed FROM TO...       likewise of the next message that another host got
//   = queued FROM TO...        the queue holds a message with these recipients waiting; each is named once
//   = notified TO              and a notification for TO
//   = says LINE                which has this line
//   = nothing queued           that was not named
//   C: lines that follow each other leave together
//   M: a line of the message just named by "= delivered"
#include <deque>
#include <set>
#include <sstream>

#include "../dialogue_file.h"
#include "fake_host.h"
#include "installation.h"

namespace posthaste::smtpd {
namespace {

constexpr std::uint64_t kSeeds = 25;

/// Plays the client, and finds out what was not as it is written.
class Player {
 public:
  Player(net::SimWorld& sim, const Dialogue& dialogue) : sim_(sim), dialogue_(dialogue) {}

  net::Task<void> play() {
    for (const auto& step : dialogue_.steps) {
      if (step.kind == '=') {
        co_await direct(step.text);
      } else if (step.kind == 'M') {
        check_message_line(step.text);
      } else {
        if (!client_) co_await connect();
        if (step.kind == 'C') client_->write(step.text + "\r\n");
        if (step.kind == 'R') client_->write(unescaped(step.text));
        if (step.kind == 'S') co_await check_line(step.text);
      }
      if (!problem.empty()) break;
    }
    client_.reset();
    if (smtpd_) co_await smtpd_->ended();
    if (smtpd_ && smtpd_->memory.taken() != 0) fail("memory is still taken");
    if (deliveryd_) co_await deliveryd_->ended();
    if (store_) co_await store_->ended();
    for (auto& [domain, host] : hosts_) co_await host.ended();
  }

  std::string problem;

 private:
  void fail(const std::string& text) {
    if (problem.empty()) problem = text;
  }

  void start() {
    if (smtpd_) return;
    smtpd_.emplace(sim_, config_, memory_max_);
    for (const char* domain : {"example.com", "example.net"}) {
      if (!hosts_.contains(domain)) smtpd_->outbound.resolver.fail(domain, dns::Failure::timed_out);
    }
    for (const auto& [domain, address] : addresses_) {
      smtpd_->outbound.resolver.add(domain, dns::Type::a, dns::Address{address});
    }
    if (!away_) deliveryd_.emplace(sim_, smtpd_->lmtp());
    if (deliveryd_) deliveryd_->rcpt_replies = rcpt_replies_;
    if (deliveryd_) deliveryd_->message_replies = message_replies_;
    if (states_.empty()) return;
    store_.emplace(sim_, net::Endpoint{config::store_socket(config_), 0});
    store_->states = states_;
    smtpd_->connect_store();
  }

  net::Task<void> connect() {
    start();
    if (store_) co_await sim_.loop().sleep(std::chrono::seconds{1});  // then it is connected
    auto transport = co_await smtpd_->connect(role_);
    client_.emplace(std::move(transport), std::chrono::hours{1});
    if (role_ == Role::submissions) co_await shake_hands();
  }

  net::Task<void> shake_hands() {
    auto secured = co_await client_->connect_tls(tls_, "mail.example.org");
    if (!secured) fail("no handshake: " + std::string{name_of(secured.error())});
  }

  net::Task<void> check_line(std::string pattern) {
    auto line = co_await client_->read_line(smtp::kReplyLineMaxOctets);
    if (!line) {
      fail("wanted \"" + pattern + "\", got " + std::string{name_of(line.error())});
    } else if (!fits(*line, pattern)) {
      fail("wanted \"" + pattern + "\", got \"" + std::string{*line} + "\"");
    }
  }

  net::Task<void> check_closed() {
    auto octets = co_await client_->read_some(100);
    if (octets) {
      fail("wanted the end, got \"" + std::string{*octets} + "\"");
    } else if (octets.error() != net::StreamError::closed && octets.error() != net::StreamError::tls_failed) {
      fail("wanted the end, got " + std::string{name_of(octets.error())});
    }
  }

  void check_delivered(std::istringstream& words) {
    if (deliveryd_->delivered.size() <= checked_) return fail("nothing more was delivered");
    const auto& delivered = deliveryd_->delivered[checked_++];
    std::string from;
    words >> from;
    const auto recipients = rest_of(words);
    if (delivered.from != from) fail("delivered from " + delivered.from);
    if (delivered.recipients != recipients) fail("delivered to others than " + from + " wrote to");
    message_ = lines_of(delivered.message);
  }

  static std::vector<std::string> rest_of(std::istringstream& words) {
    std::vector<std::string> rest;
    for (std::string word; words >> word;) rest.push_back(word);
    return rest;
  }

  std::deque<std::string> lines_of(std::string_view message) {
    std::deque<std::string> lines;
    while (!message.empty()) {
      const auto end = message.find("\r\n");
      if (end == std::string_view::npos) {
        fail("the message ends without CRLF");
        break;
      }
      lines.emplace_back(message.substr(0, end));
      message.remove_prefix(end + 2);
    }
    return lines;
  }

  void check_relayed(std::istringstream& words) {
    std::string from;
    words >> from;
    const auto recipients = rest_of(words);
    for (auto& [domain, host] : hosts_) {
      if (host.taken.empty() || host.taken.front().from != from) continue;
      if (host.taken.front().recipients != recipients) continue;
      message_ = lines_of(host.taken.front().message);
      host.taken.erase(host.taken.begin());
      return;
    }
    fail("no host was given that from " + from);
  }

  /// An entry that was not named before, from `from` to those who wait in it.
  std::optional<queue::Entry> find_queued(const std::string& from, const std::vector<std::string>& recipients) {
    for (auto& entry : queued()) {
      if (named_.contains(entry.id) || to_string(entry.envelope.reverse_path) != from) continue;
      std::vector<std::string> waiting;
      for (const auto& [recipient, status] : entry.recipients) {
        if (status.fate == queue::Fate::waiting) waiting.push_back(to_string(smtp::ForwardPath{recipient.mailbox}));
      }
      if (waiting != recipients) continue;
      named_.insert(entry.id);
      return std::move(entry);
    }
    return std::nullopt;
  }

  /// What has come into the queue since the beginning, and is still there.
  [[nodiscard]] std::vector<queue::Entry> queued() const {
    std::vector<queue::Entry> entries;
    const auto& reader = installation().queue().reader();
    const auto note = [&](const queue::Summary& summary) {
      entries.push_back(*reader.read(summary.id));
      return true;
    };
    EXPECT_TRUE(reader.walk(note, newest_before_));
    return entries;
  }

  static queue::EntryId newest_entry() {
    queue::EntryId newest{};
    const auto note = [&](const queue::Summary& summary) {
      newest = summary.id;
      return true;
    };
    EXPECT_TRUE(installation().queue().reader().walk(note));
    return newest;
  }

  void check_queued(std::istringstream& words) {
    std::string from;
    words >> from;
    if (!find_queued(from, rest_of(words))) fail("the queue has nothing like that from " + from);
  }

  void check_notified(const std::string& to) {
    const auto entry = find_queued("<>", {to});
    if (!entry) return fail("the queue has no notification for " + to);
    const auto octets = installation().queue().reader().read_octets(entry->message, 0, entry->message.octets);
    const auto lines = lines_of(*octets);
    notification_ = {lines.begin(), lines.end()};
  }

  void check_message_line(const std::string& pattern) {
    if (message_.empty()) return fail("no message line for \"" + pattern + "\"");
    if (!fits(message_.front(), pattern)) fail("message has \"" + message_.front() + "\", not \"" + pattern + "\"");
    message_.pop_front();
  }

  void set(const std::string& key, std::uint64_t value) {
    if (key == "message_max") config_.smtp.message_max_octets = value;
    if (key == "recipients_max") config_.smtp.recipients_max = static_cast<std::uint32_t>(value);
    if (key == "require_tls") config_.submission.require_tls = value != 0;
    if (key == "allow_plaintext") config_.auth.allow_plaintext = value != 0;
    if (key == "memory_max") memory_max_ = value;
  }

  void set_state(const std::string& address, const std::string& name) {
    static const std::map<std::string, std::optional<wire::RecipientState>> kStates{
        {"ok", wire::RecipientState::ok},
        {"unknown", wire::RecipientState::unknown},
        {"over_quota", wire::RecipientState::over_quota},
        {"unavailable", wire::RecipientState::unavailable},
        {"silent", std::nullopt}};
    const auto found = kStates.find(name);
    if (found == kStates.end()) return fail("no such state: " + name);
    states_[address] = found->second;
    if (store_) store_->states = states_;
  }

  net::Task<void> direct(std::string text) {
    std::istringstream words{text};
    std::string verb;
    std::string argument;
    words >> verb;
    if (verb == "port") {
      words >> argument;
      role_ = argument == "submission" ? Role::submission : Role::submissions;
    } else if (verb == "set") {
      std::uint64_t value = 0;
      words >> argument >> value;
      set(argument, value);
    } else if (verb == "deliveryd") {
      words >> argument;
      away_ = argument == "away";
      if (away_ && deliveryd_) deliveryd_->close();
      if (!away_) deliveryd_.emplace(sim_, smtpd_->lmtp());
    } else if (verb == "rcpt" || verb == "message") {
      words >> argument >> std::ws;
      std::getline(words, (verb == "rcpt" ? rcpt_replies_ : message_replies_)[argument]);
    } else if (verb == "verify") {
      std::string state;
      words >> argument >> state;
      set_state(argument, state);
    } else if (verb == "asked") {
      std::size_t count = 0;
      words >> count;
      if (store_->questions.size() != count) fail("asked " + std::to_string(store_->questions.size()) + " times");
    } else if (verb == "question") {
      std::uint64_t octets = 0;
      words >> argument >> octets;
      const auto& last = store_->questions.back();
      const bool same = last.address == argument && last.octets.value_or(0) == octets;
      if (!same) fail("asked about " + last.address + " " + std::to_string(last.octets.value_or(0)));
    } else if (verb == "host") {
      std::string address;
      words >> argument >> address;
      addresses_[argument] = address;
      hosts_.try_emplace(argument, sim_, net::Endpoint{address, 25});
    } else if (verb == "wait") {
      std::int64_t seconds = 0;
      words >> seconds;
      co_await sim_.loop().sleep(std::chrono::seconds{seconds});
    } else if (verb == "starttls") {
      co_await shake_hands();
    } else if (verb == "stop") {
      co_await client_->flush();
      smtpd_->scope.stop();
    } else if (verb == "closed") {
      co_await check_closed();
    } else if (verb == "delivered") {
      check_delivered(words);
    } else if (verb == "relayed") {
      check_relayed(words);
    } else if (verb == "queued") {
      check_queued(words);
    } else if (verb == "notified") {
      words >> argument;
      check_notified(argument);
    } else if (verb == "says") {
      words >> std::ws;
      std::getline(words, argument);
      if (!notification_.contains(argument)) fail("the notification does not say \"" + argument + "\"");
    } else if (verb == "nothing") {
      words >> argument;
      if (argument == "queued" && queued().size() != named_.size()) fail("something is queued");
      if (argument == "delivered" && deliveryd_ && deliveryd_->delivered.size() != checked_)
        fail("something was delivered");
    } else {
      fail("no such direction: " + text);
    }
  }

  net::SimWorld& sim_;
  const Dialogue& dialogue_;
  Role role_ = Role::mx;
  config::Config config_ = installation().config;
  std::size_t memory_max_ = kMessageMemoryMaxOctets;
  bool away_ = false;
  std::map<std::string, std::string> rcpt_replies_;
  std::map<std::string, std::string> message_replies_;
  std::map<std::string, std::optional<wire::RecipientState>> states_;
  const net::TlsClient tls_;
  std::optional<SimSmtpd> smtpd_;
  std::optional<FakeDeliveryd> deliveryd_;
  std::optional<FakeStore> store_;
  std::optional<net::Stream> client_;
  std::map<std::string, std::string> addresses_;  // of `hosts_`
  std::map<std::string, FakeHost> hosts_;         // by domain
  std::size_t checked_ = 0;
  const queue::EntryId newest_before_ = newest_entry();
  std::set<queue::EntryId> named_;
  std::set<std::string> notification_;  // its lines
  std::deque<std::string> message_;
};

class Dialogues : public testing::TestWithParam<Dialogue> {};

TEST_P(Dialogues, GoAsWrittenInEverySplit) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    net::SimWorld sim{seed};
    Player player{sim, GetParam()};
    ASSERT_TRUE(sim.run(player.play())) << "deadlock with seed " << seed;
    ASSERT_EQ(player.problem, "") << "with seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Smtpd, Dialogues, testing::ValuesIn(read_dialogues("smtpd")),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace posthaste::smtpd
