// Each of several choices from a header is what it would be alone. The first lines of the input are their lists of
// names; the header follows the first empty one.
#include "common/mime/field_choices.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/header.h"

namespace posthaste::mime {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const auto end = line.find(' ');
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return words;
}

void check(std::string_view input) {
  FieldChoices choices;
  std::vector<std::vector<std::string>> lists;
  while (!input.empty()) {
    const auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(line.size() < input.size() ? line.size() + 1 : line.size());
    if (line.empty()) break;
    if (choices.size() == FieldChoices::kMax) continue;
    lists.push_back(words_of(line));
    choices.add(lists.back(), lists.size() % 2 == 1);
  }
  std::vector<std::string> chosen(choices.size());
  choices.choose(input, [&chosen](std::size_t choice, std::string_view octets) { chosen.at(choice) += octets; });
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const auto alone = i % 2 == 0 ? header_fields(input, lists[i]) : header_fields_not(input, lists[i]);
    if (chosen[i] != alone) std::abort();
  }
}

}  // namespace
}  // namespace posthaste::mime

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  posthaste::mime::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
