#include "house.h"

#include <filesystem>
#include <fstream>

#include "../relaying_transport.h"
#include "common/auth/directory.h"
#include "common/imap/body_structure.h"
#include "common/imap/envelope.h"
#include "common/mime/cached_fields.h"
#include "distant_reader.h"

namespace posthaste::imapd {
namespace {

const net::Endpoint kImap{"192.0.2.10", 143};
const net::Endpoint kImaps{"192.0.2.10", 993};
constexpr std::chrono::milliseconds kPatience{7'200'000};

/// alice@example.org and bob@example.org with one password, and a certificate: made once, read by all tests. Carol,
/// dave and erin are each there for one test, which changes them.
struct Accounts {
  Accounts() : directory(*auth::Directory::open(folder.path() / "directory", auth::Role::writer)) {
    auth::Credential credential;
    credential.hash = *auth::hash_password(kPassword, std::string(auth::kHashSaltOctets, 's'));
    auto change = directory.change();
    EXPECT_TRUE(change->add_domain("example.org"));
    for (const char* address :
         {"alice@example.org", "bob@example.org", "carol@example.org", "dave@example.org", "erin@example.org"}) {
      const auto user = change->add_user({address, "", std::nullopt, true, WallTime{}});
      EXPECT_TRUE(change->set_credential(*user, credential));
      users[address] = *user;
    }
    EXPECT_TRUE(change->commit());
    const auto pair =
        net::make_self_signed("mail.example.org", WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}});
    std::ofstream{folder.path() / "cert.pem"} << pair.certificate_pem;
    std::ofstream{folder.path() / "key.pem"} << pair.key_pem;
    certificates = *daemon::Certificates::load(folder.path() / "cert.pem", folder.path() / "key.pem");
  }

  /// As `posthaste user password` and `posthaste user delete` do.
  void change_password(const std::string& user) {
    auto change = directory.change();
    const UserId id = users.at(user + "@example.org");
    EXPECT_TRUE(change->set_credential(id, *directory.find_credential(id)));
    EXPECT_TRUE(change->commit());
  }
  void remove(const std::string& user) {
    auto change = directory.change();
    EXPECT_TRUE(change->delete_user(users.at(user + "@example.org")));
    EXPECT_TRUE(change->commit());
  }

  static Accounts& shared() {
    static Accounts accounts;
    return accounts;
  }

  ScratchDirectory folder{quick_directory()};
  auth::Directory directory;
  std::map<std::string, UserId> users;
  std::unique_ptr<daemon::Certificates> certificates;
};

}  // namespace

mailbox::Summary summarize(const std::string& octets) {
  const auto root = mime::parse_structure(octets);
  const auto header = root.header.of(octets);
  mailbox::Summary summary;
  imap::append_envelope(summary.envelope, mime::parse_envelope(header));
  imap::append_body_structure(summary.body_structure, root);
  summary.header_cache = mime::cached_header(header);
  return summary;
}

net::Task<std::expected<mailbox::ApplyResult, mailbox::StoreError>> TestApplier::apply(
    UserId user, mailbox::Batch batch, mailbox::IdempotencyKey key) {
  ++batches;
  const auto first = others.find(batches);
  if (first != others.end()) {
    mailbox::IdempotencyKey no_key;
    auto applied = co_await local_.apply(user, first->second, std::move(no_key));
    EXPECT_TRUE(applied);
  }
  if (failure) co_return std::unexpected(*failure);
  for (auto& operation : batch.operations) {
    if (auto* append = std::get_if<mailbox::Append>(&operation)) {
      append->blob = mailbox::put_blob(append->blob->octets(), summarize(append->blob->octets()));
    }
  }
  co_return co_await local_.apply(user, std::move(batch), std::move(key));
}

class TestSubscriptions::Held final : public mailbox::Subscription {
 public:
  Held(TestSubscriptions& owner, std::list<Entry>::iterator place) : owner_(owner), place_(place) {}
  ~Held() override { owner_.entries_.erase(place_); }

 private:
  TestSubscriptions& owner_;
  std::list<Entry>::iterator place_;
};

std::unique_ptr<mailbox::Subscription> TestSubscriptions::subscribe(UserId user, mailbox::OnChange on_change) {
  entries_.push_back({user, std::move(on_change)});
  return std::make_unique<Held>(*this, std::prev(entries_.end()));
}

void TestSubscriptions::publish(const mailbox::Change& change) {
  loop_.post([this, change] {
    for (const auto& [user, on_change] : entries_) {
      if (user == change.user) on_change(change);
    }
  });
}

House::House(std::uint64_t seed, net::SimConditions conditions, std::uint32_t mailboxes_max)
    : rows_at_hand(seed % 2 == 1),
      sim_(seed, conditions),
      subscriptions(sim_.loop()),
      writer_(open_writer(mailboxes_max)) {
  config.hostname = "mail.example.org";
  config.auth.allow_plaintext = true;
}

House::~House() = default;

UserId House::alice() const { return Accounts::shared().users.at("alice@example.org"); }

void House::play(const Script& script) {
  serve([this, &script] { return perform(script); });
}

void House::serve(const std::function<net::Task<void>()>& clients) {
  daemon::UserConnections user_connections{config.imap.connections_per_user_max};
  RecentMessages recent_messages{recent_since};
  daemon::UserMemory append_memory{append_memory_octets, user_memory_octets.value_or(append_memory_octets)};
  daemon::FairShares fair_shares{daemon::threads_per_user(config.workers.io_threads)};
  auth::Authenticator authenticator{Accounts::shared().directory, login_memory_, sim_.world(),
                                    auth::login_rules(config.auth, auth::Service::imap)};
  const mailbox::Reader& here = writer_->store();
  const DistantReader elsewhere{here};
  const Surroundings surroundings{sim_.world(),
                                  config,
                                  rows_at_hand ? here : elsewhere,
                                  applier,
                                  subscriptions,
                                  authenticator,
                                  *Accounts::shared().certificates,
                                  user_connections,
                                  recent_messages,
                                  append_memory,
                                  fair_shares,
                                  log_};
  ASSERT_TRUE(sim_.run(serve_while(clients, surroundings))) << "everybody waits";
}

net::Task<std::unique_ptr<net::Stream>> House::connect() {
  auto transport = co_await sim_.network().connect(kImap, kPatience);
  co_return std::make_unique<net::Stream>(std::move(*transport), kPatience);
}

void House::append(const std::string& mailbox, const std::string& octets, mailbox::FlagSet flags,
                   std::vector<std::string> keywords, mailbox::InternalDate date) {
  ASSERT_TRUE(sim_.run(append_now(mailbox, octets, flags, std::move(keywords), date)));
}

void House::limit(mailbox::QuotaLimits limits) { ASSERT_TRUE(sim_.run(limit_now(limits))); }

void House::lose_messages() {
  for (const auto& file : std::filesystem::recursive_directory_iterator{folder_.path() / "store"}) {
    if (file.is_regular_file() && file.path().extension() == ".seg") std::filesystem::resize_file(file.path(), 0);
  }
}

std::unique_ptr<store::Writer> House::open_writer(std::uint32_t mailboxes_max) {
  store::WriterOptions options;
  options.directory = folder_.path() / "store";
  options.map_octets = std::uint64_t{1} << 30;
  options.reserve_octets = 0;
  options.mailboxes_max = mailboxes_max;
  options.on_change = [this](const mailbox::Change& change) { subscriptions.publish(change); };
  auto writer = store::Writer::open(std::move(options));
  if (!writer) throw std::runtime_error(writer.error().text);
  return std::move(*writer);
}

net::Task<void> House::append_now(std::string mailbox, std::string octets, mailbox::FlagSet flags,
                                  std::vector<std::string> keywords, mailbox::InternalDate date) {
  const mailbox::IdempotencyKey no_key;
  mailbox::Batch creation;
  creation.operations.emplace_back(mailbox::CreateUser{});
  auto created = co_await applier.apply(alice(), std::move(creation), no_key);
  EXPECT_TRUE(created);
  mailbox::Batch batch;
  {
    auto snapshot = store().read(alice());
    const auto info = snapshot->mailbox(mailbox);
    EXPECT_TRUE(info) << mailbox;
    batch.operations.emplace_back(
        mailbox::Append{info->id, mailbox::put_blob(octets, {}), flags, std::move(keywords), date, std::nullopt});
  }
  auto appended = co_await applier.apply(alice(), std::move(batch), no_key);
  EXPECT_TRUE(appended);
}

net::Task<void> House::limit_now(mailbox::QuotaLimits limits) {
  mailbox::IdempotencyKey no_key;
  mailbox::Batch batch;
  batch.operations.emplace_back(mailbox::SetQuota{limits});
  auto applied = co_await applier.apply(alice(), std::move(batch), std::move(no_key));
  EXPECT_TRUE(applied);
}

net::Task<void> House::serve(net::Listener& listener, const Surroundings& surroundings, session::Security security,
                             net::TaskScope& scope) {
  for (;;) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    scope.spawn(converse(std::move(transport), surroundings, security, scope));
  }
}

net::Task<void> House::converse(std::unique_ptr<net::Transport> transport, const Surroundings& surroundings,
                                session::Security security, net::TaskScope& scope) {
  Session session{surroundings, throwing(std::move(transport)), security};
  co_await session.converse(scope);
}

net::Task<void> House::serve_while(const std::function<net::Task<void>()>& clients,
                                   const Surroundings& surroundings) {
  const auto imap = sim_.network().listen(kImap);
  const auto imaps = sim_.network().listen(kImaps);
  net::TaskScope sessions;
  net::TaskScope listeners;
  net::TaskScope logins;
  logins.spawn(surroundings.authenticator.logins().run());
  listeners.spawn(serve(*imap, surroundings, session::Security::starttls, sessions));
  listeners.spawn(serve(*imaps, surroundings, session::Security::implicit_tls, sessions));
  auto all_clients = clients();
  co_await all_clients;
  imap->close();
  imaps->close();
  co_await listeners.drained();
  co_await sessions.drained();
  surroundings.authenticator.logins().stop();
  co_await logins.drained();
}

net::Task<void> House::perform(const Script& script) {
  std::map<char, Client> clients;
  for (const std::string& line : script) {
    bool went_on = true;
    if (line.starts_with("deliver ")) {
      const auto space = line.rfind(' ');
      std::string mailbox = line.substr(space + 1);
      std::string octets = messages.at(line.substr(8, space - 8));
      std::vector<std::string> keywords;
      const mailbox::InternalDate date;
      co_await append_now(std::move(mailbox), std::move(octets), mailbox::FlagSet(), std::move(keywords), date);
    } else if (line == "lose messages") {
      lose_messages();
    } else if (line.starts_with("password ")) {
      Accounts::shared().change_password(line.substr(9));
    } else if (line.starts_with("remove ")) {
      Accounts::shared().remove(line.substr(7));
    } else {
      went_on = co_await speak(clients, line);
    }
    if (!went_on) {
      ADD_FAILURE() << "at: " << line;
      break;
    }
  }
}

net::Task<bool> House::speak(std::map<char, Client>& clients, std::string line) {
  Client& client = clients[line.front()];
  const std::string_view rest = std::string_view{line}.substr(1);
  if (!client.stream) {
    const bool tls = rest == " connect tls";
    const net::Endpoint endpoint = tls ? kImaps : kImap;
    auto transport = co_await sim_.network().connect(endpoint, kPatience);
    client.stream = std::make_unique<net::Stream>(std::move(*transport), kPatience);
    if (tls) {
      auto secured = co_await client.stream->connect_tls(tls_client_, config.hostname);
      if (!secured) co_return false;
    }
    if (rest.starts_with(" connect")) co_return true;
  }
  if (rest == " starttls") {
    auto secured = co_await client.stream->connect_tls(tls_client_, config.hostname);
    co_return secured.has_value();
  }
  if (rest == " compress") {
    auto compressed = co_await client.stream->compress();
    co_return compressed.has_value();
  }
  if (rest.starts_with(" login")) {
    const std::string user = rest == " login" ? "alice" : std::string{rest.substr(7)};
    const std::string greeted = "* OK *";
    auto greeting = co_await hears(client, greeted);
    if (!greeting) co_return false;
    client.stream->write("l LOGIN " + user + "@example.org " + kPassword + "\r\n");
    const std::string logged_in = "l OK *";
    co_return co_await hears(client, logged_in);
  }
  if (rest.starts_with(" select ")) {
    client.stream->write("s SELECT " + std::string{rest.substr(8)} + "\r\n");
    const std::string selected = "s OK *";
    co_return co_await hears_at_last(client, selected);
  }
  if (rest.starts_with(" until ")) {
    std::string expected{rest.substr(7)};
    co_return co_await hears_at_last(client, std::move(expected));
  }
  if (rest == " closed") {
    auto next = co_await client.stream->read_line(1'000'000);
    if (next) ADD_FAILURE() << "heard: " << *next;
    co_return !next && next.error() == net::StreamError::closed;
  }
  if (rest.starts_with(" never ")) {
    const std::string tag{rest.substr(7)};
    for (;;) {
      auto next = co_await client.stream->read_line(1'000'000);
      if (!next) co_return true;
      if (next->starts_with(tag + " ")) co_return false;
    }
  }
  if (rest == " silent") {
    client.stream->set_timeout(std::chrono::seconds{2});
    auto next = co_await client.stream->read_line(1'000'000);
    client.stream->set_timeout(kPatience);
    if (next) ADD_FAILURE() << "heard: " << *next;
    co_return !next && next.error() == net::StreamError::timed_out;
  }
  if (rest.starts_with("C: ")) {
    client.stream->write(std::string{rest.substr(3)} + "\r\n");
  } else if (rest.starts_with("C+ ")) {
    client.stream->write(rest.substr(3));
  } else if (rest.starts_with("S: ")) {
    std::string expected{rest.substr(3)};
    co_return co_await hears(client, std::move(expected));
  } else {
    co_return false;
  }
  auto flushed = co_await client.stream->flush();
  co_return flushed.has_value();
}

net::Task<bool> House::hears_at_last(Client& client, std::string expected) {
  const std::string tag = expected.substr(0, expected.find(' ') + 1);
  std::string start = expected.ends_with('*') ? expected.substr(0, expected.size() - 1) : expected;
  for (;;) {
    auto line = co_await client.stream->read_line(10'000'000);
    if (!line) co_return false;
    if (line->starts_with(start)) co_return true;
    if (tag != "* " && line->starts_with(tag)) {
      ADD_FAILURE() << "expected: " << expected << "\nheard:    " << *line;
      co_return false;
    }
  }
}

net::Task<bool> House::hears(Client& client, std::string expected) {
  auto line = co_await client.stream->read_line(10'000'000);
  if (!line) {
    ADD_FAILURE() << "expected: " << expected << "\nbut the stream says " << net::name_of(line.error());
    co_return false;
  }
  const bool open_end = expected.ends_with('*');
  if (open_end) expected.pop_back();
  const bool same = open_end ? line->starts_with(expected) : *line == expected;
  if (!same) ADD_FAILURE() << "expected: " << expected << "\nheard:    " << *line;
  co_return same;
}

}  // namespace posthaste::imapd
