// A day of an installation in the simulated world, from a seed: other domains' hosts are away, slow, greylist,
// refuse, break off; DNS fails; deliveryd goes and comes back; smtpd dies and starts again from the files of its
// queue. Of each message that a client read 250 for, and for each of its recipients, afterwards: it is in the
// mailbox or at the host, or its sender was told, or it is still queued. Nobody here has it twice; elsewhere only
// whose host could not be heard.
//
// POSTHASTE_SIM_MESSAGES and POSTHASTE_SIM_SEEDS make it longer.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/auth/authenticator.h"
#include "common/auth/login_memory.h"
#include "common/auth/settings.h"
#include "common/base/octets.h"
#include "common/daemon/certificates.h"
#include "common/wire/store_client.h"
#include "smtpd/session.h"

#include "../common/scratch_directory.h"
#include "../smtpd/fake_host.h"
#include "../smtpd/outbound.h"
#include "deliveryd.h"

namespace posthaste {
namespace {

using namespace std::chrono_literals;
using smtpd::FakeHost;
using Stage = FakeHost::Stage;

#ifdef POSTHASTE_SANITIZED
constexpr std::size_t kMessages = 1'000;
#else
constexpr std::size_t kMessages = 10'000;
#endif

constexpr std::size_t kClients = 20;
constexpr std::size_t kUsersElsewhere = 5;  // of each domain
constexpr auto kDay = 22h;
constexpr std::size_t kCrashes = 8;
const std::vector<std::string> kUsers{"alice", "bob", "carol", "dave"};
const std::string kDomain = "example.org";
const net::Endpoint kSmtp{"192.0.2.25", 25};

/// What a domain elsewhere is like.
enum class Nature {
  sound,
  sound_with_dsn,
  up_and_down,         // nobody listens for hours
  cut_off,             // nobody answers for hours
  greylisting,         // 451 to whom it has not seen for some minutes
  refusing,            // 550 to some of its users, and to some messages
  breaking_off,        // now and then it closes, anywhere before the final dot
  breaking_off_late,   // or after it, with the message
  busy,                // 421 to greet, or to MAIL
  slow,                // seconds for each reply
  away_in_dns,         // DNS does not answer for hours
  unknown_in_dns,      // no such domain
  null_mx,             // RFC 7505
  dead_first_mx,       // the second one is sound
  deferring_for_ever,  // until it expires
};

const std::vector<Nature> kNatures{
    Nature::sound,
    Nature::sound,
    Nature::sound_with_dsn,
    Nature::sound_with_dsn,
    Nature::up_and_down,
    Nature::up_and_down,
    Nature::cut_off,
    Nature::cut_off,
    Nature::greylisting,
    Nature::greylisting,
    Nature::refusing,
    Nature::refusing,
    Nature::breaking_off,
    Nature::breaking_off,
    Nature::breaking_off_late,
    Nature::breaking_off_late,
    Nature::busy,
    Nature::slow,
    Nature::away_in_dns,
    Nature::unknown_in_dns,
    Nature::null_mx,
    Nature::dead_first_mx,
    Nature::deferring_for_ever,
};

std::string domain_of(std::size_t place) { return "d" + std::to_string(place) + ".test"; }
std::string address_of(std::size_t place) { return "198.51.100." + std::to_string(place + 1); }

/// The directory and a certificate, made once: hashing and signing have randomness of their own.
class Ground {
 public:
  Ground() {
    const auto pair = net::make_self_signed("mail.example.org", wall_clock());
    std::ofstream{folder() / "cert.pem"} << pair.certificate_pem;
    std::ofstream{folder() / "key.pem"} << pair.key_pem;
    certificates_ = std::move(*daemon::Certificates::load(folder() / "cert.pem", folder() / "key.pem"));
    directory_.emplace(std::move(*auth::Directory::open(folder() / "directory", auth::Role::writer)));
    auto change = std::move(*directory_->change());
    EXPECT_TRUE(change.add_domain(kDomain));
    for (const auto& user : kUsers) {
      EXPECT_TRUE(change.add_user({user + "@" + kDomain, "", std::nullopt, true, {}}));
    }
    EXPECT_TRUE(change.ensure_postmaster(kDomain, "dave@" + kDomain));
    // Strangers may write to other domains through aliases of ours.
    for (std::size_t place = 0; place < kNatures.size(); ++place) {
      for (std::size_t user = 0; user < kUsersElsewhere; ++user) {
        const std::string name = "u" + std::to_string(user);
        const std::string alias = name + ".d" + std::to_string(place) + "@" + kDomain;
        EXPECT_TRUE(change.set_alias({alias, {name + "@" + domain_of(place)}}));
      }
    }
    EXPECT_TRUE(change.commit());
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return scratch_.path(); }
  [[nodiscard]] const auth::Directory& directory() const { return *directory_; }
  [[nodiscard]] const daemon::Certificates& certificates() const { return *certificates_; }

 private:
  ScratchDirectory scratch_{quick_directory()};
  std::optional<auth::Directory> directory_;
  std::unique_ptr<daemon::Certificates> certificates_;
};

const Ground& ground() {
  static const Ground ground;
  return ground;
}

config::Config make_config() {
  config::Config config;
  config.hostname = "mail.example.org";
  config.paths.run = "/run/posthaste";
  config.queue.retry_delay_max = 1h;
  config.queue.expire = 8h;
  config.queue.delay_warning = 2h;
  return config;
}

/// The events of one process; the dead tell nothing.
class Pen final : public log::Sink {
 public:
  explicit Pen(std::string& paper) : paper_(paper) {}
  void write(std::string_view line) noexcept override {
    if (!dry) paper_.append(line);
  }
  bool dry = false;

 private:
  std::string& paper_;
};

/// The events of deliveryd, and a bell that rings when it has stored a message and not yet said so.
class Doorbell final : public log::Sink {
 public:
  Doorbell(std::string& paper, std::function<void()> ring) : pen_(paper), ring_(std::move(ring)) {}
  void write(std::string_view line) noexcept override {
    pen_.write(line);
    if (line.find(" lmtp.message.stored ") != std::string_view::npos) ring_();
  }

 private:
  Pen pen_;
  std::function<void()> ring_;
};

/// smtpd from its start to its end, or its death.
class Life {
 public:
  Life(net::SimWorld& sim, const config::Config& config, const std::filesystem::path& queue, std::string& paper)
      : pen_(paper),
        log_(pen_, "smtpd", log::Format::text, log::Level::info, [&sim] { return sim.loop().wall(); }),
        sim_(sim),
        process_(sim.network()),
        world_{sim.loop(), sim.loop(), sim.random(), process_, sim.world().io, sim.world().hashing},
        queue_folder_(queue),
        writer_(sim.loop(), sim.random(), kWriterConditions),
        queue_(open_queue()),
        logins_({300s, 1s, 15s}, std::string(32, 's')),
        authenticator_(ground().directory(), logins_, world_, auth::login_rules(config.auth, auth::Service::smtp)),
        pool_(std::make_unique<smtpd::LmtpPool>(world_, net::Endpoint{config::lmtp_socket(config), 0},
                                                config.hostname)),
        store_(world_, {config::store_socket(config), 0}, log_),
        verifier_(sim.loop(), store_),
        outbound_(world_, config, ground().directory(), *queue_, *pool_, log_),
        context_{.world = world_,
                 .config = config,
                 .directory = ground().directory(),
                 .authenticator = authenticator_,
                 .certificates = ground().certificates(),
                 .delivery = *pool_,
                 .verifier = verifier_,
                 .queue = *queue_,
                 .dispatcher = outbound_.dispatcher,
                 .memory = memory_,
                 .clients = clients_,
                 .user_connections = user_connections_,
                 .spool = spool_,
                 .scope = scope_,
                 .log = log_},
        listener_(process_.listen(kSmtp)) {
    outbound_.start(*smtpd::Dispatcher::left_in(*queue_));
    accepting_.spawn(accept());
    connection_.spawn(store_.run());
  }

  /// What is in its memory gets nowhere any more; what waits in it has still to be ended.
  void die() {
    pen_.dry = true;
    process_.kill();
  }

  net::Task<void> ended() {
    listener_->close();
    scope_.stop();
    co_await accepting_.drained();
    co_await scope_.drained();
    co_await outbound_.ended();
    store_.stop();
    co_await connection_.drained();
    pool_.reset();
    co_await sim_.loop().sleep(1min);  // then the queue's writer rests
  }

  [[nodiscard]] dns::SimResolver& resolver() { return outbound_.resolver; }
  [[nodiscard]] const queue::Queue& queue() const { return *queue_; }
  [[nodiscard]] const std::filesystem::path& queue_folder() const { return queue_folder_; }

 private:
  static constexpr net::SimConditions kWriterConditions{.executor_delay_max = 3ms};

  std::unique_ptr<queue::Queue> open_queue() {
    queue::Options options;
    options.directory = queue_folder_;
    options.map_octets = std::uint64_t{1} << 30;
    options.segment_octets = std::uint64_t{1} << 20;
    auto opened = queue::Queue::open(std::move(options), writer_);
    EXPECT_TRUE(opened) << opened.error().text;
    return std::move(*opened);
  }

  net::Task<void> serve(std::unique_ptr<net::Transport> transport) {
    smtpd::Session session{std::move(transport), context_, smtpd::Role::mx};
    co_await session.converse();
  }
  net::Task<void> accept() {
    for (;;) {
      auto transport = co_await listener_->accept();
      if (!transport) co_return;
      scope_.spawn(serve(std::move(transport)));
    }
  }

  Pen pen_;
  const log::Log log_;
  net::SimWorld& sim_;
  net::SimProcess process_;
  net::World world_;
  const std::filesystem::path queue_folder_;
  net::SimExecutor writer_;
  std::unique_ptr<queue::Queue> queue_;
  net::TaskScope scope_;
  auth::LoginMemory logins_;
  auth::Authenticator authenticator_;
  std::unique_ptr<smtpd::LmtpPool> pool_;
  wire::StoreClient store_;
  smtpd::RecipientVerifier verifier_;
  smtpd::MessageMemory memory_{std::size_t{1} << 30};
  daemon::Clients clients_{{}, SipKey{1, 2}};
  daemon::UserConnections user_connections_{100};
  const smtpd::Spool spool_ = std::move(*smtpd::Spool::open(ground().folder() / "spool", 0));
  smtpd::SimOutbound outbound_;
  smtpd::Context context_;
  std::unique_ptr<net::Listener> listener_;
  net::TaskScope accepting_;
  net::TaskScope connection_;
};

/// A message for one of its recipients: "m17 u3@d2.test".
using Copy = std::string;
using Counts = std::map<Copy, std::size_t>;

std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const auto start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  return std::string{text.substr(0, text.find(after))};
}

std::string subject_of(std::string_view message) { return between(message, "\r\nSubject: ", "\r\n"); }

std::string without_brackets(const std::string& path) { return path.substr(1, path.size() - 2); }

/// Whom the notifications told of what failed; of a notification that is returned in another one, too.
void count_failures(std::string_view notification, Counts& failures) {
  const auto place = notification.rfind("\r\nSubject: m");
  if (place == std::string_view::npos) return;
  const auto subject = subject_of(notification.substr(place));
  constexpr std::string_view kRecipient = "\r\nFinal-Recipient: rfc822;";
  for (auto at = notification.find(kRecipient); at != std::string_view::npos;
       at = notification.find(kRecipient, at + 1)) {
    const auto fields = notification.substr(at, notification.find("\r\n\r\n", at) - at);
    if (fields.find("\r\nAction: failed") == std::string_view::npos) continue;
    ++failures[subject + " " + between(fields, kRecipient, "\r\n")];
  }
}

/// What came of the day.
struct Outcome {
  std::string log;
  std::size_t accepted_messages = 0;
  std::set<Copy> accepted;
  Counts here;        // in mailboxes
  Counts elsewhere;   // at hosts
  Counts may_repeat;  // so often a host has it, and could not be heard
  Counts failures;    // told of
  std::set<Copy> queued;
  bool operator==(const Outcome&) const = default;
};

class Day {
 public:
  Day(std::uint64_t seed, std::size_t messages, const std::filesystem::path& folder)
      : messages_(messages),
        folder_(folder),
        sim_(seed, {.network_delay_max = 40ms, .executor_delay_max = 2ms, .reset_probability = 0.0005}),
        deliveryd_log_(deliveryd_pen_, "deliveryd", log::Format::text, log::Level::info,
                       [this] { return sim_.loop().wall(); }),
        deliveryd_(sim_, config_, ground().directory(), folder / "store", deliveryd_log_) {
    for (std::size_t place = 0; place < kNatures.size(); ++place) make_host(place);
  }

  Outcome live() {
    EXPECT_TRUE(sim_.run(run())) << "nothing is left to happen, and not all is done";
    deliveryd_.expect_sound();
    return std::move(outcome_);
  }

 private:
  net::SimLoop& loop() { return sim_.loop(); }
  net::SimRandom& random() { return sim_.random(); }
  std::chrono::milliseconds up_to(std::chrono::milliseconds most) {
    return std::chrono::milliseconds{random().up_to(static_cast<std::uint64_t>(most.count()))};
  }
  [[nodiscard]] bool is_over() { return loop().now() >= net::Instant{kDay}; }

  // The hosts

  FakeHost::Answer answer_of(std::size_t place, Stage stage, const std::string& argument) {
    FakeHost::Answer answer;
    switch (kNatures[place]) {
      case Nature::greylisting:
        if (stage == Stage::rcpt) answer.reply = greylist(place, argument);
        break;
      case Nature::refusing:
        if (stage == Stage::rcpt && argument.starts_with("<u1@")) answer.reply = "550 5.1.1 No such user";
        if (stage == Stage::message && random().chance(0.2)) answer.reply = "554 5.7.1 Not such a message";
        break;
      case Nature::breaking_off: answer.hangs_up = stage != Stage::message && random().chance(0.15); break;
      case Nature::breaking_off_late: answer.hangs_up = stage == Stage::message && random().chance(0.3); break;
      case Nature::busy:
        if (stage != Stage::message && random().chance(0.3)) answer.reply = "421 4.3.2 Busy";
        break;
      case Nature::slow: answer.after = 1s + up_to(30s); break;
      case Nature::deferring_for_ever:
        if (stage == Stage::rcpt) answer.reply = "452 4.2.2 Full";
        break;
      default: break;
    }
    return answer;
  }

  std::string greylist(std::size_t place, const std::string& recipient) {
    const auto first = seen_.try_emplace(std::to_string(place) + recipient, loop().now()).first->second;
    return loop().now() - first < 10min ? "451 4.7.1 Come back later" : "";
  }

  void make_host(std::size_t place) {
    std::vector<std::string> extensions{"8BITMIME", "SIZE"};
    if (kNatures[place] == Nature::sound_with_dsn) extensions.emplace_back("DSN");
    hosts_.push_back(std::make_unique<FakeHost>(sim_, net::Endpoint{address_of(place), 25}, std::move(extensions)));
    hosts_.back()->manners = [this, place](Stage stage, const std::string& argument) {
      return answer_of(place, stage, argument);
    };
  }

  void fill_zones(dns::SimResolver& resolver) {
    for (std::size_t place = 0; place < kNatures.size(); ++place) {
      const auto domain = domain_of(place);
      const auto nature = kNatures[place];
      if (nature == Nature::unknown_in_dns) continue;
      if (nature == Nature::null_mx) {
        resolver.add(domain, dns::Type::mx, dns::Mx{0, ""});
        continue;
      }
      if (nature == Nature::dead_first_mx) {
        resolver.add(domain, dns::Type::mx, dns::Mx{10, "dead." + domain});
        resolver.add("dead." + domain, dns::Type::a, dns::Address{"203.0.113.99"});
      }
      resolver.add(domain, dns::Type::mx, dns::Mx{20, "mx." + domain});
      resolver.add("mx." + domain, dns::Type::a, dns::Address{address_of(place)});
      if (unresolved_.contains(domain)) resolver.fail(domain, dns::Failure::timed_out);
    }
  }

  /// Some hours good, some hours bad, until the evening.
  net::Task<void> be_weather(std::size_t place) {
    while (!is_over()) {
      co_await loop().sleep(1h + up_to(4h));
      set_bad(place, true);
      co_await loop().sleep(30min + up_to(3h));
      set_bad(place, false);
    }
  }

  void set_bad(std::size_t place, bool bad) {
    const auto domain = domain_of(place);
    switch (kNatures[place]) {
      case Nature::up_and_down:
        if (bad) hosts_[place]->down();
        if (!bad) hosts_[place]->up();
        break;
      case Nature::cut_off:
        if (bad) sim_.network().cut_off(address_of(place));
        if (bad) cuts_[place].push_back({loop().now(), net::Instant::max()});
        if (!bad) sim_.network().join(address_of(place));
        if (!bad) cuts_[place].back().second = loop().now();
        break;
      case Nature::away_in_dns:
        if (bad) unresolved_.insert(domain);
        if (!bad) unresolved_.erase(domain);
        if (life_ && bad) life_->resolver().fail(domain, dns::Failure::timed_out);
        if (life_ && !bad) life_->resolver().recover(domain);
        break;
      default: break;
    }
  }

  // Ours

  net::Task<void> let_deliveryd_go_and_come() {
    while (!is_over()) {
      co_await loop().sleep(1h + up_to(2h));
      send_deliveryd_away(up_to(10min));
    }
  }

  /// Now and then it dies with the answer on its lips.
  void on_stored() {
    if (!is_over() && random().chance(0.01)) send_deliveryd_away(up_to(30s));
  }

  void send_deliveryd_away(std::chrono::milliseconds duration) {
    if (std::exchange(deliveryd_away_, true)) return;
    deliveryd_.go_away();
    loop().at(loop().now() + duration, [this] {
      deliveryd_away_ = false;
      deliveryd_.start();
    });
  }

  void begin_life() {
    life_ = std::make_unique<Life>(sim_, config_, next_queue_, outcome_.log);
    fill_zones(life_->resolver());
    note_what_was_forgotten();
  }

  net::Task<void> crash_now_and_then() {
    for (std::size_t i = 0; i < kCrashes; ++i) {
      co_await loop().sleep(kDay / (kCrashes + 1) / 2 + up_to(kDay / (kCrashes + 1)));
      crash();
      co_await loop().sleep(1s + up_to(60s));
      begin_life();
    }
  }

  /// Of smtpd remains what its files hold at this moment.
  void crash() {
    life_->die();
    const auto from = life_->queue_folder();
    next_queue_ = folder_ / ("queue" + std::to_string(++queues_));
    std::filesystem::create_directories(next_queue_ / "index");
    std::filesystem::copy(from / "log", next_queue_ / "log");
    std::filesystem::copy(from / "index" / "data.mdb", next_queue_ / "index" / "data.mdb");
    ending_.spawn(end_dead(std::move(life_)));
  }

  static net::Task<void> end_dead(std::unique_ptr<Life> life) { co_await life->ended(); }

  /// What a host has, and smtpd has died before it wrote that down, comes to the host again.
  void note_what_was_forgotten() {
    const Counts elsewhere = copies_elsewhere(Heard::yes);
    for (const auto& copy : waiting_in(life_->queue().reader(), nullptr)) {
      const auto heard = elsewhere.find(copy);
      if (heard != elsewhere.end()) forgotten_[copy] = heard->second;
    }
  }

  // The clients

  struct Draft {
    std::string from;
    std::vector<std::string> paths;       // as the client says them
    std::vector<std::string> recipients;  // where they lead, in the same order
    std::string subject;
    std::string body;
  };

  Draft draft() {
    Draft draft;
    draft.subject = "m" + std::to_string(++drafted_);
    const bool from_here = random().chance(0.5);
    draft.from = from_here ? kUsers[random().up_to(kUsers.size() - 1)] + "@" + kDomain
                           : "sender@" + domain_of(random().up_to(kNatures.size() - 1));
    const std::size_t recipients = 1 + random().up_to(2);
    while (draft.paths.size() < recipients) {
      const bool here = random().chance(0.4);
      const auto place = random().up_to(kNatures.size() - 1);
      const auto user = "u" + std::to_string(random().up_to(kUsersElsewhere - 1));
      auto recipient =
          here ? kUsers[random().up_to(kUsers.size() - 1)] + "@" + kDomain : user + "@" + domain_of(place);
      if (std::ranges::find(draft.recipients, recipient) != draft.recipients.end()) continue;
      draft.paths.push_back(here ? recipient : user + ".d" + std::to_string(place) + "@" + kDomain);
      draft.recipients.push_back(std::move(recipient));
    }
    draft.body.assign(random().up_to(random().chance(0.003) ? 400'000 : 3'000), 'x');
    for (std::size_t at = 70; at + 2 < draft.body.size(); at += 72) draft.body.replace(at, 2, "\r\n");
    return draft;
  }

  /// What the server says in the end, whole; nothing when the connection has broken.
  static net::Task<std::optional<std::string>> reply(net::Stream& stream) {
    for (;;) {
      auto line = co_await stream.read_line(1'000);
      if (!line) co_return std::nullopt;
      if (line->size() < 4 || (*line)[3] != '-') co_return std::string{*line};
    }
  }

  /// False when the connection is of no use any more.
  net::Task<bool> send(net::Stream& stream) {
    const auto message = draft();
    stream.write("MAIL FROM:<" + message.from + ">" + (random().chance(0.2) ? " RET=HDRS\r\n" : "\r\n"));
    const std::string notify = random().chance(0.1) ? " NOTIFY=SUCCESS,FAILURE\r\n" : "\r\n";
    for (const auto& path : message.paths) stream.write("RCPT TO:<" + path + ">" + notify);
    stream.write("DATA\r\n");
    for (std::size_t i = 0; i < message.paths.size() + 2; ++i) {
      const auto said = co_await reply(stream);
      if (!said || (said->front() != '2' && said->front() != '3')) co_return false;
    }
    stream.write("Subject: " + message.subject + "\r\n\r\n" + message.body + "\r\n.\r\n");
    const auto said = co_await reply(stream);
    if (!said || said->front() != '2') co_return false;
    ++outcome_.accepted_messages;
    for (const auto& recipient : message.recipients) outcome_.accepted.insert(message.subject + " " + recipient);
    co_return true;
  }

  net::Task<void> be_a_client() {
    const std::size_t mine = messages_ / kClients;
    const auto pause = 2 * std::chrono::milliseconds{kDay - 1h} / mine;
    for (std::size_t i = 0; i < mine;) {
      const std::size_t burst = std::min<std::size_t>(1 + random().up_to(4), mine - i);
      co_await loop().sleep(up_to(pause * burst));
      i += burst;
      auto transport = co_await sim_.network().connect(kSmtp, 10s);
      if (!transport) continue;
      net::Stream stream{std::move(*transport), 10min};
      stream.write("EHLO client.example.net\r\n");
      auto said = co_await reply(stream);
      if (said) said = co_await reply(stream);
      for (std::size_t sent = 0; said && sent < burst; ++sent) {
        const bool good = co_await send(stream);
        if (!good) break;
      }
      stream.write("QUIT\r\n");
      static_cast<void>(co_await stream.flush());
    }
  }

  net::Task<void> run() {
    deliveryd_.start();
    begin_life();
    net::TaskScope day;
    for (std::size_t place = 0; place < kNatures.size(); ++place) day.spawn(be_weather(place));
    day.spawn(let_deliveryd_go_and_come());
    day.spawn(crash_now_and_then());
    for (std::size_t i = 0; i < kClients; ++i) day.spawn(be_a_client());
    co_await day.drained();
    co_await loop().sleep(1h);
    co_await life_->ended();
    co_await ending_.drained();
    take_stock();
    life_.reset();
    for (auto& host : hosts_) co_await host->ended();
    co_await deliveryd_.ended();
  }

  // The inventory

  /// Of a host that was cut off when it answered nobody heard it.
  [[nodiscard]] bool was_cut_off(std::size_t place, net::Instant when) const {
    const auto cuts = cuts_.find(place);
    if (cuts == cuts_.end()) return false;
    return std::ranges::any_of(cuts->second,
                               [when](const auto& cut) { return when >= cut.first - 10s && when <= cut.second; });
  }

  enum class Heard { yes, no };
  /// What hosts have, by whether their 250 can have been heard.
  [[nodiscard]] Counts copies_elsewhere(Heard heard) const {
    Counts copies;
    for (std::size_t place = 0; place < hosts_.size(); ++place) {
      for (const auto& taken : hosts_[place]->taken) {
        if (taken.from == "<>") continue;
        const bool lost = taken.answer_lost || was_cut_off(place, taken.when);
        if (lost == (heard == Heard::yes)) continue;
        for (const auto& path : taken.recipients)
          ++copies[subject_of(taken.message) + " " + without_brackets(path)];
      }
    }
    return copies;
  }

  /// Whoever waits for a message; what notifications in the queue tell goes to outcome_.failures at the end.
  static std::set<Copy> waiting_in(const queue::Reader& reader, Counts* failures) {
    std::set<Copy> copies;
    const auto note = [&](const queue::Summary& summary) {
      const auto entry = reader.read(summary.id);
      const auto octets = reader.read_octets(entry->message, 0, entry->message.octets);
      if (!octets) {
        ADD_FAILURE() << "an entry's message cannot be read";
        return true;
      }
      if (!entry->envelope.reverse_path) {
        if (failures != nullptr) count_failures(*octets, *failures);
        return true;
      }
      for (const auto& [recipient, status] : entry->recipients) {
        if (status.fate == queue::Fate::waiting)
          copies.insert(subject_of(*octets) + " " + to_string(recipient.mailbox));
      }
      return true;
    };
    EXPECT_TRUE(reader.walk(note));
    return copies;
  }

  void take_stock() {
    outcome_.elsewhere = copies_elsewhere(Heard::yes);
    outcome_.may_repeat = copies_elsewhere(Heard::no);
    for (const auto& [copy, times] : outcome_.may_repeat) outcome_.elsewhere[copy] += times;
    for (const auto& [copy, times] : forgotten_) outcome_.may_repeat[copy] += times;
    for (const auto& host : hosts_) {
      for (const auto& taken : host->taken) {
        if (taken.from == "<>") count_failures(taken.message, outcome_.failures);
      }
    }
    for (const auto& user : kUsers) {
      const auto address = user + "@" + kDomain;
      for (const auto& message : deliveryd_.messages_of(address)) {
        const bool notification = message.find("\r\nContent-Type: multipart/report;") != std::string::npos;
        if (notification) count_failures(message, outcome_.failures);
        if (!notification) ++outcome_.here[subject_of(message) + " " + address];
      }
    }
    outcome_.queued = waiting_in(life_->queue().reader(), &outcome_.failures);
  }

  const std::size_t messages_;
  const std::filesystem::path folder_;
  const config::Config config_ = make_config();
  Outcome outcome_;
  net::SimWorld sim_;
  Doorbell deliveryd_pen_{outcome_.log, [this] { on_stored(); }};
  const log::Log deliveryd_log_;
  SimDeliveryd deliveryd_;
  bool deliveryd_away_ = false;
  std::vector<std::unique_ptr<FakeHost>> hosts_;  // by place in kNatures
  std::map<std::string, net::Instant> seen_;      // by greylisting hosts
  std::map<std::size_t, std::vector<std::pair<net::Instant, net::Instant>>> cuts_;
  std::set<std::string> unresolved_;
  Counts forgotten_;
  std::filesystem::path next_queue_ = folder_ / "queue0";
  std::size_t queues_ = 0;
  std::size_t drafted_ = 0;
  std::unique_ptr<Life> life_;
  net::TaskScope ending_;  // of those who died
};

Outcome live_through(std::uint64_t seed, std::size_t messages) {
  const auto folder = ground().folder() / "day";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "store");
  std::filesystem::create_directories(folder / "queue0");
  return Day{seed, messages, folder}.live();
}

void expect_nothing_lost_nothing_twice(const Outcome& outcome) {
  const auto has = [](const Counts& counts, const Copy& copy) { return counts.contains(copy); };
  for (const auto& copy : outcome.accepted) {
    const bool known = has(outcome.here, copy) || has(outcome.elsewhere, copy) || has(outcome.failures, copy) ||
                       outcome.queued.contains(copy);
    EXPECT_TRUE(known) << copy << " is lost";
  }
  for (const auto& [copy, times] : outcome.here) {
    EXPECT_EQ(times, 1U) << copy;
    EXPECT_FALSE(has(outcome.failures, copy)) << copy << " is there, and said not to be";
  }
  for (const auto& [copy, times] : outcome.elsewhere) {
    const auto repeats = outcome.may_repeat.find(copy);
    EXPECT_LE(times, 1 + (repeats == outcome.may_repeat.end() ? 0 : repeats->second)) << copy;
    if (repeats == outcome.may_repeat.end()) {
      EXPECT_FALSE(has(outcome.failures, copy)) << copy << " is there, and said not to be";
    }
  }
}

std::size_t number_from(const char* name, std::size_t usual) {
  const char* text = std::getenv(name);
  const auto number = text == nullptr ? std::nullopt : parse_decimal(text);
  return number.value_or(usual);
}

TEST(DayOfOutages, NothingIsLostAndNothingComesTwice) {
  const std::size_t messages = number_from("POSTHASTE_SIM_MESSAGES", kMessages);
  const std::size_t seeds = number_from("POSTHASTE_SIM_SEEDS", 1);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Outcome outcome = live_through(seed, messages);
    expect_nothing_lost_nothing_twice(outcome);
    // It was that kind of a day.
    EXPECT_GT(outcome.accepted_messages, messages * 8 / 10);
    EXPECT_GT(outcome.here.size(), messages / 2);
    EXPECT_GT(outcome.elsewhere.size(), messages / 2);
    EXPECT_GT(outcome.failures.size(), messages / 10);
    EXPECT_GT(outcome.may_repeat.size(), messages / 100);
    EXPECT_LT(outcome.queued.size(), messages / 10);
  }
}

TEST(DayOfOutages, TheSameSeedTellsTheSameStory) {
  constexpr std::size_t kFewMessages = 200;
  const Outcome first = live_through(42, kFewMessages);
  EXPECT_FALSE(first.log.empty());
  EXPECT_TRUE(first == live_through(42, kFewMessages));
  EXPECT_NE(first.log, live_through(43, kFewMessages).log);
}

}  // namespace
}  // namespace posthaste
