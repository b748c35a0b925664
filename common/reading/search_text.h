// Finding text as its reader means it: decoded, in UTF-8, and by i;unicode-casemap (RFC 9051 §6.4.4, RFC 5051).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/daemon/memory_budget.h"
#include "common/mime/structure.h"

namespace posthaste::reading {

/// A text to look for. An empty one is found everywhere. As a reader sees it, a run of white space is one space, in
/// it and where it is looked for: words are found across a line's end.
class SoughtText {
 public:
  explicit SoughtText(std::string_view text);

  [[nodiscard]] bool empty() const { return folded_.empty(); }
  /// Its octets once folded.
  [[nodiscard]] std::size_t size() const { return folded_.size(); }
  /// What is in it.
  struct Kind {
    bool has_blank = false;
    bool has_blank_at_end = false;     // or at its beginning
    bool has_part_of_address = false;  // what parts the words of an address
    bool has_mark = false;             // of what is around them
  };
  [[nodiscard]] const Kind& kind() const { return kind_; }
  /// Octets of `text` that are not UTF-8 are like nothing that can be looked for.
  [[nodiscard]] bool is_in(std::string_view text) const;
  /// The same of text that is folded already, with no run of white space in it if this has a blank. In time that
  /// grows with `folded` alone, whatever repeats in it.
  [[nodiscard]] bool is_in_folded(std::string_view folded) const;

 private:
  std::string folded_;
  Kind kind_;
};

/// Several texts, looked for at once in octets that come in slices: each octet is folded once, and no more of them
/// are held than a window of 64 KB and twice the longest of the texts.
class TextScan {
 public:
  /// `texts` outlive it.
  explicit TextScan(std::span<const SoughtText> texts);

  /// Adds octets to the text under way; characters may be cut.
  void feed(std::string_view octets);
  /// The text under way is over: nothing is found across its end.
  void end();
  /// All have been found: there is nothing more to look for.
  [[nodiscard]] bool done() const { return sought_.empty(); }
  /// Which of the texts were found up to the last end().
  [[nodiscard]] const std::vector<bool>& found() const { return found_; }
  /// The most octets of text that were held at once.
  [[nodiscard]] std::size_t held_max() const { return held_max_; }

 private:
  void fold(std::string_view octets);
  void look();

  std::span<const SoughtText> texts_;
  std::vector<std::size_t> sought_;  // those not found yet
  std::size_t longest_ = 0;
  bool has_blank_ = false;  // one of the texts
  std::vector<bool> found_;
  std::string unfolded_;  // less than one window
  std::string window_;    // folded
  std::size_t held_max_ = 0;
};

/// Whether a field called `field_name` holds it, encoded words decoded. Of a field of addresses, also whether it is
/// in them as the envelope has them: without comments, quoting and the white space around dots and "@".
[[nodiscard]] bool field_contains(std::string_view header, std::string_view field_name, const SoughtText& text);
/// Looks for them in each line of the header, names included.
void scan_header(std::string_view header, TextScan& scan);
/// The same in the headers of all parts, but those of embedded messages, which belong to the body.
void scan_part_headers(std::string_view message, const mime::Part& root, TextScan& scan);
/// Looks for them in the parts of types text and message, transfer encoding and charset undone and HTML read as the
/// text it shows, and in the headers of embedded messages. `memory` grows by what a part that must be decoded whole
/// takes. False, and the search is not complete, when there is not so much.
[[nodiscard]] bool scan_body(std::string_view message, const mime::Part& root, TextScan& scan,
                             daemon::MemoryBudget::Share& memory);

}  // namespace posthaste::reading
