// The header of an internet message: where it ends, its fields, and the octets that IMAP selects from it.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::mime {

inline constexpr std::size_t kHeaderMaxOctets = 10'000'000;  // what follows is taken for the body

/// A field of a header (RFC 5322 §2.2), as views into it. Lines end in CRLF, or in LF where a stored message has it
/// so.
struct Field {
  std::string_view
      name;  // without the colon and the white space before it (RFC 5322 §4.5); empty if there is no colon
  std::string_view raw;   // all of the field with its folds and its last line end
  std::string_view body;  // what follows the colon, folds and last line end included; all of `raw` without a colon
};

/// The fields of a header block, in order: `for (const Field& field : Fields(header))`. They end at the first empty
/// line or with the block. A line that is no field (an mbox "From " line, garbage) comes as a field without a name,
/// so the `raw` of all fields and the empty line make up the whole header. Views live as long as `header`.
class Fields {
 public:
  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(std::string_view rest);

    const Field& operator*() const noexcept { return field_; }
    const Field* operator->() const noexcept { return &field_; }
    Iterator& operator++();
    Iterator operator++(int);
    bool operator==(std::default_sentinel_t) const noexcept { return field_.raw.empty(); }
    bool operator==(const Iterator& other) const noexcept { return field_.raw.data() == other.field_.raw.data(); }

   private:
    Field field_;
    std::string_view rest_;
  };

  explicit Fields(std::string_view header) noexcept : header_(header) {}
  [[nodiscard]] Iterator begin() const { return Iterator(header_); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  std::string_view header_;
};

/// A message cut in two: `header` with the empty line that ends it, if there is one, and `body`. The body's offset
/// is header.size().
struct HeaderAndBody {
  std::string_view header;
  std::string_view body;
};

/// Cuts `message` after its first empty line. Without an empty line all of it is header, but never more than
/// `header_max_octets` of it: then the cut is at the last line end before.
[[nodiscard]] HeaderAndBody split_message(std::string_view message,
                                          std::size_t header_max_octets = kHeaderMaxOctets);

/// `text` without line ends (RFC 5322 §2.2.3): folds keep their white space, and the last line end goes too.
[[nodiscard]] std::string unfold(std::string_view text);

/// Takes `header` up to the end of its first field called `name`, in any case, and returns that; all of its fields
/// when there is none.
[[nodiscard]] std::optional<Field> take_field(std::string_view& header, std::string_view name);

/// The first field called `name`, in any case; nothing if there is none.
[[nodiscard]] std::optional<Field> find_field(std::string_view header, std::string_view name);

/// All fields called `name`, in any case, in order.
[[nodiscard]] std::vector<Field> find_fields(std::string_view header, std::string_view name);

/// The body of the first field called `name`, unfolded and without white space at both ends. Nothing without the
/// field.
[[nodiscard]] std::optional<std::string> find_value(std::string_view header, std::string_view name);

/// HEADER.FIELDS (RFC 9051 §6.4.5): the octets of the fields called one of `names`, in any case and in the order of
/// the header, and the empty line if the header has one.
[[nodiscard]] std::string header_fields(std::string_view header, std::span<const std::string> names);

/// HEADER.FIELDS.NOT (RFC 9051 §6.4.5): the same for all other fields; lines that are no field are among them.
[[nodiscard]] std::string header_fields_not(std::string_view header, std::span<const std::string> names);

/// All of `message` but the header's fields called one of `names`, in any case: pieces of it, in order. One piece
/// when there is no such field.
[[nodiscard]] std::vector<std::string_view> without_fields(std::string_view message,
                                                           std::span<const std::string_view> names);

}  // namespace posthaste::mime
