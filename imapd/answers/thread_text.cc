#include "imapd/answers/thread_text.h"

#include <optional>
#include <vector>

namespace posthaste::imapd {

// A thread nests as deep as its messages are many: hence no recursion.
void append_threads(std::string& out, const reading::Forest& forest, std::span<const std::uint32_t> numbers) {
  std::vector<std::optional<std::uint32_t>>
      left;  // what is still to be said, last first: a thread, or the end of one
  const auto add = [&left](const std::vector<std::uint32_t>& threads) {
    left.insert(left.end(), threads.rbegin(), threads.rend());
  };
  add(forest.roots);
  while (!left.empty()) {
    const std::optional<std::uint32_t> next = left.back();
    left.pop_back();
    if (!next) {
      out += ')';
      continue;
    }
    out += '(';
    left.emplace_back();
    const reading::Forest::Node* node = &forest.nodes[*next];
    while (node->message) {
      out += std::to_string(numbers[*node->message]);
      if (!node->children.empty()) out += ' ';
      if (node->children.size() != 1) break;
      node = &forest.nodes[node->children.front()];
    }
    add(node->children);
  }
}

}  // namespace posthaste::imapd
