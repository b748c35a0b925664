// Random operations against the store and a simple model of it; then the index is rebuilt and compared.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "scratch.h"

namespace posthaste::store {
namespace {

struct ModelMessage {
  FlagSet flags;
  std::set<std::string> keywords;
  std::string octets;
  bool operator==(const ModelMessage&) const = default;
};

struct ModelMailbox {
  std::uint32_t uid_next = 1;
  std::map<std::uint32_t, ModelMessage> messages;
  std::map<std::string, std::string> annotations;
  bool takes_no_delivery = false;  // nor do those below it: the user alone writes there
};

using ModelUser = std::map<std::string, ModelMailbox>;

constexpr std::uint64_t kUsers = 3;
const std::vector<std::string> kNames = {"INBOX", "Sent", "Trash", "a", "a/b", "a/b/c", "d"};
const std::vector<std::string> kKeywords = {"k1", "k2", "k3"};
const std::vector<std::string> kEntries = {"/private/a", "/private/b", "/shared/a"};

class Model {
 public:
  Model(Writer& writer, unsigned seed) : writer_(writer), random_(seed) {
    for (std::uint64_t user = 1; user <= kUsers; ++user) {
      EXPECT_TRUE(apply(writer_, UserId{user}, {CreateUser{}}));
      for (const char* name : {"INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"}) users_[user][name];
      for (const char* name : {"Drafts", "Sent", "Trash"}) users_[user][name].takes_no_delivery = true;
    }
  }

  void step() {
    user_ = 1 + pick(kUsers);
    switch (pick(14)) {
      case 0:
      case 1:
      case 2: return deliver_one();
      case 3:
      case 4: return append();
      case 5: return store_flags();
      case 6: return expunge();
      case 7: return copy();
      case 8: return move();
      case 9: return create();
      case 10: return rename();
      case 11:
      case 12: return annotate();
      default: return erase();
    }
  }

  void compare() {
    for (const auto& [user, mailboxes] : users_) {
      const auto snapshot = writer_.store().read(UserId{user});
      std::set<std::string> names;
      const auto listed = snapshot->mailboxes();
      for (const MailboxInfo& info : *listed) names.insert(info.name);
      std::set<std::string> expected;
      for (const auto& [name, mailbox] : mailboxes) expected.insert(name);
      EXPECT_EQ(names, expected);
      for (const auto& [name, model] : mailboxes) {
        const MailboxInfo info = *snapshot->mailbox(name);
        EXPECT_EQ(number(info.uid_next), model.uid_next) << name;
        std::map<std::uint32_t, ModelMessage> found;
        for (const Message& message : messages(writer_.store(), UserId{user}, info.id)) {
          ModelMessage& there = found[number(message.uid)];
          there.flags = message.flags;
          for (std::size_t i = 0; i < info.keywords.size(); ++i) {
            if (message.keywords.test(i)) there.keywords.insert(info.keywords[i]);
          }
          there.octets = body(writer_.store(), UserId{user}, message.blob);
        }
        EXPECT_EQ(found, model.messages) << name;
        std::map<std::string, std::string> annotations;
        const auto note = [&annotations](const mailbox::AnnotationView& annotation) {
          annotations[std::string(annotation.entry)] = annotation.value;
          return true;
        };
        EXPECT_TRUE(snapshot->scan_metadata(info.id, {}, note));
        EXPECT_EQ(annotations, model.annotations) << name;
      }
    }
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  ModelUser& model() { return users_[user_]; }
  std::string some_name() { return kNames[pick(kNames.size())]; }
  ModelMailbox* model_of(const std::string& name) {
    const auto found = model().find(name);
    return found == model().end() ? nullptr : &found->second;
  }
  MailboxId id_of(const std::string& name) {
    const MailboxId id = mailbox(writer_.store(), UserId{user_}, name).id;
    return id == MailboxId{} ? MailboxId{9999} : id;
  }
  FlagSet some_flags() { return FlagSet::from_bits(static_cast<std::uint8_t>(random_())); }
  std::vector<std::string> some_keywords() {
    std::vector<std::string> keywords;
    for (const std::string& keyword : kKeywords) {
      if (pick(3) == 0) keywords.push_back(keyword);
    }
    return keywords;
  }
  UidSet some_uids(const std::string& name) {
    UidSet uids;
    const ModelMailbox* mailbox = model_of(name);
    for (std::uint32_t uid = 1; mailbox != nullptr && uid < mailbox->uid_next + 1; ++uid) {
      if (pick(3) == 0) uids.add(Uid{uid});
    }
    return uids;
  }
  std::string some_octets() { return "message " + std::to_string(++number_) + std::string(pick(50), '.'); }
  void expect(const ApplyOutcome& outcome, std::optional<StoreError> error) {
    EXPECT_EQ(outcome ? std::nullopt : std::optional(outcome.error()), error);
  }
  static std::optional<StoreError> missing(bool there) {
    return there ? std::nullopt : std::optional(StoreError::no_such_mailbox);
  }
  bool takes_deliveries(const std::string& name) {
    for (std::size_t level = 0; level != std::string::npos;) {
      level = name.find('/', level + 1);
      const ModelMailbox* above = model_of(name.substr(0, level));
      if (above != nullptr && above->takes_no_delivery) return false;
    }
    return true;
  }
  static void add(ModelMailbox& mailbox, ModelMessage message) {
    mailbox.messages[mailbox.uid_next++] = std::move(message);
  }
  void create_parents(const std::string& name) {
    for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      model()[name.substr(0, slash)];
    }
  }

  void deliver_one() {
    const std::string octets = some_octets();
    Deliver message = delivery(UserId{user_}, octets, pick(2) == 0 ? std::to_string(number_) : "");
    message.mailbox = some_name();
    message.flags = some_flags();
    EXPECT_TRUE(deliver(writer_, message));
    ModelMailbox* mailbox = model_of(message.mailbox);
    const bool takes_it = mailbox != nullptr && takes_deliveries(message.mailbox);
    add(takes_it ? *mailbox : model()["INBOX"], {message.flags, {}, octets});
  }

  void append() {
    std::vector<Operation> operations;
    const std::string name = some_name();
    const bool fails = pick(5) == 0;
    std::vector<ModelMessage> messages;
    for (std::size_t i = 0; i < 1 + pick(3); ++i) {
      Append append;
      append.mailbox = id_of(name);
      append.flags = some_flags();
      append.keywords = some_keywords();
      const std::string octets = some_octets();
      append.blob = blob(octets);
      messages.push_back({append.flags, {append.keywords.begin(), append.keywords.end()}, octets});
      operations.emplace_back(std::move(append));
    }
    if (fails) operations.emplace_back(DeleteMailbox{"INBOX"});
    ModelMailbox* mailbox = model_of(name);
    const auto outcome = apply(writer_, UserId{user_}, std::move(operations));
    const auto error =
        mailbox != nullptr && fails ? std::optional(StoreError::cannot) : missing(mailbox != nullptr);
    expect(outcome, error);
    if (error) return;
    for (ModelMessage& message : messages) add(*mailbox, std::move(message));
  }

  void store_flags() {
    const std::string name = some_name();
    const auto keywords = some_keywords();
    const StoreFlags operation{id_of(name),  some_uids(name), static_cast<FlagMode>(pick(3)),
                               some_flags(), keywords,        {}};
    ModelMailbox* mailbox = model_of(name);
    expect(apply(writer_, UserId{user_}, {operation}), missing(mailbox != nullptr));
    if (mailbox == nullptr) return;
    for (auto& [uid, message] : mailbox->messages) {
      if (!operation.uids.contains(Uid{uid})) continue;
      if (operation.mode == FlagMode::replace) message.keywords.clear();
      for (const std::string& keyword : keywords) {
        if (operation.mode == FlagMode::remove)
          message.keywords.erase(keyword);
        else
          message.keywords.insert(keyword);
      }
      if (operation.mode == FlagMode::add) message.flags = message.flags.with(operation.flags);
      if (operation.mode == FlagMode::remove) message.flags = message.flags.without(operation.flags);
      if (operation.mode == FlagMode::replace) message.flags = operation.flags;
    }
  }

  void expunge() {
    const std::string name = some_name();
    const Expunge operation{id_of(name), some_uids(name), ExpungeWhich::deleted};
    ModelMailbox* mailbox = model_of(name);
    expect(apply(writer_, UserId{user_}, {operation}), missing(mailbox != nullptr));
    if (mailbox == nullptr) return;
    std::erase_if(mailbox->messages, [&](const auto& entry) {
      return operation.uids.contains(Uid{entry.first}) && entry.second.flags.contains(SystemFlag::deleted);
    });
  }

  void copy() {
    const std::string from = some_name();
    const std::string to = some_name();
    const UidSet uids = some_uids(from);
    const bool there = model_of(from) != nullptr && model_of(to) != nullptr;
    expect(apply(writer_, UserId{user_}, {Copy{id_of(from), uids, id_of(to)}}), missing(there));
    if (!there) return;
    const auto before = model_of(from)->messages;
    for (const auto& [uid, message] : before) {
      if (uids.contains(Uid{uid})) add(*model_of(to), message);
    }
  }

  void move() {
    const std::string from = some_name();
    const std::string to = some_name();
    const UidSet uids = some_uids(from);
    const bool there = model_of(from) != nullptr && model_of(to) != nullptr;
    expect(apply(writer_, UserId{user_}, {Move{id_of(from), uids, id_of(to)}}), missing(there));
    if (there) move_messages(from, to, uids);
  }

  void move_messages(const std::string& from, const std::string& to, const UidSet& uids) {
    const auto before = model_of(from)->messages;
    for (const auto& [uid, message] : before) {
      if (!uids.contains(Uid{uid})) continue;
      model_of(from)->messages.erase(uid);
      add(*model_of(to), message);
    }
  }

  void create() {
    const std::string name = some_name();
    const bool there = model_of(name) != nullptr;
    expect(apply(writer_, UserId{user_}, {CreateMailbox{name, std::nullopt}}),
           there ? std::optional(StoreError::already_exists) : std::nullopt);
    if (there) return;
    create_parents(name);
    model()[name];
  }

  void rename() {
    const std::string from = some_name();
    const std::string to = some_name();
    const auto outcome = apply(writer_, UserId{user_}, {RenameMailbox{from, to}});
    auto goes = [&from](const auto& entry) { return entry.first == from || entry.first.starts_with(from + "/"); };
    if (std::ranges::none_of(model(), goes)) return expect(outcome, StoreError::no_such_mailbox);
    if (model_of(to) != nullptr) return expect(outcome, StoreError::already_exists);
    if (from == "INBOX") {
      expect(outcome, std::nullopt);
      create_parents(to);
      model()[to].annotations = model()[from].annotations;
      return move_messages(from, to, {kAllUids});
    }
    if (to.starts_with(from + "/")) return expect(outcome, StoreError::cannot);
    ModelUser renamed;
    ModelUser kept;
    for (const auto& entry : model()) {
      const auto& [name, mailbox] = entry;
      (goes(entry) ? renamed[to + name.substr(from.size())] : kept[name]) = mailbox;
    }
    for (const auto& [name, mailbox] : renamed) {
      if (kept.contains(name) || model().contains(name)) return expect(outcome, StoreError::already_exists);
    }
    expect(outcome, std::nullopt);
    kept.merge(renamed);
    model() = std::move(kept);
    create_parents(to);
  }

  void annotate() {
    const std::string name = some_name();
    SetMetadata operation{id_of(name), {}};
    for (std::size_t i = 0; i < 1 + pick(3); ++i) {
      const auto value = pick(3) == 0 ? std::nullopt : std::optional(std::string(pick(4), 'v'));
      operation.annotations.push_back({kEntries[pick(kEntries.size())], value});
    }
    ModelMailbox* mailbox = model_of(name);
    expect(apply(writer_, UserId{user_}, {operation}), missing(mailbox != nullptr));
    if (mailbox == nullptr) return;
    for (const Annotation& annotation : operation.annotations) {
      mailbox->annotations.erase(annotation.entry);
      if (annotation.value) mailbox->annotations[annotation.entry] = *annotation.value;
    }
  }

  void erase() {
    const std::string name = some_name();
    const auto outcome = apply(writer_, UserId{user_}, {DeleteMailbox{name}});
    if (model_of(name) == nullptr) return expect(outcome, StoreError::no_such_mailbox);
    if (name == "INBOX") return expect(outcome, StoreError::cannot);
    expect(outcome, std::nullopt);
    model().erase(name);
  }

  Writer& writer_;
  std::mt19937 random_;
  std::map<std::uint64_t, ModelUser> users_;
  std::uint64_t user_ = 1;
  int number_ = 0;
};

TEST(Model, TheStoreDoesWhatTheModelDoes) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    const ScratchDirectory scratch;
    WriterOptions options = options_for(scratch.path());
    options.segment_octets = 64U << 10;
    {
      const auto writer = open_writer(options);
      Model model(*writer, seed);
      for (int i = 0; i < 500 && !::testing::Test::HasFailure(); ++i) {
        model.step();
        if (i % 100 == 99) model.compare();
      }
      model.compare();
      expect_sound(writer->store());
    }
    expect_rebuilt_the_same(scratch.path());
    expect_sound(open_writer(options)->store());
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace posthaste::store
