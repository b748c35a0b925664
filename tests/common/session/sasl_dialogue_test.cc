#include "common/session/sasl_dialogue.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <utility>

#include "common/net/scope.h"
#include "common/net/sim_world.h"

namespace posthaste::session {
namespace {

using namespace std::chrono_literals;
using auth::SaslError;
using Response = std::expected<std::string, SaslError>;

TEST(ChooseMechanism, TakesWhatIsOfferedInAnyCase) {
  constexpr std::array kOffered{SaslMechanism::plain, SaslMechanism::scram_sha_256};
  EXPECT_EQ(choose_mechanism(kOffered, "PLAIN"), SaslMechanism::plain);
  EXPECT_EQ(choose_mechanism(kOffered, "scram-sha-256"), SaslMechanism::scram_sha_256);
  EXPECT_EQ(choose_mechanism(kOffered, "LOGIN"), std::nullopt);   // known, not offered
  EXPECT_EQ(choose_mechanism(kOffered, "GSSAPI"), std::nullopt);  // unknown
  EXPECT_EQ(choose_mechanism(kOffered, ""), std::nullopt);
  EXPECT_EQ(choose_mechanism({}, "PLAIN"), std::nullopt);
}

TEST(ReadInitialResponse, HasASignForTheEmptyOne) {
  EXPECT_EQ(read_initial_response("="), Response{""});
  EXPECT_EQ(read_initial_response("AGEAYg=="), Response{std::string("\0a\0b", 4)});
  EXPECT_EQ(read_initial_response("=="), Response{std::unexpected(SaslError::bad_base64)});
  EXPECT_EQ(read_initial_response("a"), Response{std::unexpected(SaslError::bad_base64)});
}

/// What the server makes of a client's answer to "hi".
struct Heard {
  std::string challenge;  // the line as the client sees it
  Response response;
  std::optional<net::StreamError> end;
};

class SaslDialogueTest : public testing::Test {
 protected:
  /// The client sends `answer`, or goes if there is none.
  Heard ask(std::optional<std::string> answer, std::string_view begin = "+ ") {
    Heard heard{"", std::unexpected(SaslError::gone), std::nullopt};
    EXPECT_TRUE(sim_.run(talk(std::move(answer), begin, heard)));
    return heard;
  }

 private:
  net::Task<void> serve(net::Listener& listener, std::string_view begin, Heard& heard) {
    auto transport = co_await listener.accept();
    net::Stream stream{std::move(transport), 1min};
    SaslDialogue dialogue{stream, begin, 20};
    auto response = co_await dialogue.ask("hi");
    heard.response = std::move(response);
    heard.end = dialogue.end();
  }
  net::Task<void> talk(std::optional<std::string> answer, std::string_view begin, Heard& heard) {
    const auto listener = sim_.network().listen({"192.0.2.1", 143});
    net::TaskScope server;
    server.spawn(serve(*listener, begin, heard));
    net::Endpoint endpoint{"192.0.2.1", 143};
    auto transport = co_await sim_.network().connect(std::move(endpoint), 1s);
    auto stream = std::make_unique<net::Stream>(std::move(*transport), 1min);
    auto line = co_await stream->read_line(100);
    if (line) heard.challenge = *line;
    if (answer) {
      stream->write(*answer);
      auto flushed = co_await stream->flush();
      EXPECT_TRUE(flushed);
    } else {
      stream.reset();
    }
    co_await server.drained();
    listener->close();
  }

  net::SimWorld sim_{1};
};

TEST_F(SaslDialogueTest, AsksAsTheProtocolDoes) {
  EXPECT_EQ(ask("aGVsbG8=\r\n").challenge, "+ aGk=");
  EXPECT_EQ(ask("aGVsbG8=\r\n", "334 ").challenge, "334 aGk=");
}

TEST_F(SaslDialogueTest, ReadsTheResponse) {
  const struct {
    const char* name;
    const char* line;
    Response response;
  } cases[] = {
      {"InBase64", "aGVsbG8=\r\n", "hello"},
      {"Empty", "\r\n", ""},
      {"OfAClientThatChangedItsMind", "*\r\n", std::unexpected(SaslError::cancelled)},
      {"InNoBase64", "hello!\r\n", std::unexpected(SaslError::bad_base64)},
  };
  for (const auto& [name, line, response] : cases) {
    const auto heard = ask(line);
    EXPECT_EQ(heard.response, response) << name;
    EXPECT_EQ(heard.end, std::nullopt) << name;
  }
}

TEST_F(SaslDialogueTest, TellsWhyTheClientIsGone) {
  const auto left = ask(std::nullopt);
  EXPECT_EQ(left.response, Response{std::unexpected(SaslError::gone)});
  EXPECT_EQ(left.end, net::StreamError::closed);
  const auto endless = ask(std::string(100, 'a'));
  EXPECT_EQ(endless.response, Response{std::unexpected(SaslError::gone)});
  EXPECT_EQ(endless.end, net::StreamError::too_long);
}

}  // namespace
}  // namespace posthaste::session
