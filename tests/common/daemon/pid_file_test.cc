#include "common/daemon/pid_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "../scratch_directory.h"

namespace posthaste::daemon {
namespace {

/// Runs `work` in another process, which ends with it. Whether it said true.
bool elsewhere(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work() ? EXIT_SUCCESS : EXIT_FAILURE);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/// What a child that was broken into may try with the descriptors of that file that it has. Whether it could write.
bool unlock_and_write(const std::filesystem::path& path) {
  struct stat file {};
  stat(path.c_str(), &file);
  bool wrote = false;
  for (int descriptor = STDERR_FILENO + 1; descriptor < 256; ++descriptor) {
    struct stat open {};
    if (fstat(descriptor, &open) != 0 || open.st_dev != file.st_dev || open.st_ino != file.st_ino) continue;
    struct flock all {};
    all.l_type = F_UNLCK;
    fcntl(descriptor, F_OFD_SETLK, &all);
    if (ftruncate(descriptor, 0) == 0) wrote = true;
  }
  return wrote;
}

class PidFileTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return scratch_.path() / "some.pid"; }
  /// Asked in another process: of one's own open file, locks are no obstacle to another of one's own.
  [[nodiscard]] bool is_free() const {
    return elsewhere([this] { return PidFile::take(path(), std::nullopt).has_value(); });
  }
  [[nodiscard]] std::string text() const {
    std::ifstream file{path()};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  const ScratchDirectory scratch_;
};

TEST_F(PidFileTest, ASecondParentIsRefused) {
  const auto file = PidFile::take(path(), std::nullopt);
  ASSERT_TRUE(file);
  EXPECT_EQ(text(), std::to_string(getpid()) + "\n");
  EXPECT_FALSE(is_free());
}

TEST_F(PidFileTest, IsFreeWhenItsHolderIsGone) {
  ASSERT_TRUE(PidFile::take(path(), std::nullopt));
  EXPECT_TRUE(is_free());
}

TEST_F(PidFileTest, AChildCanNeitherFreeNorWriteIt) {
  auto file = PidFile::take(path(), std::nullopt);
  ASSERT_TRUE(file);
  const auto break_in = [&] {
    file->leave_to_parent();
    return !unlock_and_write(path());
  };
  EXPECT_TRUE(elsewhere(break_in));
  EXPECT_FALSE(is_free());
  EXPECT_EQ(text(), std::to_string(getpid()) + "\n");
}

TEST_F(PidFileTest, AChildWithoutItsParentStillKeepsOthersOut) {
  std::array<int, 2> child_lives{};
  ASSERT_EQ(pipe(child_lives.data()), 0);
  const auto live_as_parent = [&] {
    auto file = PidFile::take(path(), std::nullopt);
    if (!file) return false;
    if (fork() == 0) {
      file->leave_to_parent();
      close(child_lives[1]);
      char nothing = 0;
      _exit(read(child_lives[0], &nothing, 1) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);  // until the test has done
    }
    _exit(EXIT_SUCCESS);  // as one who is killed: nothing is let go of in words
  };
  ASSERT_TRUE(elsewhere(live_as_parent));
  EXPECT_FALSE(is_free());
  close(child_lives[1]);
  close(child_lives[0]);
  bool freed = false;
  for (int looks = 0; looks < 10'000 && !freed; ++looks) freed = is_free();
  EXPECT_TRUE(freed);
}

}  // namespace
}  // namespace posthaste::daemon
