// When the log hears of a full disk, and when of its end.
#include "common/daemon/disk_space.h"

#include <gtest/gtest.h>

#include <string>

#include "../scratch_directory.h"
#include "common/base/clock.h"

namespace posthaste::daemon {
namespace {

class Lines final : public log::Sink {
 public:
  void write(std::string_view line) noexcept override { text += line; }
  std::string text;
};

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(DiskSpaceTest, IsShortWhenAMessageFindsNoRoomAboveTheReserve) {
  constexpr std::uint64_t kMebi = 1'048'576;
  EXPECT_TRUE((DiskSpace{6 * kMebi, 8 * kMebi}).is_short());
  EXPECT_TRUE((DiskSpace{8 * kMebi + 1, 8 * kMebi}).is_short());
  EXPECT_FALSE((DiskSpace{9 * kMebi, 8 * kMebi}).is_short());
  EXPECT_FALSE((DiskSpace{9 * kMebi, 8 * kMebi}).is_ample());
  EXPECT_TRUE((DiskSpace{12 * kMebi, 8 * kMebi}).is_ample());
}

TEST(DiskSpaceTest, OfAFolderThatIsNotThereNothingIsKnown) {
  EXPECT_EQ(disk_space("/nowhere/at/all", config::Config{}).has_value(), false);
}

TEST(DiskWatchTest, TellsOnceThatADiskIsFullAndOnceThatItIsOver) {
  const ScratchDirectory scratch;
  config::Config config;
  Lines lines;
  const log::Log log{lines, "deliveryd", log::Format::text, log::Level::info, [] { return wall_clock(); }};
  DiskWatch watch{{{"store", scratch.path()}}, config, log};
  config.store.disk_reserve_octets = std::uint64_t{1} << 60;
  for (int i = 0; i < 3; ++i) watch.look();
  EXPECT_EQ(count(lines.text, " error deliveryd store.disk.full folder=" + scratch.path().string() + " free="), 1U)
      << lines.text;
  EXPECT_EQ(count(lines.text, " reserve=1152921504606846976\n"), 1U) << lines.text;
  config.store.disk_reserve_octets = 1;
  for (int i = 0; i < 3; ++i) watch.look();
  EXPECT_EQ(count(lines.text, " info deliveryd store.disk.free "), 1U) << lines.text;
  EXPECT_EQ(count(lines.text, "\n"), 2U) << lines.text;
}

}  // namespace
}  // namespace posthaste::daemon
