// What a checker finds wrong, in words.
#pragma once

#include <sstream>
#include <string>
#include <vector>

namespace posthaste {

/// Adds a problem to a report that outlives it: problem("entry ", id, ": its rows are damaged").
class Problems {
 public:
  explicit Problems(std::vector<std::string>& report) : report_(report) {}

  template <typename... Parts>
  void operator()(const Parts&... parts) const {
    std::ostringstream text;
    (text << ... << parts);
    report_.push_back(text.str());
  }

 private:
  std::vector<std::string>& report_;
};

}  // namespace posthaste
