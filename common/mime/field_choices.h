// Several choices among the fields of a header, made in one walk over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::mime {

/// What header_fields() and header_fields_not() would give for many lists of names. A field costs as the logarithm
/// of all names, and as the number of choices that take it.
class FieldChoices {
 public:
  static constexpr std::size_t kMax = 64;

  /// Adds a choice, the size()th: the fields called one of `names`, in any case; or all others, and lines that are
  /// no field. Not beyond kMax.
  void add(std::span<const std::string> names, bool among);
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Calls `take` with the number of a choice and octets that it takes, in the order of the header; its empty line,
  /// if it has one, is for all.
  void choose(std::string_view header,
              const std::function<void(std::size_t choice, std::string_view octets)>& take) const;

 private:
  struct Name {
    std::string lower;
    std::uint64_t choices = 0;  // a bit for each that names it
  };
  [[nodiscard]] std::uint64_t taking(std::string_view name) const;

  std::vector<Name> names_;   // ascending, each once
  std::size_t longest_ = 0;   // of them
  std::uint64_t others_ = 0;  // choices that take what they do not name
  std::size_t size_ = 0;
};

}  // namespace posthaste::mime
