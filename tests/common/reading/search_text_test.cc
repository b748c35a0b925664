#include "common/reading/search_text.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/casemap.h"

namespace posthaste::reading {
namespace {

constexpr std::size_t kWindowOctets = 65'536;

bool finds(std::string_view text, std::string_view sought, std::size_t slice_octets) {
  const std::array texts{SoughtText{sought}};
  TextScan scan{texts};
  for (std::size_t at = 0; at < text.size(); at += slice_octets) scan.feed(text.substr(at, slice_octets));
  scan.end();
  return scan.found().front();
}

TEST(TextScan, FindsWhatLiesAcrossTheBorderOfTwoWindows) {
  for (std::size_t before = kWindowOctets - 8; before <= kWindowOctets + 8; ++before) {
    const std::string text = std::string(before, 'x') + "Grüße" + std::string(kWindowOctets, 'y');
    for (const std::size_t slice : {std::size_t{1'000}, kWindowOctets - 1, text.size()}) {
      EXPECT_TRUE(finds(text, "GRÜßE", slice)) << before << " in slices of " << slice;
    }
  }
}

TEST(TextScan, FindsWhatIsLongerThanAWindow) {
  const std::string sought = "b" + std::string(3 * kWindowOctets, 'a');
  EXPECT_TRUE(finds(std::string(kWindowOctets, 'a') + sought + "c", sought, 10'000));
  EXPECT_FALSE(finds(std::string(8 * kWindowOctets, 'a'), sought, 10'000));
}

TEST(TextScan, FindsNothingAcrossTheEndOfAText) {
  const std::array texts{SoughtText{"ab"}};
  TextScan scan{texts};
  scan.feed("a");
  scan.end();
  scan.feed("b");
  scan.end();
  EXPECT_FALSE(scan.found().front());
}

TEST(TextScan, SaysOfEachTextWhetherItIsThere) {
  const std::vector<SoughtText> texts{SoughtText{"one"}, SoughtText{"two"}, SoughtText{""}, SoughtText{"Three"}};
  TextScan scan{texts};
  scan.feed("three and ONE");
  scan.end();
  EXPECT_EQ(scan.found(), (std::vector<bool>{true, false, true, true}));
  EXPECT_FALSE(scan.done());
}

TEST(TextScan, HoldsLittleOfALongTextThatGrowsWhenItIsFolded) {
  constexpr std::string_view kGrows = "\uFDFA";
  ASSERT_GE(mime::casemap(kGrows).size(), 6 * kGrows.size());
  std::string text;
  for (std::size_t i = 0; i < 1'000'000; ++i) text += kGrows;
  const std::array texts{SoughtText{"nowhere"}};
  TextScan scan{texts};
  scan.feed(text);
  scan.end();
  EXPECT_FALSE(scan.found().front());
  EXPECT_LE(scan.held_max(), 16 * kWindowOctets);
}

}  // namespace
}  // namespace posthaste::reading
