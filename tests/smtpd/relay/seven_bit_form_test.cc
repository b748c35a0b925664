// A message in 7 bits: made once, where there is room.
#include "smtpd/relay/seven_bit_form.h"

#include <gtest/gtest.h>

#include <expected>
#include <optional>
#include <string>

#include "fake_hosts.h"

namespace posthaste::relay {
namespace {

using Got = std::optional<std::expected<const Content*, SevenBitForm::Error>>;

net::Task<void> get(SevenBitForm& form, Got& got) { got = co_await form.get("192.0.2.1"); }

net::Task<void> wait_and_get(SevenBitForm& form, Got& got) {
  const bool has_room = co_await form.wait_for_room();
  if (has_room) co_await get(form, got);
}

const std::string kEightBit = "Subject: x\r\n\r\n" + std::string(1'000, '\xe9') + "\r\n";
const std::string kSigned =
    "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe9\r\n--b\r\n\r\nx\r\n--b--\r\n";
constexpr std::uint64_t kRoom = 8'000;  // of which a host has 2,000

struct Case {
  const char* name;
  std::string message;
  RoomHolder others;
  std::uint64_t in_use;  // by them
  std::optional<SevenBitForm::Error> error;
};

const Case kCases[] = {
    {"Alone", kEightBit, {"192.0.2.2", "bob"}, 0, std::nullopt},
    {"BesideOthers", kEightBit, {"192.0.2.2", "bob"}, kRoom / 4, std::nullopt},
    {"ItsHostHasItsShare", kEightBit, {"192.0.2.1", "bob"}, 600, SevenBitForm::Error::no_room},
    {"ItsSenderHasItsShare", kEightBit, {"192.0.2.2", "alice"}, 600, SevenBitForm::Error::no_room},
    {"Impossible", kSigned, {"192.0.2.2", "bob"}, 0, SevenBitForm::Error::impossible},
};

TEST(SevenBitForm, IsMadeWhereThereIsRoom) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    Scene scene;
    MessageRoom room{kRoom};
    MessageRoom::Place others{room, test.others, test.in_use};
    ASSERT_TRUE(others.try_take());
    auto message = message_of(test.message);
    message.sender = "alice";
    {
      SevenBitForm form{scene.world, scene.log, room, message};
      Got got;
      scene.run(get(form, got));
      ASSERT_TRUE(got);
      const auto error = *got ? std::nullopt : std::optional{got->error()};
      EXPECT_EQ(error, test.error);
      EXPECT_EQ(form.lacks_room(), test.error == SevenBitForm::Error::no_room);
      EXPECT_EQ(room.octets_in_use() > test.in_use, got->has_value());
    }
    EXPECT_EQ(room.octets_in_use(), test.in_use);
  }
}

TEST(SevenBitForm, IsMadeOnceAndTriedAgainForRoomAlone) {
  Scene scene;
  MessageRoom room{kRoom};
  MessageRoom::Place others{room, {"192.0.2.1", "bob"}, kRoom / 4};
  ASSERT_TRUE(others.try_take());
  const auto message = message_of(kEightBit);
  SevenBitForm form{scene.world, scene.log, room, message};
  Got first;
  scene.run(get(form, first));
  EXPECT_TRUE(first && !*first && form.lacks_room());
  others.give_back();
  scene.run(wait_and_get(form, first));
  EXPECT_FALSE(form.lacks_room());
  Got second;
  scene.run(get(form, second));
  ASSERT_TRUE(first && *first && second && *second);
  EXPECT_EQ(**first, **second);
  EXPECT_NE((**first)->pieces.front().find("Content-Transfer-Encoding: base64\r\n"), std::string_view::npos);
}

}  // namespace
}  // namespace posthaste::relay
