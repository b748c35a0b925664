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

net::Task<void> get(SevenBitForm& form, Got& got) { got = co_await form.get(); }

Got form_of(Scene& scene, SevenBitForm& form) {
  Got got;
  scene.run(get(form, got));
  return got;
}

const std::string kEightBit = "Subject: x\r\n\r\n" + std::string(1'000, '\xe9') + "\r\n";
const std::string kSigned =
    "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe9\r\n--b\r\n\r\nx\r\n--b--\r\n";

struct Case {
  const char* name;
  std::string message;
  std::uint64_t in_use;  // by others
  std::optional<SevenBitForm::Error> error;
};

const Case kCases[] = {
    {"Alone", kEightBit, 0, std::nullopt},
    {"BesideOthers", kEightBit, kConversionRoomOctets - 2'000, std::nullopt},
    {"NoRoom", kEightBit, kConversionRoomOctets - 1'000, SevenBitForm::Error::no_room},
    {"NoRoomAtAll", kEightBit, kConversionRoomOctets, SevenBitForm::Error::no_room},
    {"Impossible", kSigned, 0, SevenBitForm::Error::impossible},
};

TEST(SevenBitForm, IsMadeWhereThereIsRoom) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    Scene scene;
    ConversionRoom room{test.in_use};
    const auto message = message_of(test.message);
    {
      SevenBitForm form{scene.world, scene.log, room, message};
      const auto got = form_of(scene, form);
      ASSERT_TRUE(got);
      const auto error = *got ? std::nullopt : std::optional{got->error()};
      EXPECT_EQ(error, test.error);
      EXPECT_EQ(room.octets_in_use > test.in_use, got->has_value());
    }
    EXPECT_EQ(room.octets_in_use, test.in_use);
  }
}

TEST(SevenBitForm, IsMadeOnceAndTriedAgainForRoomAlone) {
  Scene scene;
  ConversionRoom room{kConversionRoomOctets};
  const auto message = message_of(kEightBit);
  SevenBitForm form{scene.world, scene.log, room, message};
  EXPECT_FALSE(form_of(scene, form).value().has_value());
  room.octets_in_use = 0;
  const auto first = form_of(scene, form);
  const auto second = form_of(scene, form);
  ASSERT_TRUE(first && *first && second && *second);
  EXPECT_EQ(**first, **second);
  EXPECT_NE((**first)->pieces.front().find("Content-Transfer-Encoding: base64\r\n"), std::string_view::npos);
}

}  // namespace
}  // namespace posthaste::relay
