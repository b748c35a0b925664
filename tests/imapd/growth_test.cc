// What a command costs grows no faster than its own length and what it touches once, for all that a client chooses.
#include "../growth.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "house.h"

namespace posthaste::imapd {
namespace {

/// What a session is asked, and where. `messages` are in INBOX before.
struct Question {
  std::vector<std::string> messages;
  std::string command;  // without tag and line end
};

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
net::Task<void> ask(House& house, const Question& question) {
  auto stream = co_await house.connect();
  const std::string opening = "l LOGIN alice@example.org " + std::string{kPassword} + "\r\ns SELECT INBOX\r\n";
  stream->write(opening);
  auto selecting = hear(*stream, "s ");
  const std::string selected = co_await selecting;
  EXPECT_TRUE(selected.starts_with("s OK")) << selected;
  stream->write("a " + question.command + "\r\n");
  auto answering = hear(*stream, "a ");
  const std::string answer = co_await answering;
  EXPECT_TRUE(answer.starts_with("a OK")) << answer;
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

const Row kRows[] = {
    {"SearchBodyOfARepeatedOctet", 16'384,
     [](std::size_t n) {
       return Question{{"Subject: a\r\n\r\n" + std::string(n, 'a') + "\r\n"},
                       "SEARCH BODY " + literal("b" + std::string(n / 8, 'a'))};
     }},
    {"SearchManyTextsInOneBody", 2'048,
     [](std::size_t n) {
       return Question{
           {"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
            repeated("=C3=A9t=C3=A9 ", 4 * n) + "\r\n"},
           "SEARCH " + numbered("NOT BODY wanted", " ", 60) + "BODY " + literal(std::string(n / 2, 'b'))};
     }},
    {"HeaderFieldsOfManyNames", 512,
     [](std::size_t n) {
       return Question{{numbered("X-Field-", ": a\r\n", 8 * n) + "\r\ntext\r\n"},
                       "FETCH 1 (UID BODY.PEEK[HEADER.FIELDS (" + numbered("X-None-", " ", n / 16) + "Y)])"};
     }},
    {"BodyStructureOfManyParts", 512,
     [](std::size_t n) {
       return Question{{many_small_parts(n)}, "FETCH 1 BODYSTRUCTURE"};
     }},
    {"EnvelopeOfManyAddresses", 1'024,
     [](std::size_t n) {
       return Question{{"To: " + numbered("user", "@example.org,\r\n ", n) + "last@example.org\r\n\r\ntext\r\n"},
                       "FETCH 1 ENVELOPE"};
     }},
    {"CatenateOfManyPieces", 16,
     [](std::size_t n) {
       return Question{{"Subject: a\r\n\r\n" + repeated("All lines are alike.\r\n", 256 * n)},
                       "APPEND INBOX CATENATE (" +
                           repeated("URL \"/INBOX/;UID=1/;SECTION=TEXT/;PARTIAL=0.20\" ", n) + "TEXT {1+}\r\nx)"};
     }},
    {"HeaderOfManyNames", 256,
     [](std::size_t n) {
       return Question{{numbered("X-Field-", ": a\r\n", 8 * n) + "\r\ntext\r\n"},
                       "SEARCH " + numbered("NOT HEADER X-None-", " y ", 60)};
     }},
    {"SequenceSetOfManyRanges", 1'024,
     [](std::size_t n) {
       return Question{{"Subject: a\r\n\r\ntext\r\n"}, "UID SEARCH UID " + numbered("1", ",", n) + "1"};
     }},
};

class CommandGrowth : public testing::TestWithParam<Row> {};

TEST_P(CommandGrowth, IsInProportionToWhatIsAskedAndTouched) {
  const Row& row = GetParam();
  expect_n_log_n({row.name, row.size, [&row](std::size_t size) {
                    auto house = std::make_shared<House>();
                    auto question = std::make_shared<Question>(row.make(size));
                    for (const auto& message : question->messages) house->append("INBOX", message);
                    return [house, question] { house->serve([&] { return ask(*house, *question); }); };
                  }});
}

INSTANTIATE_TEST_SUITE_P(Imap, CommandGrowth, testing::ValuesIn(kRows),
                         [](const auto& test) { return std::string{test.param.name}; });

}  // namespace
}  // namespace posthaste::imapd
