// Where messages lie that are too large for memory: files without a name, which go with whoever held them.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::smtpd {

enum class SpoolError {
  full,  // no room on the disk, or only what stays free
  io,
};

/// A file's octets in the address space, read-only. So a large message is a string_view like any other to whoever
/// scans or sends it, and its pages are the page cache's: written a moment ago, they are there without a wait, and
/// under pressure the kernel takes them without asking. Nobody can cut a file short that has no name; a disk that
/// no longer reads what it wrote ends the process, as it ends one whose code it can't read.
class MappedOctets {
 public:
  MappedOctets(MappedOctets&& other) noexcept;
  MappedOctets& operator=(MappedOctets&&) = delete;
  ~MappedOctets();

  [[nodiscard]] std::string_view view() const noexcept { return {start_, octets_}; }

 private:
  friend class SpoolFile;
  MappedOctets(const char* start, std::size_t octets) noexcept : start_(start), octets_(octets) {}

  const char* start_;
  std::size_t octets_;
};

/// One message's file. All of it blocks: not on a loop.
class SpoolFile {
 public:
  SpoolFile(SpoolFile&& other) noexcept;
  SpoolFile& operator=(SpoolFile&&) = delete;
  ~SpoolFile();

  /// Errors: all; the file is of no use then.
  [[nodiscard]] std::expected<void, SpoolError> append(std::string_view octets);
  /// What was appended, which is not nothing; it needs the file no longer. Errors: io.
  [[nodiscard]] std::expected<MappedOctets, SpoolError> map() const;

 private:
  friend class Spool;
  SpoolFile(int descriptor, std::optional<std::uint64_t> reserve_octets, std::uint64_t reserves) noexcept
      : descriptor_(descriptor), reserve_octets_(reserve_octets), reserves_(reserves) {}

  int descriptor_;
  std::optional<std::uint64_t> reserve_octets_;
  std::uint64_t reserves_;  // how many of them stay free
  std::uint64_t octets_ = 0;
};

class Spool {
 public:
  /// Makes the folder, for its owner alone, if it is missing. `reserve_octets` stay free on its file system;
  /// nothing: the usual reserve. Errors: a sentence for the operator.
  [[nodiscard]] static std::expected<Spool, std::string> open(std::filesystem::path folder,
                                                              std::optional<std::uint64_t> reserve_octets);

  /// Whose message it is: strangers leave twice the reserve free, so that there is room for users when they have
  /// filled the rest.
  enum class Claim { user, stranger };

  /// A new, empty file. From any thread that may block. Errors: all.
  [[nodiscard]] std::expected<SpoolFile, SpoolError> create(Claim claim) const;

 private:
  Spool(std::filesystem::path folder, std::optional<std::uint64_t> reserve_octets)
      : folder_(std::move(folder)), reserve_octets_(reserve_octets) {}

  std::filesystem::path folder_;
  std::optional<std::uint64_t> reserve_octets_;
};

}  // namespace posthaste::smtpd
