// What root opens, and what it leaves alone. What needs somebody else's file is tested by root alone.
#include "common/base/trusted_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "../scratch_directory.h"

namespace posthaste {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kSomebody = 12'345;

class Trusted : public testing::Test {
 protected:
  fs::path path(const char* name) const { return scratch_.path() / name; }
  fs::path write(const char* name) const {
    std::ofstream{path(name)} << "text";
    return path(name);
  }
  static bool is_distrust(const TrustError& error) {
    return error.code == std::errc::operation_not_permitted && !error.text.empty();
  }

  ScratchDirectory scratch_;
};

class TrustedByRoot : public Trusted {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root has somebody else's files";
  }
  static void give_away(const fs::path& path) { ASSERT_EQ(lchown(path.c_str(), kSomebody, kSomebody), 0); }
};

TEST_F(Trusted, AnOrdinaryFileIsOpened) {
  write("file");
  const auto folder = TrustedFolder::open(scratch_.path());
  ASSERT_TRUE(folder);
  EXPECT_TRUE(folder->open_file("file", O_RDONLY));
  EXPECT_TRUE(folder->open_file("new", O_WRONLY | O_CREAT, 0600));
  const auto missing = folder->open_file("missing", O_RDONLY);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, std::errc::no_such_file_or_directory);
}

TEST_F(Trusted, WhatIsNoOrdinaryFileIsNot) {
  write("file");
  fs::create_symlink(path("file"), path("link"));
  fs::create_symlink(path("nothing"), path("dangling"));
  fs::create_hard_link(path("file"), path("second"));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  const auto folder = TrustedFolder::open(scratch_.path());
  ASSERT_TRUE(folder);
  for (const char* name : {"link", "dangling", "second", "pipe"}) {
    const auto opened = folder->open_file(name, O_RDWR | O_CREAT, 0600);
    ASSERT_FALSE(opened) << name;
    EXPECT_TRUE(is_distrust(opened.error())) << name;
  }
  EXPECT_FALSE(fs::exists(path("nothing")));
}

TEST_F(Trusted, MissingFoldersAreMade) {
  EXPECT_FALSE(TrustedFolder::open(path("a/b")));
  EXPECT_TRUE(TrustedFolder::make(path("a/b")));
  EXPECT_TRUE(TrustedFolder::make(path("a/b")));
  EXPECT_TRUE(fs::is_directory(path("a/b")));
  write("file");
  EXPECT_FALSE(TrustedFolder::make(path("file")));
}

TEST_F(Trusted, WhatEverybodyCanWriteIsNotObeyed) {
  const auto file = write("file");
  EXPECT_TRUE(open_to_obey(file));
  ASSERT_EQ(chmod(file.c_str(), 0666), 0);
  const auto opened = open_to_obey(file);
  ASSERT_FALSE(opened);
  EXPECT_TRUE(is_distrust(opened.error()));
}

TEST_F(TrustedByRoot, FoldersOnTheWayAreRoots) {
  fs::create_directories(path("theirs/mine"));
  EXPECT_TRUE(TrustedFolder::open(path("theirs/mine")));
  give_away(path("theirs"));
  for (const char* name : {"theirs", "theirs/mine"}) {
    const auto opened = TrustedFolder::open(path(name));
    ASSERT_FALSE(opened) << name;
    EXPECT_TRUE(is_distrust(opened.error())) << name;
    const std::string command = "\"chown -h root " + path("theirs").string() + "\" mends that";
    EXPECT_TRUE(opened.error().text.ends_with(command)) << opened.error().text;
  }
  EXPECT_FALSE(TrustedFolder::make(path("theirs/new")));
  EXPECT_FALSE(fs::exists(path("theirs/new")));
}

TEST_F(TrustedByRoot, FoldersThatOthersCanWriteAreNotTrusted) {
  fs::create_directory(path("folder"));
  for (const mode_t mode : {0777U, 0757U, 01777U}) {
    ASSERT_EQ(chmod(path("folder").c_str(), mode), 0);
    EXPECT_FALSE(TrustedFolder::open(path("folder"))) << mode;
  }
  ASSERT_EQ(chmod(path("folder").c_str(), 0777), 0);
  const std::string said = TrustedFolder::open(path("folder")).error().text;
  EXPECT_TRUE(said.ends_with("everybody can write it; \"chmod go-w " + path("folder").string() + "\" mends that")) << said;
  ASSERT_EQ(chmod(path("folder").c_str(), 0775), 0);
  EXPECT_TRUE(TrustedFolder::open(path("folder")));  // its group is root's
  ASSERT_EQ(chown(path("folder").c_str(), 0, kSomebody), 0);
  EXPECT_FALSE(TrustedFolder::open(path("folder")));
}

TEST_F(TrustedByRoot, LinksAreFollowedOnlyWhereTheyAreRoots) {
  fs::create_directory(path("folder"));
  write("folder/file");
  fs::create_symlink("folder", path("relative"));
  fs::create_symlink(path("folder"), path("absolute"));
  fs::create_symlink("round", path("round"));
  EXPECT_TRUE(TrustedFolder::open(path("relative")));
  EXPECT_TRUE(open_to_obey(path("absolute/file")));
  EXPECT_FALSE(TrustedFolder::open(path("round")));
  give_away(path("relative"));
  EXPECT_FALSE(TrustedFolder::open(path("relative")));
  const std::string said = TrustedFolder::open(path("relative")).error().text;
  EXPECT_NE(said.find("\"chown -h root " + path("relative").string() + "\""), std::string::npos) << said;
  EXPECT_FALSE(open_to_obey(path("relative/file")));
}

TEST_F(TrustedByRoot, OnlyRootsFilesAreObeyed) {
  const auto file = write("file");
  EXPECT_TRUE(open_to_obey(file));
  give_away(file);
  const auto opened = open_to_obey(file);
  ASSERT_FALSE(opened);
  EXPECT_TRUE(is_distrust(opened.error()));
}

TEST_F(TrustedByRoot, GivesALinkAndNotWhatItLeadsTo) {
  const auto file = write("file");
  fs::create_symlink(file, path("link"));
  const auto folder = TrustedFolder::open(scratch_.path());
  ASSERT_TRUE(folder);
  EXPECT_FALSE(folder->give("link", {kSomebody, kSomebody}));
  struct stat status {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U);
  ASSERT_EQ(lstat(path("link").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, kSomebody);
}

}  // namespace
}  // namespace posthaste
