#include "common/journal/made_mark.h"

#include <gtest/gtest.h>

#include <fstream>

#include "../scratch_directory.h"

namespace posthaste::journal {
namespace {

namespace fs = std::filesystem;

class MadeMarkTest : public ::testing::Test {
 protected:
  [[nodiscard]] MadeMark mark() const { return {scratch_.path() / "store.made", "store", MadeMark::Backup::helps}; }
  [[nodiscard]] fs::path store() const { return scratch_.path() / "store"; }

  ScratchDirectory scratch_;
};

TEST_F(MadeMarkTest, WhatWasNeverMadeMayBeBegun) {
  EXPECT_TRUE(holds_nothing(store()));
  EXPECT_TRUE(mark().allow(store()));
  fs::create_directories(store());
  EXPECT_TRUE(mark().allow(store()));
  EXPECT_EQ(mark().clear(), false);
}

TEST_F(MadeMarkTest, WhatWasMadeAndIsGoneMayNotAndWhereItWasIsTold) {
  ASSERT_TRUE(mark().set(store()));
  fs::create_directories(store() / "lost+found");
  for (const fs::path& place : {store(), scratch_.path() / "elsewhere"}) {
    const auto allowed = mark().allow(place);
    ASSERT_FALSE(allowed);
    EXPECT_NE(allowed.error().find("(it was in " + store().string() + ")"), std::string::npos) << allowed.error();
    EXPECT_NE(allowed.error().find("posthaste store begin-empty"), std::string::npos);
  }
  EXPECT_EQ(mark().clear(), true);
  EXPECT_TRUE(mark().allow(store()));
}

TEST_F(MadeMarkTest, OfAQueueNoOlderCopyComesBack) {
  const MadeMark queue{scratch_.path() / "queue.made", "queue", MadeMark::Backup::harms};
  const auto directory = scratch_.path() / "queue";
  ASSERT_TRUE(queue.set(directory));
  const auto allowed = queue.allow(directory);
  ASSERT_FALSE(allowed);
  EXPECT_EQ(allowed.error().find("backup"), std::string::npos) << allowed.error();
  EXPECT_NE(allowed.error().find("mount its disk or put paths.queue right."), std::string::npos) << allowed.error();
}

TEST_F(MadeMarkTest, WhatIsThereMayBeOpenedWhereverItIs) {
  ASSERT_TRUE(mark().set(store()));
  for (const char* part : {"log", "index"}) {
    const fs::path moved = scratch_.path() / (std::string("with-") + part);
    fs::create_directories(moved / part);
    EXPECT_FALSE(holds_nothing(moved));
    EXPECT_TRUE(mark().allow(moved)) << part;
    ASSERT_TRUE(mark().set(moved));
    EXPECT_NE(mark().allow(store()).error().find(moved.string()), std::string::npos);
  }
}

TEST_F(MadeMarkTest, ANoteThatSaysNothingIsStillOne) {
  std::ofstream{scratch_.path() / "store.made"};
  const auto allowed = mark().allow(store());
  ASSERT_FALSE(allowed);
  EXPECT_EQ(allowed.error().find("it was in"), std::string::npos) << allowed.error();
}

}  // namespace
}  // namespace posthaste::journal
