// What a session costs grows no faster than its commands and the messages it touches.
#include "../growth.h"

#include <memory>
#include <string>
#include <vector>

#include "post_office.h"

namespace posthaste::pop3d {
namespace {

/// Logs in, and says `commands`; the last of them is QUIT, and it is heard. In the simulated world all of it runs
/// on this thread.
net::Task<void> speak(net::SimWorld& sim, std::string commands) {
  auto transport = co_await sim.world().network.connect(kPop3, std::chrono::seconds{5});
  net::Stream client{std::move(*transport), std::chrono::hours{2}};
  client.write("USER alice@example.org\r\nPASS secret\r\n" + commands + "QUIT\r\n");
  bool has_quit = false;
  for (;;) {
    auto line = co_await client.read_line(10'000'000);
    if (!line) break;
    has_quit = line->starts_with("+OK Bye");
    if (line->starts_with("-ERR")) ADD_FAILURE() << *line;
  }
  EXPECT_TRUE(has_quit);
}

struct Row {
  const char* name;
  std::size_t size;
  std::vector<std::string> (*messages)(std::size_t n);
  std::string (*commands)(std::size_t n);
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

std::string of_each(const std::string& command, std::size_t first, std::size_t last) {
  std::string commands;
  for (std::size_t i = first; i <= last; ++i) commands += command + " " + std::to_string(i) + "\r\n";
  return commands;
}

std::vector<std::string> many(std::size_t n) { return std::vector<std::string>(n, "Subject: a\r\n\r\ntext\r\n"); }

std::string lines(std::size_t n) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += "X: y\r\n";
  return text;
}

const Row kRows[] = {
    {"ListsOfManyMessages", 256, many, [](std::size_t) { return std::string{"LIST\r\nUIDL\r\nSTAT\r\n"}; }},
    {"EachMessageRetrieved", 128, many, [](std::size_t n) { return of_each("RETR", 1, n); }},
    {"EachMessageBackwards", 128, many,
     [](std::size_t n) {
       std::string commands;
       for (std::size_t i = n; i > 0; --i)
         commands += "RETR " + std::to_string(i) + "\r\nTOP " + std::to_string(i) + " 1\r\n";
       return commands;
     }},
    {"TopOfALongHeader", 8'192, [](std::size_t n) { return std::vector{lines(n) + "\r\ntext\r\n"}; },
     [](std::size_t) { return std::string{"TOP 1 0\r\nTOP 1 1\r\n"}; }},
    {"TopOfManyLines", 8'192, [](std::size_t n) { return std::vector{"A: b\r\n\r\n" + lines(n)}; },
     [](std::size_t n) { return "TOP 1 " + std::to_string(n - 1) + "\r\nRETR 1\r\n"; }},
    {"TopOfOneLongLine", 65'536,
     [](std::size_t n) { return std::vector{"A: b\r\n\r\n" + std::string(n, 'x') + "\r\n"}; },
     [](std::size_t) { return std::string{"TOP 1 1\r\n"}; }},
    {"HeaderThatMustBecomeAscii", 8'192,
     [](std::size_t n) {
       std::string field = "Subject: ";
       for (std::size_t i = 0; i < n; ++i) field += "\xC3\xA9 ";
       return std::vector{field + "\r\n\r\ntext\r\n"};
     },
     [](std::size_t) { return std::string{"TOP 1 0\r\nRETR 1\r\n"}; }},
};

class SessionGrowth : public testing::TestWithParam<Row> {};

TEST_P(SessionGrowth, IsInProportionToWhatIsAskedAndTouched) {
  const Row& row = GetParam();
  expect_n_log_n({row.name, row.size, [&row](std::size_t size) {
                    auto office = std::make_shared<PostOffice>(1);
                    office->deliver(row.messages(size));
                    return [office, commands = row.commands(size)] {
                      EXPECT_TRUE(office->run(speak(office->sim(), commands)));
                    };
                  }});
}

INSTANTIATE_TEST_SUITE_P(Pop3d, SessionGrowth, testing::ValuesIn(kRows),
                         [](const auto& test) { return std::string{test.param.name}; });

}  // namespace
}  // namespace posthaste::pop3d
