// Ten clients on one mailbox, each with a model of what it must believe: every response is checked against it, and
// now and then all beliefs against the store. POSTHASTE_IMAP_COMMANDS makes it longer; POSTHASTE_IMAP_SEED replays.
#include <cstdlib>
#include <random>

#include "believer.h"
#include "common/net/scope.h"
#include "house.h"
#include "imapd/answers/flags.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

constexpr std::size_t kCommandsOrdinarily = 3'000;
constexpr int kClients = 10;
constexpr int kCommandsInOneRound = 12;  // of each client, between two looks at the store
constexpr std::size_t kMessagesWanted = 14;
constexpr std::size_t kDialogueKept = 60;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// What a tagged answer says.
struct Answer {
  std::string condition;
  std::string code;
};

struct Choice {
  std::string set;                    // of sequence numbers or UIDs
  std::vector<std::uint64_t> chosen;  // serials
};

class ModelClient {
 public:
  ModelClient(House& house, std::string name, Speech speech, std::uint64_t seed, bool& stopped)
      : house_(house), name_(std::move(name)), random_(seed), believer_(speech), stopped_(stopped) {}

  [[nodiscard]] std::size_t commands() const { return commands_; }

  net::Task<void> act(int commands) {
    for (int i = 0; i < commands && !stopped_; ++i) {
      const std::chrono::milliseconds pause{static_cast<std::int64_t>(up_to(30))};
      co_await house_.clock().sleep(pause);
      if (!stream_) {
        co_await arrive();
      } else if (!selected_) {
        co_await open();
      } else {
        co_await do_something();
      }
    }
  }

  /// Hears all news, and compares what it believes with what is.
  net::Task<void> check() {
    if (!selected_ || stopped_) co_return;
    const Permission anything;
    std::string noop = "NOOP";
    auto answer = co_await command(std::move(noop), anything);
    if (stopped_) co_return;
    auto snapshot = house_.store().read(house_.alice());
    const auto info = snapshot->mailbox("INBOX");
    std::vector<mailbox::Message> rows;
    const auto note = [&rows](const mailbox::Message& message) { rows.push_back(message); };
    (void)snapshot->scan(info->id, mailbox::kAllUids, 1'000'000, note);
    if (rows.size() != believer_.messages().size()) {
      fail("believes in " + std::to_string(believer_.messages().size()) + " messages of " +
           std::to_string(rows.size()));
      co_return;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) compare(believer_.messages()[i], rows[i], *info);
  }

  net::Task<void> leave() {
    if (stream_) stream_->close();
    stream_.reset();
    co_return;
  }

 private:
  std::uint64_t up_to(std::uint64_t most) { return random_() % (most + 1); }
  bool chance(int percent) { return up_to(99) < static_cast<std::uint64_t>(percent); }

  void fail(const std::string& why) {
    if (std::exchange(stopped_, true)) return;
    std::string text;
    for (const auto& line : dialogue_) text += line + "\n";
    ADD_FAILURE() << name_ << ": " << why << "\n" << text;
  }
  void note(std::string line) {
    if (dialogue_.size() == kDialogueKept) dialogue_.pop_front();
    dialogue_.push_back(std::move(line));
  }

  void compare(const Believed& believed, const mailbox::Message& row, const mailbox::MailboxInfo& info) {
    if (believed.uid && *believed.uid != number(row.uid)) {
      return fail("believes in UID " + std::to_string(*believed.uid) + " for " + std::to_string(number(row.uid)));
    }
    if (!believed.flags) return;
    std::string list;
    append_flags(list, row, info.keywords);
    if (flag_names(std::string_view{list}.substr(1, list.size() - 2)) != *believed.flags) {
      return fail("has wrong flags for UID " + std::to_string(number(row.uid)) + ", which has " + list);
    }
    if (believed.mod_seq && *believed.mod_seq != number(row.modseq)) {
      fail("has a wrong MODSEQ for UID " + std::to_string(number(row.uid)) + ", which has " +
           std::to_string(number(row.modseq)));
    }
  }

  /// A line, with the literals in it.
  net::Task<std::string> read_response() {
    std::string response;
    for (;;) {
      auto line = co_await stream_->read_line(1'000'000);
      if (!line) {
        fail("the connection broke");
        co_return "";
      }
      response += *line;
      const auto brace = response.rfind('{');
      if (!response.ends_with('}') || brace == std::string::npos) break;
      const auto octets = std::strtoull(response.c_str() + brace + 1, nullptr, 10);
      response += "\r\n";
      auto literal = co_await stream_->read_exactly(octets, response);
      if (!literal) co_return "";
    }
    note(name_ + " S: " + response);
    co_return response;
  }

  void send(const std::string& line) {
    note(name_ + " C: " + line);
    stream_->write(line + "\r\n");
  }

  /// Sends a command and hears all up to its tagged answer.
  net::Task<Answer> command(std::string text, Permission permission) {
    ++commands_;
    const std::string tag = "t" + std::to_string(commands_);
    believer_.begin(permission);
    send(tag + " " + text);
    co_return co_await hear(tag);
  }

  net::Task<Answer> hear(std::string tag) {
    for (;;) {
      auto line = co_await read_response();
      if (stopped_) co_return Answer{};
      if (line.starts_with("* BYE")) fail("BYE");
      if (line.starts_with("* ")) believer_.hear(line);
      if (believer_.complaint()) fail(*believer_.complaint());
      if (stopped_) co_return Answer{};
      if (!line.starts_with(tag + " ")) continue;
      Reader reader{std::string_view{line}.substr(tag.size() + 1)};
      Answer answer;
      answer.condition = std::string{reader.until(' ')};
      if (reader.skip(" [")) answer.code = std::string{reader.until(']')};
      believer_.end(answer.code);
      if (answer.condition == "BAD") fail("BAD");
      co_return answer;
    }
  }

  net::Task<void> arrive() {
    stream_ = co_await house_.connect();
    auto greeting = co_await stream_->read_line(10'000);
    const Permission anything;
    std::string login = std::string{"LOGIN alice@example.org "} + kPassword;
    auto logged_in = co_await command(std::move(login), anything);
    if (believer_.speech() == Speech::plain || stopped_) co_return;
    std::string enable = believer_.speech() == Speech::qresync ? "ENABLE QRESYNC" : "ENABLE CONDSTORE";
    auto enabled = co_await command(std::move(enable), anything);
  }

  // --- Opening the mailbox, from what was known of it.

  net::Task<void> open() {
    const bool knows = !cache_.empty() && believer_.speech() != Speech::plain;
    const std::uint64_t known_mod_seq = believer_.highest_mod_seq();
    read_only_ = chance(10);
    std::string text = read_only_ ? "EXAMINE INBOX" : "SELECT INBOX";
    if (knows && believer_.speech() == Speech::qresync) text += resync_parameter(known_mod_seq);
    believer_.forget_view();
    const Permission anything;
    auto answer = co_await command(std::move(text), anything);
    if (answer.condition != "OK") co_return fail("SELECT failed");
    selected_ = true;
    const auto vanished = believer_.vanished_earlier();
    const std::uint64_t synchronized = believer_.highest_mod_seq();

    if (!believer_.messages().empty()) {
      const Permission bare{false, true};
      std::string fetch = "FETCH 1:* (UID)";
      answer = co_await command(std::move(fetch), bare);
      if (stopped_) co_return;
    }
    take_what_is_known(vanished);
    if (stopped_ || !knows || believer_.speech() != Speech::condstore) co_return;
    const Permission by_uid;  // now what QRESYNC does by itself
    std::string fetch = "UID FETCH 1:* (FLAGS) (CHANGEDSINCE " + std::to_string(known_mod_seq) + ")";
    answer = co_await command(std::move(fetch), by_uid);
    if (believer_.highest_mod_seq() < synchronized) fail("HIGHESTMODSEQ fell");
  }

  std::string resync_parameter(std::uint64_t mod_seq) {
    std::vector<imap::NumberRange> uids;
    for (const auto& [uid, message] : cache_) uids.push_back({uid, uid});
    asked_ = imap::NumberSet{uids};
    return " (QRESYNC (" + std::to_string(believer_.uid_validity()) + " " + std::to_string(mod_seq) + " " +
           imap::to_string(asked_) + "))";
  }

  /// Gives the messages what the cache has of them. Those that have no UID yet have gone since the mailbox was
  /// opened.
  void take_what_is_known(const std::set<std::uint32_t>& vanished) {
    std::set<std::uint32_t> there;
    std::size_t gone = 0;
    for (const Believed& message : believer_.messages()) {
      if (message.uid) {
        there.insert(*message.uid);
      } else {
        ++gone;
      }
    }
    if (believer_.speech() == Speech::qresync) {
      std::size_t unsaid = 0;
      for (const std::uint32_t uid : vanished) {
        if (there.contains(uid)) return fail("what vanished is there");
      }
      for (const auto& [uid, message] : cache_) unsaid += !there.contains(uid) && !vanished.contains(uid) ? 1 : 0;
      if (unsaid > gone) return fail("messages have vanished unsaid");
    }
    if (believer_.speech() == Speech::plain) return cache_.clear();
    for (Believed& message : believer_.messages()) {
      const auto known = message.uid ? cache_.find(*message.uid) : cache_.end();
      if (known == cache_.end() || message.flags) continue;
      message.flags = known->second.flags;
      message.mod_seq = known->second.mod_seq;
    }
    cache_.clear();
  }

  void keep_what_is_known() {
    cache_.clear();
    for (const Believed& message : believer_.messages()) {
      if (message.uid && message.flags) cache_[*message.uid] = message;
    }
    believer_.forget_view();
    selected_ = false;
  }

  // --- Commands in a selected mailbox

  net::Task<void> do_something() {
    if (believer_.messages().size() < kMessagesWanted / 2) co_return co_await append();
    if (needs_a_look() && chance(60)) co_return co_await look();
    switch (up_to(15)) {
      case 0: co_return co_await plain_command("NOOP", true);
      case 1: co_return co_await plain_command("CHECK", true);
      case 2: co_return co_await append();
      case 3: co_return co_await idle();
      case 4: co_return co_await fetch(false);
      case 5: co_return co_await fetch(true);
      case 6:
      case 7: co_return co_await store(false);
      case 8:
      case 9: co_return co_await store(true);
      case 10: co_return co_await search();
      case 11: co_return co_await copy_or_move();
      case 12: co_return co_await copy_or_move();
      case 13: co_return co_await expunge();
      case 14: co_return co_await pipeline();
      default: co_return co_await go_away();
    }
  }

  [[nodiscard]] bool needs_a_look() {
    return std::ranges::any_of(believer_.messages(), [](const Believed& each) { return !each.uid || !each.flags; });
  }
  net::Task<void> look() {
    Permission permission{false, false};
    std::string fetch = "FETCH 1:* (UID FLAGS MODSEQ)";
    if (believer_.speech() == Speech::plain) {
      fetch = "FETCH 1:* (UID FLAGS)";
      permission.bare_flags = true;
    }
    if (believer_.messages().empty()) co_return;
    auto answer = co_await command(std::move(fetch), permission);
  }

  net::Task<void> plain_command(std::string text, bool expunges) {
    const Permission permission{expunges, false};
    auto answer = co_await command(std::move(text), permission);
    if (!stopped_ && answer.condition != "OK") fail("refused");
  }

  net::Task<void> append() {
    const std::string octets = "Subject: " + std::to_string(up_to(999)) + "\r\n\r\nText\r\n";
    std::string flags = chance(30) ? "(\\Seen) " : "";
    std::string text = "APPEND INBOX " + flags + "{" + std::to_string(octets.size()) + "+}\r\n" + octets;
    co_await plain_command(std::move(text), true);
  }

  net::Task<void> idle() {
    ++commands_;
    const std::string tag = "t" + std::to_string(commands_);
    const Permission anything;
    believer_.begin(anything);
    send(tag + " IDLE");
    auto line = co_await read_response();
    if (stopped_) co_return;
    if (!line.starts_with("+ ")) co_return fail("no continuation");
    auto flushed = co_await stream_->flush();
    const std::chrono::milliseconds pause{static_cast<std::int64_t>(up_to(300))};
    co_await house_.clock().sleep(pause);
    send("DONE");
    auto answer = co_await hear(tag);
  }

  /// Some messages: by number, any; by UID, those whose UIDs are known, and some that may never have been.
  Choice choose(bool by_uid) {
    Choice choice;
    std::vector<imap::NumberRange> numbers;
    const auto& messages = believer_.messages();
    const std::size_t first = up_to(messages.size() - 1);
    const std::size_t last = std::min(messages.size() - 1, first + up_to(4));
    for (std::size_t i = first; i <= last; ++i) {
      if (by_uid && !messages[i].uid) continue;
      const auto each = by_uid ? *messages[i].uid : static_cast<std::uint32_t>(i + 1);
      numbers.push_back({each, each});
      choice.chosen.push_back(messages[i].serial);
    }
    if (by_uid && (numbers.empty() || chance(20))) numbers.push_back({4'000'000'000U, 4'000'000'001U});
    choice.set = imap::to_string(imap::NumberSet{numbers});
    return choice;
  }

  net::Task<void> fetch(bool by_uid) {
    if (believer_.messages().empty()) co_return;
    const Choice choice = choose(by_uid);
    const bool marks = !read_only_ && chance(30);
    std::string items = marks ? "(BODY[]<0.5>)" : chance(50) ? "(FLAGS UID)" : "(FLAGS)";
    const Permission permission{by_uid, !marks};
    std::string text = (by_uid ? "UID FETCH " : "FETCH ") + choice.set + " " + items;
    auto answer = co_await command(std::move(text), permission);
    if (stopped_ || answer.condition != "OK" || by_uid) co_return;
    for (const std::uint64_t serial : choice.chosen) {
      if (!believer_.told().contains(serial)) co_return fail("FETCH left a message out");
    }
  }

  // --- STORE, whose effect a client works out for itself where it is not told

  struct FlagChange {
    char sign = ' ';
    FlagNames flags;

    void apply(FlagNames& to) const {
      if (sign == ' ') to.clear();
      for (const auto& flag : flags) {
        if (sign == '-') {
          to.erase(flag);
        } else {
          to.insert(flag);
        }
      }
    }
  };

  FlagChange any_change() {
    static constexpr const char* kNames[] = {"\\Seen", "\\Flagged", "\\Deleted", "\\Answered", "$Junk", "Later"};
    FlagChange change;
    change.sign = "+- "[up_to(2)];
    for (std::uint64_t i = 0; i <= up_to(1); ++i) change.flags.insert(kNames[up_to(std::size(kNames) - 1)]);
    return change;
  }

  net::Task<void> store(bool by_uid) {
    if (read_only_ || believer_.messages().empty()) co_return;
    const Choice choice = choose(by_uid);
    const FlagChange change = any_change();
    const bool silent = chance(50);
    std::string text = (by_uid ? "UID STORE " : "STORE ") + choice.set;
    if (believer_.speech() != Speech::plain && chance(40)) {
      const std::uint64_t since = chance(70) ? believer_.highest_mod_seq() : 1'000'000'000;
      text += " (UNCHANGEDSINCE " + std::to_string(since) + ")";
    }
    if (change.sign != ' ') {
      text += std::string{" "} + change.sign;
    } else {
      text += " ";
    }
    text += silent ? "FLAGS.SILENT (" : "FLAGS (";
    bool first = true;
    for (const auto& flag : change.flags) text += (std::exchange(first, false) ? "" : " ") + flag;
    text += ")";
    const auto numbers = numbers_of_all(by_uid);
    const Permission permission{by_uid, false};
    auto answer = co_await command(std::move(text), permission);
    if (stopped_) co_return;
    if (silent) learn(choice, change, answer, numbers);
  }

  /// Serials by the numbers that a command uses.
  std::map<std::uint32_t, std::uint64_t> numbers_of_all(bool by_uid) {
    std::map<std::uint32_t, std::uint64_t> numbers;
    std::uint32_t sequence_number = 0;
    for (const Believed& message : believer_.messages()) {
      ++sequence_number;
      if (!by_uid) {
        numbers[sequence_number] = message.serial;
      } else if (message.uid) {
        numbers[*message.uid] = message.serial;
      }
    }
    return numbers;
  }

  void learn(const Choice& choice, const FlagChange& change, const Answer& answer,
             const std::map<std::uint32_t, std::uint64_t>& numbers) {
    std::set<std::uint64_t> failed;
    Reader code{answer.code};
    if (code.skip("MODIFIED ")) {
      const auto set = imap::resolve(*imap::parse_sequence_set(code.rest()), 0);
      for (const auto& [number, serial] : numbers) {
        if (set.contains(number)) failed.insert(serial);
      }
    }
    for (const std::uint64_t serial : choice.chosen) {
      Believed* message = believer_.with_serial(serial);
      if (message == nullptr || !message->flags) continue;
      if (believer_.told_flags().contains(serial) || failed.contains(serial)) continue;
      change.apply(*message->flags);
    }
  }

  // --- The others

  net::Task<void> search() {
    const bool by_uid = chance(50);
    const bool with_numbers = chance(50);
    std::string text = by_uid ? "UID SEARCH " : "SEARCH ";
    text += with_numbers ? "1:* UNDELETED" : "UNDELETED";
    const Permission permission{by_uid && !with_numbers, false};
    const auto known = numbers_of_all(true);
    const std::size_t count = believer_.messages().size();
    const bool all_known = known.size() == count;
    auto answer = co_await command(std::move(text), permission);
    for (const std::uint32_t found : believer_.found()) {
      const bool there = by_uid ? (!all_known || known.contains(found)) : (found >= 1 && found <= count);
      if (!there) co_return fail("SEARCH finds what is not there");
    }
  }

  net::Task<void> copy_or_move() {
    if (believer_.messages().empty()) co_return;
    const bool many = believer_.messages().size() > kMessagesWanted;
    const bool moves = !read_only_ && (many || chance(30));
    const bool by_uid = chance(50);
    const Choice choice = choose(by_uid);
    std::string text = by_uid ? "UID " : "";
    text += moves ? "MOVE " : "COPY ";
    text += choice.set + (many || chance(50) ? " Archive" : " INBOX");
    const Permission anything;
    auto answer = co_await command(std::move(text), anything);
  }

  net::Task<void> expunge() {
    if (read_only_ || believer_.messages().empty()) co_return;
    const bool by_uid = chance(40);
    std::string text = by_uid ? "UID EXPUNGE " + choose(true).set : "EXPUNGE";
    const Permission anything;
    auto answer = co_await command(std::move(text), anything);
  }

  /// Two commands at once. The first may not change the numbers that the second uses.
  net::Task<void> pipeline() {
    if (believer_.messages().empty()) co_return;
    const std::string first = "t" + std::to_string(++commands_);
    const std::string second = "t" + std::to_string(++commands_);
    believer_.begin({false, true});
    send(first + " FETCH " + choose(false).set + " (FLAGS)");
    send(second + " FETCH " + choose(false).set + " (UID FLAGS)");
    auto answer = co_await hear(first);
    if (stopped_) co_return;
    believer_.begin({false, true});
    answer = co_await hear(second);
  }

  net::Task<void> go_away() {
    const Permission anything;
    const auto way = up_to(3);
    if (way == 0) {
      keep_what_is_known();
      std::string text = "UNSELECT";
      auto answer = co_await command(std::move(text), anything);
    } else if (way == 1) {
      keep_what_is_known();
      std::string text = "CLOSE";
      auto answer = co_await command(std::move(text), anything);
    } else if (way == 2) {
      keep_what_is_known();  // and opens it again at once
    } else {
      keep_what_is_known();
      stream_->close();
      stream_.reset();
    }
  }

  House& house_;
  const std::string name_;
  std::mt19937_64 random_;
  Believer believer_;
  bool& stopped_;
  std::unique_ptr<net::Stream> stream_;
  bool selected_ = false;
  bool read_only_ = false;
  std::size_t commands_ = 0;
  std::map<std::uint32_t, Believed> cache_;  // by UID: what it knew when it left
  imap::NumberSet asked_;
  std::deque<std::string> dialogue_;
};

constexpr Speech kSpeeches[] = {Speech::plain, Speech::condstore, Speech::qresync};

net::Task<void> live(House& house, std::uint64_t seed, std::size_t commands) {
  bool stopped = false;
  std::vector<std::unique_ptr<ModelClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    const auto own_seed = seed * 1'000 + static_cast<std::uint64_t>(i);
    clients.push_back(std::make_unique<ModelClient>(house, "client " + std::to_string(i),
                                                    kSpeeches[static_cast<std::size_t>(i) % std::size(kSpeeches)],
                                                    own_seed, stopped));
  }
  for (std::size_t done = 0; done < commands && !stopped;) {
    net::TaskScope round;
    for (auto& client : clients) round.spawn(client->act(kCommandsInOneRound));
    co_await round.drained();
    done = 0;
    for (auto& client : clients) {
      co_await client->check();
      done += client->commands();
    }
  }
  for (auto& client : clients) co_await client->leave();
}

TEST(Model, EverySessionBelievesTheTruth) {
  const std::uint64_t seed = number_from("POSTHASTE_IMAP_SEED", 1);
  const std::uint64_t commands = number_from("POSTHASTE_IMAP_COMMANDS", kCommandsOrdinarily);
  SCOPED_TRACE(testing::Message() << "POSTHASTE_IMAP_SEED=" << seed << " POSTHASTE_IMAP_COMMANDS=" << commands);
  House house{seed};
  house.config.imap.connections_per_user_max = 100;
  for (std::size_t i = 0; i < kMessagesWanted; ++i) house.append("INBOX", kPlain);
  house.serve([&house, seed, commands] { return live(house, seed, commands); });
}

}  // namespace
}  // namespace posthaste::imapd
