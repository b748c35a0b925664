#include "common/reading/threading.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "common/reading/ancestry.h"

namespace posthaste::reading {

namespace {

using Index = std::uint32_t;

// Sent date, and then the place in the mailbox (RFC 5256 §2.2).
struct SentOrder {
  std::span<const ThreadMessage> messages;

  bool operator()(Index one, Index other) const {
    return std::tuple{messages[one].sent, one} < std::tuple{messages[other].sent, other};
  }
};

// Step 1 of REFERENCES: which message or dummy is whose parent.
class Links {
 public:
  explicit Links(std::span<const ThreadMessage> messages)
      : messages_(messages), nodes_(messages.size()), ancestry_(messages.size()) {
    for (Index i = 0; i < messages.size(); ++i) {
      if (messages[i].message_id) by_id_.try_emplace(*messages[i].message_id, i);  // the first of its name has it
    }
    for (Index i = 0; i < messages.size(); ++i) link(i);
  }

  // Messages come first, under their own indices; then dummies.
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::optional<Index> parent(Index node) const { return nodes_[node].parent; }

 private:
  struct Node {
    std::optional<Index> parent;
    std::uint32_t children = 0;
  };

  void link(Index message) {
    std::optional<Index> last;
    for (const std::string& id : messages_[message].references) {
      const Index reference = named(id);
      if (last && !nodes_[reference].parent) adopt(*last, reference);
      last = reference;
    }
    if (const auto former = std::exchange(nodes_[message].parent, std::nullopt)) {
      --nodes_[*former].children;
      ancestry_.cut(message);
    }
    if (last) adopt(*last, message);
  }

  Index named(const std::string& id) {
    const auto [entry, added] = by_id_.try_emplace(id, static_cast<Index>(nodes_.size()));
    if (added) {
      nodes_.emplace_back();
      ancestry_.add();
    }
    return entry->second;
  }

  // `child` has no parent.
  void adopt(Index parent, Index child) {
    if (is_below(parent, child)) return;
    nodes_[child].parent = parent;
    ++nodes_[parent].children;
    ancestry_.link(parent, child);
  }

  // Whether `node` is `top`, which has no parent, or lies below it.
  bool is_below(Index node, Index top) {
    if (node == top) return true;
    return nodes_[top].children > 0 && ancestry_.root_of(node) == top;
  }

  const std::span<const ThreadMessage> messages_;
  std::vector<Node> nodes_;
  std::unordered_map<std::string_view, Index> by_id_;  // the texts are the messages'
  Ancestry ancestry_;
};

// Steps 2 to 6 of REFERENCES.
class ReferencesThreading {
 public:
  explicit ReferencesThreading(std::span<const ThreadMessage> messages) : messages_(messages) {}

  Forest run() && {
    gather();
    prune();
    sort_all();
    merge_subjects();
    sort_all();
    return std::move(forest_);
  }

 private:
  using Node = Forest::Node;

  [[nodiscard]] bool is_dummy(Index node) const { return !forest_.nodes[node].message; }
  // The node's message, or the first child's of a dummy: dummies below dummies are pruned.
  [[nodiscard]] Index message_of(Index node) const {
    const Node& first = is_dummy(node) ? forest_.nodes[forest_.nodes[node].children.front()] : forest_.nodes[node];
    return *first.message;
  }
  [[nodiscard]] bool is_reply(Index node) const {
    return !is_dummy(node) && messages_[message_of(node)].is_reply_or_forward;
  }

  // Step 2.
  void gather() {
    const Links links{messages_};
    forest_.nodes.resize(links.size());
    for (Index i = 0; i < links.size(); ++i) {
      if (i < messages_.size()) forest_.nodes[i].message = i;
      if (const auto parent = links.parent(i)) {
        forest_.nodes[*parent].children.push_back(i);
      } else {
        forest_.roots.push_back(i);
      }
    }
  }

  // All nodes, parents before their children.
  [[nodiscard]] std::vector<Index> from_the_top() const {
    std::vector<Index> order = forest_.roots;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto& children = forest_.nodes[order[i]].children;
      order.insert(order.end(), children.begin(), children.end());
    }
    return order;
  }

  // Step 3, from the leaves up.
  void prune() {
    const std::vector<Index> order = from_the_top();
    for (std::size_t i = order.size(); i > 0; --i) splice_dummies(forest_.nodes[order[i - 1]].children);
    std::vector<Index> roots;
    for (const Index root : forest_.roots) {
      auto& children = forest_.nodes[root].children;
      if (!is_dummy(root) || children.size() > 1) {
        roots.push_back(root);
      } else if (!children.empty()) {
        roots.push_back(children.front());
      }
    }
    forest_.roots = std::move(roots);
  }

  // Siblings are sorted later. The fewer join the more: dummies may lie one below the other as deep as they are
  // many.
  void splice_dummies(std::vector<Index>& siblings) {
    if (std::ranges::none_of(siblings, [this](Index each) { return is_dummy(each); })) return;
    std::vector<Index> spliced;
    for (const Index each : siblings) {
      if (!is_dummy(each)) {
        spliced.push_back(each);
        continue;
      }
      auto promoted = std::move(forest_.nodes[each].children);
      if (promoted.size() > spliced.size()) std::swap(promoted, spliced);
      spliced.insert(spliced.end(), promoted.begin(), promoted.end());
    }
    siblings = std::move(spliced);
  }

  // Steps 4 and 6. No sibling below the top is a dummy, so it does not matter which set comes first there.
  void sort_all() {
    const SentOrder earlier{messages_};
    const auto before = [&](Index one, Index other) { return earlier(message_of(one), message_of(other)); };
    for (Node& node : forest_.nodes) {
      if (node.children.size() > 1) std::ranges::sort(node.children, before);
    }
    std::ranges::sort(forest_.roots, before);
  }

  // Step 5.
  void merge_subjects() {
    SubjectTable table = subject_table();
    std::vector<Index> dummies;
    std::vector<bool> merged(forest_.nodes.size());
    for (const Index root : forest_.roots) {
      const auto entry = table.find(messages_[message_of(root)].subject);
      if (entry == table.end() || entry->second == root) continue;
      merged[root] = true;
      if (joins(root, entry->second)) {
        add_below(entry->second, root);
        continue;
      }
      if (entry->second < merged.size()) merged[entry->second] = true;
      dummies.push_back(static_cast<Index>(forest_.nodes.size()));
      forest_.nodes.push_back({std::nullopt, {root, entry->second}});
      entry->second = dummies.back();
    }
    std::erase_if(forest_.roots, [&merged](Index root) { return merged[root]; });
    forest_.roots.insert(forest_.roots.end(), dummies.begin(), dummies.end());
  }

  using SubjectTable = std::unordered_map<std::string_view, Index>;

  // Step 5.B.
  [[nodiscard]] SubjectTable subject_table() const {
    SubjectTable table;
    for (const Index root : forest_.roots) {
      const std::string_view subject = messages_[message_of(root)].subject;
      if (subject.empty()) continue;
      const auto [entry, added] = table.try_emplace(subject, root);
      if (added || is_dummy(entry->second)) continue;
      if (is_dummy(root) || (is_reply(entry->second) && !is_reply(root))) entry->second = root;
    }
    return table;
  }

  // Step 5.C: whether `root` goes below `other`, so that no new dummy is needed for both.
  [[nodiscard]] bool joins(Index root, Index other) const {
    return is_dummy(other) || (is_reply(root) && !is_reply(other));
  }
  void add_below(Index other, Index root) {
    auto& siblings = forest_.nodes[other].children;
    if (is_dummy(root)) {
      const auto children = std::exchange(forest_.nodes[root].children, {});
      siblings.insert(siblings.end(), children.begin(), children.end());
    } else {
      siblings.push_back(root);
    }
  }

  const std::span<const ThreadMessage> messages_;
  Forest forest_;
};

}  // namespace

Forest thread_by_references(std::span<const ThreadMessage> messages) { return ReferencesThreading{messages}.run(); }

Forest thread_by_subject(std::span<const ThreadMessage> messages) {
  Forest forest;
  std::unordered_map<std::string_view, Index> threads;
  std::vector<Index> order(messages.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::sort(order, SentOrder{messages});
  for (Index i = 0; i < messages.size(); ++i) forest.nodes.push_back({i, {}});
  for (const Index message : order) {
    const auto [first, added] = threads.try_emplace(messages[message].subject, message);
    (added ? forest.roots : forest.nodes[first->second].children).push_back(message);
  }
  return forest;
}

}  // namespace posthaste::reading
