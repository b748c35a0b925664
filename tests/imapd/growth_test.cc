// What a command costs grows no faster than its own length and what it touches once, for all that a client chooses.
#include "../growth.h"

#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "house.h"
#include "imapd/view/uid_batches.h"
#include "imapd/view/uid_runs.h"

namespace posthaste::imapd {
namespace {

/// What a session is asked, and where. `messages` are in INBOX before.
struct Question {
  std::vector<std::string> messages;
  std::vector<std::string> commands;    // without tags and line ends
  std::vector<std::string> setup = {};  // before; its cost does not count
  /// There are before, too; of what costs little a piece there must be many, or its square is not seen.
  std::vector<std::string> mailboxes = {};
  std::vector<std::string> subscriptions = {};
};

net::Task<void> create(House& house, const Question& question) {
  mailbox::Batch batch;
  batch.operations.emplace_back(mailbox::CreateUser{});
  for (const auto& name : question.mailboxes)
    batch.operations.emplace_back(mailbox::CreateMailbox{name, std::nullopt});
  for (const auto& name : question.subscriptions) batch.operations.emplace_back(mailbox::SetSubscribed{name, true});
  mailbox::IdempotencyKey no_key;
  const auto created = co_await house.applier.apply(house.alice(), std::move(batch), std::move(no_key));
  EXPECT_TRUE(created);
}

/// The last line of an answer, which begins so.
net::Task<std::string> hear(net::Stream& from, std::string until) {
  for (;;) {
    auto line = co_await from.read_line(100'000'000);
    if (!line) co_return "nothing";
    if (line->starts_with(until)) co_return std::string{*line};
  }
}

/// Logs in, selects INBOX and asks. In the simulated world all of it runs on this thread: both sides and the
/// executor.
net::Task<void> ask(House& house, std::vector<std::string> commands) {
  auto stream = co_await house.connect();
  const std::string opening = "l LOGIN alice@example.org " + std::string{kPassword} + "\r\ns SELECT INBOX\r\n";
  stream->write(opening);
  auto selecting = hear(*stream, "s ");
  const std::string selected = co_await selecting;
  EXPECT_TRUE(selected.starts_with("s OK")) << selected;
  for (const auto& command : commands) {
    stream->write("a " + command + "\r\n");
    auto answering = hear(*stream, "a ");
    const std::string answer = co_await answering;
    EXPECT_TRUE(answer.starts_with("a OK")) << answer << " to " << command.substr(0, 100);
  }
}

/// "?" stands for INBOX's UIDVALIDITY.
std::vector<std::string> complete(const House& house, std::vector<std::string> commands) {
  const auto snapshot = house.store().read(house.alice());
  const auto inbox = snapshot->mailbox("INBOX");
  for (auto& command : commands) {
    const auto at = command.find('?');
    if (inbox && at != std::string::npos) command.replace(at, 1, std::to_string(number(inbox->uid_validity)));
  }
  return commands;
}

struct Row {
  const char* name;
  std::size_t size;
  std::function<Question(std::size_t)> make;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string numbered(std::string_view before, std::string_view after, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all.append(before).append(std::to_string(i)).append(after);
  return all;
}

std::string literal(const std::string& octets) { return "{" + std::to_string(octets.size()) + "+}\r\n" + octets; }

std::string many_small_parts(std::size_t parts) {
  return "Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
         numbered("--b\r\nContent-Description: number ", "\r\n\r\n.\r\n", parts) + "--b--\r\n";
}

const std::string kSmall = "Subject: a\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\ntext\r\n";

std::vector<std::string> many(const std::string& before, std::size_t times, const std::string& after = "") {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < times; ++i) all.push_back(before + std::to_string(i) + after);
  return all;
}

/// Makes one message in INBOX n, a power of two.
std::vector<std::string> doubled_to(std::size_t n, std::vector<std::string> commands = {}) {
  for (std::size_t messages = 1; messages < n; messages *= 2) commands.emplace_back("COPY 1:* INBOX");
  return commands;
}

std::string odd_up_to(std::size_t n) {
  std::string set = "1";
  for (std::size_t i = 3; i < n; i += 2) set += "," + std::to_string(i);
  return set;
}

/// The same, and every other message is gone.
std::vector<std::string> with_gaps(std::size_t n) {
  auto commands = doubled_to(n);
  commands.push_back("STORE " + odd_up_to(n) + " FLAGS.SILENT (\\Deleted)");
  commands.emplace_back("EXPUNGE");
  return commands;
}

const Row kRows[] = {
    {"SearchBodyOfARepeatedOctet", 16'384,
     [](std::size_t n) {
       return Question{{"Subject: a\r\n\r\n" + std::string(n, 'a') + "\r\n"},
                       {"SEARCH BODY " + literal("b" + std::string(n / 8, 'a'))}};
     }},
    {"SearchManyTextsInOneBody", 2'048,
     [](std::size_t n) {
       return Question{
           {"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
            repeated("=C3=A9t=C3=A9 ", 4 * n) + "\r\n"},
           {"SEARCH " + numbered("NOT BODY wanted", " ", 60) + "BODY " + literal(std::string(n / 2, 'b'))}};
     }},
    {"HeaderFieldsOfManyNames", 512,
     [](std::size_t n) {
       return Question{{numbered("X-Field-", ": a\r\n", 8 * n) + "\r\ntext\r\n"},
                       {"FETCH 1 (UID BODY.PEEK[HEADER.FIELDS (" + numbered("X-None-", " ", n / 16) + "Y)])"}};
     }},
    {"BodyStructureOfManyParts", 512,
     [](std::size_t n) {
       return Question{{many_small_parts(n)}, {"FETCH 1 BODYSTRUCTURE"}};
     }},
    {"EnvelopeOfManyAddresses", 1'024,
     [](std::size_t n) {
       return Question{{"To: " + numbered("user", "@example.org,\r\n ", n) + "last@example.org\r\n\r\ntext\r\n"},
                       {"FETCH 1 ENVELOPE"}};
     }},
    {"CatenateOfManyPieces", 16,
     [](std::size_t n) {
       return Question{{"Subject: a\r\n\r\n" + repeated("All lines are alike.\r\n", 256 * n)},
                       {"APPEND INBOX CATENATE (" +
                        repeated("URL \"/INBOX/;UID=1/;SECTION=TEXT/;PARTIAL=0.20\" ", n) + "TEXT {1+}\r\nx)"}};
     }},
    {"HeaderOfManyNames", 256,
     [](std::size_t n) {
       return Question{{numbered("X-Field-", ": a\r\n", 8 * n) + "\r\ntext\r\n"},
                       {"SEARCH " + numbered("NOT HEADER X-None-", " y ", 60)}};
     }},
    {"SearchOfHiddenAddresses", 1'024,
     [](std::size_t n) {
       return Question{
           {"To: " + numbered("\"user", "\" <a (b) @ example.org>,\r\n ", n) + "last@example.org\r\n\r\nx\r\n"},
           {"SEARCH " + repeated("NOT TO \"no such one <x.y@z\" ", 8) + "ALL"}};
     }},
    {"SearchOfWhiteSpace", 16'384,
     [](std::size_t n) {
       return Question{{"Subject: a\r\n\r\n" + repeated(" \t\r\n", n) + "x\r\n"},
                       {"SEARCH BODY " + literal("a" + std::string(n / 8, ' ') + "b")}};
     }},
    {"SearchOfManyMimeHeaders", 512,
     [](std::size_t n) {
       return Question{{many_small_parts(n)}, {"SEARCH TEXT \"no such\" TEXT nowhere"}};
     }},
    {"UidFetchOfManyVanishedAtTheEnd", 256,
     [](std::size_t n) {
       auto setup = doubled_to(n);
       setup.emplace_back("STORE 2:* FLAGS.SILENT (\\Deleted)");
       setup.emplace_back("EXPUNGE");
       return Question{{kSmall}, {"ENABLE QRESYNC", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)"}, setup};
     }},
    {"PreviewOfManyBlankParts", 512,
     [](std::size_t n) {
       return Question{
           {"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + repeated("--b\r\n\r\n \r\n", n) + "--b--\r\n"},
           {"FETCH 1 PREVIEW"}};
     }},
    {"SequenceSetOfManyRanges", 1'024,
     [](std::size_t n) {
       return Question{{"Subject: a\r\n\r\ntext\r\n"}, {"UID SEARCH UID " + numbered("1", ",", n) + "1"}};
     }},
    {"HeaderFieldsInManySections", 8,
     [](std::size_t n) {
       std::string sections;
       for (std::size_t i = 0; i < n; ++i) {
         sections += "BODY.PEEK[HEADER.FIELDS (" + numbered("X-None-" + std::to_string(i) + "-", " ", 8) + "Y)] ";
       }
       return Question{{numbered("X-Field-", ": a\r\n", 512 * n) + "\r\ntext\r\n"},
                       {"FETCH 1 (" + sections + "UID)"}};
     }},
    {"FetchOfOneAttributeManyTimes", 16,
     [](std::size_t n) {
       return Question{{many_small_parts(16 * n)}, {"FETCH 1 (" + repeated("BODY ", n) + "UID)"}};
     }},
    {"SearchOfManyDates", 256,
     [](std::size_t n) {
       return Question{{repeated("To: a\r\n", 8 * n) + "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\ntext\r\n"},
                       {"SEARCH " + repeated("SENTSINCE 1-Jan-2025 ", n) + "ALL"}};
     }},
    {"ListOfManyMailboxes", 1'024,
     [](std::size_t n) {
       return Question{{}, {"LIST \"\" \"*%*b\" RETURN (SUBSCRIBED CHILDREN)"}, {}, many("a/", n)};
     }},
    {"LsubOfManyNames", 256,
     [](std::size_t n) {
       return Question{{}, {"LSUB \"\" \"%\"", "LSUB \"\" \"*\""}, {}, {}, many("a/", n)};
     }},
    {"NotifyOfManyMailboxes", 512,
     [](std::size_t n) {
       std::string groups;  // of 1,000 names each at most
       for (std::size_t first = 0; first < n; first += 512) {
         groups += "(mailboxes (";
         for (std::size_t i = first; i < first + 512; ++i) groups += "a/" + std::to_string(i) + " ";
         groups += "b) (MessageNew MessageExpunge)) ";
       }
       return Question{{}, {"NOTIFY SET STATUS " + groups.substr(0, groups.size() - 1)}, {}, many("a/", n)};
     }},
    {"StatusOfManyMailboxes", 1'024,
     [](std::size_t n) {
       return Question{{}, {"LIST \"\" \"*\" RETURN (STATUS (MESSAGES UNSEEN SIZE DELETED))"}, {}, many("a/", n)};
     }},
    {"StatusOfManyMessages", 512,
     [](std::size_t n) {
       return Question{{kSmall}, {"STATUS INBOX (MESSAGES UNSEEN SIZE DELETED)"}, doubled_to(n)};
     }},
    {"MetadataOfManyEntries", 8,
     [](std::size_t n) {
       return Question{{},
                       {"GETMETADATA INBOX (" + numbered("/private/a/", " ", n) + "/private/b)",
                        "GETMETADATA (DEPTH infinity) INBOX (/private/a)",
                        "SETMETADATA INBOX (" + numbered("/private/a/", " \"y\" ", n) + "/private/b \"z\")"},
                       many("SETMETADATA INBOX (/private/a/", n, " \"x\")")};
     }},
    {"SelectWithManyGaps", 256,
     [](std::size_t n) {
       return Question{{kSmall},
                       {"ENABLE QRESYNC", "SELECT INBOX (QRESYNC (? 1 " + odd_up_to(n) + " (" + odd_up_to(n) + " " +
                                              odd_up_to(n) + ")))"},
                       with_gaps(n)};
     }},
    {"VanishedOfManyGaps", 256,
     [](std::size_t n) {
       return Question{{kSmall},
                       {"ENABLE QRESYNC", "UID FETCH " + odd_up_to(n) + " (FLAGS) (CHANGEDSINCE 1 VANISHED)"},
                       with_gaps(n)};
     }},
    {"CopyOfManyRanges", 256,
     [](std::size_t n) {
       return Question{{kSmall}, {"COPY " + odd_up_to(n) + " a"}, doubled_to(n, {"CREATE a"})};
     }},
    {"StoreOfManyRanges", 256,
     [](std::size_t n) {
       return Question{{kSmall},
                       {"STORE " + odd_up_to(n) + " +FLAGS (x \\Deleted)", "STORE " + odd_up_to(n) + " -FLAGS (x)",
                        "STORE " + odd_up_to(n) + " (UNCHANGEDSINCE 1) FLAGS ()", "STORE 1:* FLAGS.SILENT ()"},
                       doubled_to(n)};
     }},
    {"ExpungeOfManyRanges", 256,
     [](std::size_t n) {
       return Question{{kSmall},
                       {"COPY 1:* a", "SELECT a", "STORE " + odd_up_to(n) + " FLAGS.SILENT (\\Deleted)", "EXPUNGE",
                        "UID STORE 1:* FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 1:*"},
                       doubled_to(n, {"CREATE a"})};
     }},
    {"SearchResultInOddPlaces", 256,
     [](std::size_t n) {
       return Question{{kSmall},
                       {"SEARCH RETURN (SAVE) " + odd_up_to(n), "FETCH $ (FLAGS)", "UID SEARCH UID $ NOT DELETED"},
                       doubled_to(n)};
     }},
    {"SetInDescendingOrder", 256,
     [](std::size_t n) {
       std::string set;
       for (std::size_t i = n; i > 0; i -= 2) set += std::to_string(i) + ",";
       return Question{
           {kSmall},
           {"FETCH " + set + "1 FLAGS", "UID STORE " + set + "1 +FLAGS (x)", "UID STORE " + set + "1 -FLAGS (x)"},
           doubled_to(n)};
     }},
    {"SortByManyGroups", 1'024,
     [](std::size_t n) {
       return Question{
           {"To: " + repeated("a:b@c;,\r\n ", n) + "\r\n" + repeated("From: ;\r\n", n) + "\r\ntext\r\n"},
           {"SORT (TO FROM DISPLAYTO DISPLAYFROM) UTF-8 ALL"}};
     }},
    {"SortOfManyMessages", 256,
     [](std::size_t n) {
       return Question{{kSmall}, {"SORT (SUBJECT REVERSE DATE FROM) UTF-8 ALL"}, doubled_to(n)};
     }},
    {"SortByManyAddresses", 1'024,
     [](std::size_t n) {
       return Question{{"To: " + numbered("user", "@example.org,\r\n ", n) + "last@example.org\r\n" +
                        numbered("Cc: (", ")\r\n", n) + "\r\ntext\r\n"},
                       {"SORT (TO CC DISPLAYTO DISPLAYFROM) UTF-8 ALL"}};
     }},
    {"ThreadOfManyMessages", 256,
     [](std::size_t n) {
       return Question{{kSmall}, {"THREAD REFERENCES UTF-8 ALL", "THREAD ORDEREDSUBJECT UTF-8 ALL"}, doubled_to(n)};
     }},
};

class CommandGrowth : public testing::TestWithParam<Row> {};

TEST_P(CommandGrowth, IsInProportionToWhatIsAskedAndTouched) {
  const Row& row = GetParam();
  expect_n_log_n({row.name, row.size, [&row](std::size_t size) {
                    auto house = std::make_shared<House>();
                    auto question = std::make_shared<Question>(row.make(size));
                    for (const auto& message : question->messages) house->append("INBOX", message);
                    const bool has_mailboxes = !question->mailboxes.empty() || !question->subscriptions.empty();
                    if (has_mailboxes) house->serve([&] { return create(*house, *question); });
                    if (!question->setup.empty()) house->serve([&] { return ask(*house, question->setup); });
                    const auto commands = complete(*house, question->commands);
                    return [house, commands] { house->serve([&] { return ask(*house, commands); }); };
                  }});
}

INSTANTIATE_TEST_SUITE_P(Imap, CommandGrowth, testing::ValuesIn(kRows),
                         [](const auto& test) { return std::string{test.param.name}; });

/// A mailbox of which every other message is gone, and what COPY, STORE and EXPUNGE do with its numbers.
TEST(NumbersGrowth, OfManyGapsIsInProportion) {
  expect_n_log_n({"ManyGaps", 4'096, [](std::size_t n) {
                    mailbox::UidSet there;
                    mailbox::UidSet gone;
                    for (std::uint32_t i = 0; i < n; ++i) {
                      there.add(Uid{2 * i + 1});
                      if (i % 2 == 0) gone.add(Uid{2 * i + 1});
                    }
                    return [there, gone] {
                      UidRuns runs{there};
                      const imap::NumberSet numbers = runs.numbers(imap::NumberedBy::sequence_number, gone);
                      EXPECT_EQ(runs.select(imap::NumberedBy::sequence_number, numbers), gone);
                      EXPECT_EQ(runs.select(imap::NumberedBy::uid, to_number_set(gone)), gone);
                      for (UidBatches batches{gone, 4}; !batches.done();) EXPECT_FALSE(batches.next().empty());
                      runs.remove(gone);
                      EXPECT_EQ(runs.size(), there.size() - gone.size());
                    };
                  }});
}

/// What this process has read from files; nothing where that is not counted.
std::optional<std::uint64_t> octets_read() {
  std::ifstream counters{"/proc/self/io"};
  std::string name;
  std::uint64_t count = 0;
  if (!(counters >> name >> count) || name != "rchar:") return std::nullopt;
  return count;
}

TEST(FetchOfALongBodyStructure, IsReadOnceToCountItAndOnceToSendIt) {
  House house;
  house.append("INBOX", many_small_parts(32'768));
  const auto before = octets_read();
  if (!before) GTEST_SKIP() << "reads are not counted here";
  const std::vector<std::string> commands{"FETCH 1 BODYSTRUCTURE"};
  house.serve([&] { return ask(house, commands); });
  const std::uint64_t octets = *octets_read() - *before;
  constexpr std::uint64_t kPartOctets = 60;  // of the structure, at least
  EXPECT_GT(octets, 32'768 * kPartOctets);
  EXPECT_LT(octets, 6 * 32'768 * kPartOctets);
}

}  // namespace
}  // namespace posthaste::imapd
