// Whose tree a node is in, while trees are joined and parted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace posthaste::reading {

/// A forest in which each question and each change costs about the logarithm of its size, over many of them,
/// however deep it is: link-cut trees (Sleator and Tarjan, 1983).
class Ancestry {
 public:
  using Index = std::uint32_t;

  explicit Ancestry(std::size_t nodes) : nodes_(nodes) {}

  /// One more node, the last.
  void add() { nodes_.emplace_back(); }
  /// `root` has no parent, and is not the root of `parent`.
  void link(Index parent, Index root);
  /// Takes `node` from its parent, if it has one, with all below it.
  void cut(Index node);
  /// The node above `node` that has no parent, or itself.
  [[nodiscard]] Index root_of(Index node);

 private:
  /// A way down from some node is a splay tree of its own, in the order of depth. The top of that has the parent of
  /// the highest node as its `up`, and is not its child there.
  struct Node {
    std::optional<Index> up;
    std::optional<Index> higher;
    std::optional<Index> lower;
  };

  /// Makes the way from the root to `node` one splay tree, with `node` on top, and nothing below it.
  void expose(Index node);
  void splay(Index node);
  /// `parent` is above it in the same splay tree.
  void rotate(Index node, Index parent);
  [[nodiscard]] std::optional<Index> splay_parent(Index node) const;

  std::vector<Node> nodes_;
};

}  // namespace posthaste::reading
