// Every dialogue in tests/dialogues/imapd, held in the simulated world: with rows at hand, and with a wait for each
// look at the store.
//
//   = inbox N             alice's INBOX has so many messages like "plain" (messages.h) before anybody connects, with
//                         mod-sequences from 13 on: her first mailboxes and subscriptions took 12
//   = recent              these are \Recent
//   = set KEY VALUE       allow_plaintext or mailboxes_max
//   = login [USER]        a client greets and logs in; without USER, as alice
//   = select MAILBOX      it selects, and passes over what it hears until OK
//   = until LINE          it passes over all before that line
//   = never TAG           that command is not answered until the connection ends
//   = silent              it hears nothing more
//   = closed              the server closes the connection
//   = connect [tls]       a client connects, without a word
//   = starttls            it shakes hands
//   = compress            it inflates and deflates from here on
//   = deliver NAME MAILBOX  a message of messages.h comes in for alice
//   = password USER, = remove USER, = lose messages
//
// $UIDVALIDITY(NAME) stands for that of alice's mailbox.
#include "../dialogue_file.h"
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

/// A file in the words of a Script, and what is there before.
struct Scene {
  explicit Scene(const Dialogue& dialogue) {
    for (const auto& step : dialogue.steps) {
      if (step.kind == '=') {
        direct(step);
      } else {
        add(step);
      }
    }
  }

  int inbox = 0;
  bool recent = false;
  bool allow_plaintext = true;
  std::uint32_t mailboxes_max = mailbox::kMailboxesMax;
  Script script;

 private:
  void add(const Step& step) {
    const std::string client{step.client};
    if (step.kind == 'C') script.push_back(client + "C: " + step.text);
    if (step.kind == 'R') script.push_back(client + "C+ " + unescaped(step.text));
    if (step.kind == 'S') script.push_back(client + "S: " + starred(step.text));
  }
  void direct(const Step& step) {
    const auto verb = step.text.substr(0, step.text.find(' '));
    const auto argument = step.text.substr(std::min(step.text.size(), verb.size() + 1));
    if (verb == "inbox") {
      inbox = std::stoi(argument);
    } else if (verb == "recent") {
      recent = true;
    } else if (argument.starts_with("allow_plaintext ")) {
      allow_plaintext = argument.ends_with('1');
    } else if (argument.starts_with("mailboxes_max ")) {
      mailboxes_max = static_cast<std::uint32_t>(std::stoul(argument.substr(14)));
    } else if (verb == "deliver" || verb == "password" || verb == "remove" || verb == "lose") {
      script.push_back(step.text);
    } else {
      script.push_back(std::string{step.client} + " " + starred(step.text));
    }
  }
  /// Where a line's end stands for anything, a Script has a star.
  static std::string starred(std::string text) {
    if (text.ends_with("...")) text.replace(text.size() - 3, 3, "*");
    return text;
  }
};

/// With the UIDVALIDITY of each mailbox that it names.
Script filled(Script script, const House& house) {
  static constexpr std::string_view kSign = "$UIDVALIDITY(";
  for (auto& line : script) {
    for (auto at = line.find(kSign); at != std::string::npos; at = line.find(kSign)) {
      const auto end = line.find(')', at);
      const auto name = line.substr(at + kSign.size(), end - at - kSign.size());
      const auto info = house.store().read(house.alice())->mailbox(name);
      EXPECT_TRUE(info) << name;
      line.replace(at, end + 1 - at, info ? std::to_string(number(info->uid_validity)) : "");
    }
  }
  return script;
}

class Dialogues : public testing::TestWithParam<Dialogue> {};

TEST_P(Dialogues, GoAsWritten) {
  const Scene scene{GetParam()};
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    House house{seed, {}, scene.mailboxes_max};
    house.config.auth.allow_plaintext = scene.allow_plaintext;
    if (scene.recent) house.recent_since = {};
    house.messages = {{"plain", kPlain}, {"mixed", kMixed}};
    for (int i = 0; i < scene.inbox; ++i) house.append("INBOX", kPlain);
    house.play(filled(scene.script, house));
    EXPECT_EQ(house.subscriptions.count(), 0U);  // all sessions have ended
  }
}

INSTANTIATE_TEST_SUITE_P(Imapd, Dialogues, testing::ValuesIn(read_dialogues("imapd")),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace posthaste::imapd
