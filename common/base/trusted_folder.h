// Folders in which root may make, open and remove files, although other users' programs work beside it.
#pragma once

#include <sys/types.h>

#include <expected>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace posthaste {

/// An open descriptor, closed when it goes.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) noexcept : descriptor_(descriptor) {}
  OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, kNone)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~OpenFile();
  [[nodiscard]] int get() const noexcept { return descriptor_; }
  /// The caller closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, kNone); }

 private:
  static constexpr int kNone = -1;
  int descriptor_;
};

/// Whom a file shall belong to.
struct Owner {
  uid_t user;
  gid_t group;
  bool operator==(const Owner&) const = default;
};

struct TrustError {
  std::error_code code;  // operation_not_permitted: somebody else could have put it there
  std::string text;      // a sentence for the operator
};

/// A folder, held open. Opened by root, it and every folder on the way belong to root and can be written by nobody
/// else, and so do the symbolic links on the way; a folder like /tmp, where each user can remove only what is
/// theirs, may be on the way. Anybody else may open what the kernel lets them.
class TrustedFolder {
 public:
  [[nodiscard]] static std::expected<TrustedFolder, TrustError> open(const std::filesystem::path& path);
  /// The same, once what is missing of it is made, mode 0750.
  [[nodiscard]] static std::expected<TrustedFolder, TrustError> make(const std::filesystem::path& path);

  /// Opens the regular file `name`, with open(2)'s `flags` and, when it is made, `mode`. Symbolic links are not
  /// followed, and a file that has a second name is refused.
  [[nodiscard]] std::expected<OpenFile, TrustError> open_file(const std::string& name, int flags,
                                                              mode_t mode = 0) const;
  /// Makes the folder `name` for `owner` when nothing of that name is there; leaves alone what is.
  [[nodiscard]] std::error_code make_folder_for(const std::string& name, Owner owner) const;
  /// Gives `name` to `owner`; of a symbolic link, the link.
  [[nodiscard]] std::error_code give(const std::string& name, Owner owner) const;
  /// Lets `group` walk through a folder that root made.
  [[nodiscard]] std::error_code open_for_group(gid_t group) const;

 private:
  TrustedFolder(OpenFile folder, std::filesystem::path path) : folder_(std::move(folder)), path_(std::move(path)) {}
  OpenFile folder_;
  std::filesystem::path path_;
};

/// Opens a file for reading that this process will obey. For root, its folder is trusted, and it belongs to root
/// and can be written by nobody else; for another user, it belongs to that user or root, and not everybody can
/// write it. Symbolic links are followed where the folder that holds them is trusted.
[[nodiscard]] std::expected<OpenFile, TrustError> open_to_obey(const std::filesystem::path& path);

}  // namespace posthaste
