// What delimits the parts of a multipart (RFC 2046 §5.1.1), as mail has it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/content.h"

namespace posthaste::mime {

struct Boundary {
  std::string octets;
  /// What delimits the parts if more than the boundary was read, for what follows it is written otherwise than RFC
  /// 2045 has parameters ("b, charset=x", or a quote that does not end); empty if nothing can be meant but
  /// `octets`.
  std::string narrow;
};

/// Nothing if it does not say. White space at the end is not part of a boundary, nor could it be told from what
/// gateways append.
[[nodiscard]] std::optional<Boundary> boundary_of(const ContentType& content_type);

/// The boundaries of the multiparts that are open, the outermost first.
class OpenBoundaries {
 public:
  struct Delimiter {
    std::size_t level;  // of its multipart: 0 is the outermost
    bool closes;        // no part follows it
  };

  void open(Boundary boundary);
  /// The innermost.
  void close();
  [[nodiscard]] std::size_t count() const noexcept { return open_.size(); }

  /// The delimiter that `line` is, with its line end or without, of the innermost multipart it fits. RFC 2046 would
  /// have any line that begins so be a delimiter; but mail is sent in which an inner boundary begins with the outer
  /// one ("Part-1", "Part-12"), and few readers take the inner for the outer. With `may_open` false only those that
  /// close are met.
  [[nodiscard]] std::optional<Delimiter> delimiter_at(std::string_view line, bool may_open = true) const;

 private:
  using Levels = std::map<std::string, std::vector<std::size_t>, std::less<>>;

  void note(const std::string& boundary);
  void forget(const std::string& boundary);
  [[nodiscard]] const std::size_t* level_of(std::string_view boundary) const;
  [[nodiscard]] std::optional<Delimiter> delimiter_before_text(std::string_view text, bool may_open) const;

  std::vector<Boundary> open_;
  Levels levels_;  // by boundary, the innermost last: looking one up takes no longer the deeper they are
};

}  // namespace posthaste::mime
