#include "installation.h"

#include <fstream>

#include "../common/scratch_directory.h"
#include "../relaying_transport.h"

namespace posthaste::smtpd {
namespace {

/// SHA-256 crypt of "secret", with as few rounds as there can be.
constexpr const char* kHashOfSecret = "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2";

std::string scripted(const std::map<std::string, std::string>& replies, const std::string& recipient,
                     const std::string& usual) {
  const auto found = replies.find(recipient);
  return (found == replies.end() ? usual : found->second) + "\r\n";
}

}  // namespace

Installation::Installation() {
  auto pattern = (quick_directory() / "posthaste-smtpd-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
  const auto pair = net::make_self_signed("mail.example.org", wall_clock());
  std::ofstream{path_ / "cert.pem"} << pair.certificate_pem;
  std::ofstream{path_ / "key.pem"} << pair.key_pem;
  certificates_ = std::move(*daemon::Certificates::load(path_ / "cert.pem", path_ / "key.pem"));
  config.hostname = "mail.example.org";
  config.paths.run = "/run/posthaste";
  fill_directory();
  queue_ = open_queue(path_ / "queue", at_once_);
}

Installation::~Installation() { std::filesystem::remove_all(path_); }

void Installation::fill_directory() {
  directory_ = std::move(*auth::Directory::open(path_ / "directory", auth::Role::writer));
  auto change = std::move(*directory_->change());
  EXPECT_TRUE(change.add_domain("example.org"));
  for (const char* name : {"alice", "bob", "carol"}) {
    const bool enabled = std::string_view{name} != "carol";
    const auto id = change.add_user({std::string{name} + "@example.org", "", std::nullopt, enabled, {}});
    EXPECT_TRUE(id && change.set_credential(*id, {0, kHashOfSecret, std::nullopt, std::nullopt}));
  }
  EXPECT_TRUE(change.ensure_postmaster("example.org", "bob@example.org"));
  EXPECT_TRUE(change.set_alias({"team@example.org", {"alice@example.org", "bob@example.org"}}));
  EXPECT_TRUE(change.set_alias({"away@example.org", {"alice@example.com"}}));
  EXPECT_TRUE(change.set_alias({"circle@example.org", {"circle@example.org"}}));
  EXPECT_TRUE(change.commit());
}

Installation& installation() {
  static Installation installation;
  return installation;
}

FakeDeliveryd::FakeDeliveryd(net::SimWorld& sim, net::Endpoint endpoint)
    : listener_(sim.network().listen(endpoint)) {
  scope_.spawn(accept());
}

net::Task<void> FakeDeliveryd::ended() {
  close();
  co_await scope_.drained();
}

net::Task<void> FakeDeliveryd::accept() {
  for (;;) {
    auto transport = co_await listener_->accept();
    if (!transport) co_return;
    ++connections;
    scope_.spawn(converse(std::move(transport)));
  }
}

net::Task<void> FakeDeliveryd::converse(std::unique_ptr<net::Transport> transport) {
  net::Stream stream{std::move(transport), std::chrono::hours{1}};
  stream.write("220 deliveryd\r\n");
  Delivered now;
  for (;;) {
    auto line = co_await stream.read_line(smtp::kEnvelopeLineMaxOctets);
    if (!line) co_return;
    auto command = smtp::parse_command(*line, {smtp::Utf8::allowed, smtp::PrivateParameters::allowed});
    if (!command) {
      stream.write("500 5.5.2 No\r\n");
    } else if (std::holds_alternative<smtp::Lhlo>(*command)) {
      stream.write("250-deliveryd\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n250 XDELIVERYID\r\n");
    } else if (const auto* mail = std::get_if<smtp::Mail>(&*command)) {
      now = {to_string(mail->reverse_path), {}, {}};
      parameters.push_back(mail->parameters);
      stream.write("250 2.1.0 OK\r\n");
    } else if (const auto* rcpt = std::get_if<smtp::Rcpt>(&*command)) {
      const auto recipient = to_string(rcpt->forward_path);
      const auto reply = scripted(rcpt_replies, recipient, "250 2.1.5 OK");
      if (reply.starts_with('2')) now.recipients.push_back(recipient);
      stream.write(reply);
    } else if (const auto* bdat = std::get_if<smtp::Bdat>(&*command)) {
      auto read = co_await stream.read_exactly(bdat->chunk_octets, now.message);
      if (!read) co_return;
      if (now.recipients.empty()) stream.write("503 5.5.1 No recipients\r\n");
      for (const auto& recipient : now.recipients) {
        stream.write(scripted(message_replies, recipient, "250 2.0.0 Stored"));
      }
      delivered.push_back(std::move(now));
    }
  }
}

FakeStore::FakeStore(net::SimWorld& sim, net::Endpoint endpoint)
    : clock_(sim.loop()), listener_(sim.network().listen(endpoint)) {
  scope_.spawn(accept());
}

net::Task<void> FakeStore::ended() {
  listener_->close();
  co_await scope_.drained();
}

net::Task<void> FakeStore::accept() {
  for (;;) {
    auto transport = co_await listener_->accept();
    if (!transport) co_return;
    scope_.spawn(answer(std::move(transport)));
  }
}

net::Task<void> FakeStore::answer(std::unique_ptr<net::Transport> transport) {
  wire::FrameStream frames{std::move(transport), clock_};
  net::TaskScope sender;
  sender.spawn(frames.send_queued());
  for (;;) {
    auto frame = co_await frames.read(std::chrono::hours{1});
    if (!frame) break;
    const auto request =
        wire::decode_request(std::move(*frame), [](std::string_view) { return mailbox::Summary{}; });
    const auto* question = request ? std::get_if<wire::VerifyRecipient>(&*request) : nullptr;
    if (question == nullptr) break;
    questions.push_back(*question);
    const auto found = states.find(question->address);
    const auto state = found == states.end() ? wire::RecipientState::ok : found->second;
    if (state) frames.queue(*wire::encode(wire::Response{wire::RecipientVerified{question->id, *state}}));
  }
  frames.close();
  co_await sender.drained();
}

SimSmtpd::SimSmtpd(net::SimWorld& sim, config::Config configuration, std::size_t memory_octets,
                   std::uint64_t spool_reserve_octets)
    : config(std::move(configuration)),
      memory(memory_octets),
      clients(config.clients, SipKey{1, 2}),
      user_connections(config.submission.connections_per_user_max),
      spool(std::move(*Spool::open(installation().spool_folder(), spool_reserve_octets))),
      log(sink, "smtpd", log::Format::text, log::Level::debug, [] { return WallTime{}; }),
      logins({std::chrono::minutes{5}, std::chrono::seconds{1}, std::chrono::seconds{15}}, "a test's secret"),
      authenticator(installation().directory(), logins, sim.world(),
                    auth::login_rules(config.auth, auth::Service::smtp)),
      pool(std::make_unique<LmtpPool>(sim.world(), lmtp(), config.hostname)),
      store(sim.world(), {config::store_socket(config), 0}, log),
      verifier(sim.world().clock, store),
      outbound(sim.world(), config, installation().directory(), installation().queue(), *pool, log),
      context{.world = sim.world(),
              .config = config,
              .directory = installation().directory(),
              .authenticator = authenticator,
              .certificates = installation().certificates(),
              .delivery = *pool,
              .verifier = verifier,
              .queue = installation().queue(),
              .dispatcher = outbound.dispatcher,
              .memory = memory,
              .clients = clients,
              .user_connections = user_connections,
              .spool = spool,
              .scope = scope,
              .log = log},
      sim_(sim) {
  outbound.start();
}

SimSmtpd::~SimSmtpd() = default;

net::Task<std::unique_ptr<net::Transport>> SimSmtpd::connect(Role role) {
  const net::Endpoint endpoint{"192.0.2.25", 25};
  const auto listener = sim_.network().listen(endpoint);
  auto client = co_await sim_.network().connect(endpoint, std::chrono::seconds{1});
  auto server = co_await listener->accept();
  scope.spawn(serve(std::move(server), role));
  co_return std::move(*client);
}

net::Task<void> SimSmtpd::ended() {
  co_await scope.drained();
  co_await outbound.ended();
  pool.reset();
  store.stop();
  co_await store_scope_.drained();
}

net::Task<void> SimSmtpd::serve(std::unique_ptr<net::Transport> transport, Role role) {
  Session session{throwing(std::move(transport)), context, role};
  co_await session.converse();
}

}  // namespace posthaste::smtpd
