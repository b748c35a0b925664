#include "common/reading/ancestry.h"

#include <utility>

namespace posthaste::reading {

void Ancestry::link(Index parent, Index root) {
  splay(root);
  nodes_[root].up = parent;
}

void Ancestry::cut(Index node) {
  expose(node);
  if (const auto above = std::exchange(nodes_[node].higher, std::nullopt)) nodes_[*above].up = std::nullopt;
}

Ancestry::Index Ancestry::root_of(Index node) {
  expose(node);
  Index highest = node;
  while (const auto higher = nodes_[highest].higher) highest = *higher;
  splay(highest);
  return highest;
}

void Ancestry::expose(Index node) {
  splay(node);
  nodes_[node].lower = std::nullopt;
  while (const auto above = nodes_[node].up) {
    splay(*above);
    nodes_[*above].lower = node;
    splay(node);
  }
}

void Ancestry::splay(Index node) {
  while (const auto parent = splay_parent(node)) {
    if (const auto grandparent = splay_parent(*parent)) {
      const bool is_straight = (nodes_[*grandparent].higher == *parent) == (nodes_[*parent].higher == node);
      if (is_straight) {
        rotate(*parent, *grandparent);
      } else {
        rotate(node, *parent);
      }
    }
    if (const auto above = splay_parent(node)) rotate(node, *above);
  }
}

void Ancestry::rotate(Index node, Index parent) {
  const auto grandparent = splay_parent(parent);
  nodes_[node].up = nodes_[parent].up;
  const bool was_higher = nodes_[parent].higher == node;
  auto& given = was_higher ? nodes_[node].lower : nodes_[node].higher;
  (was_higher ? nodes_[parent].higher : nodes_[parent].lower) = given;
  if (given) nodes_[*given].up = parent;
  given = parent;
  nodes_[parent].up = node;
  if (!grandparent) return;
  Node& top = nodes_[*grandparent];
  (top.higher == parent ? top.higher : top.lower) = node;
}

std::optional<Ancestry::Index> Ancestry::splay_parent(Index node) const {
  const auto up = nodes_[node].up;
  if (up && (nodes_[*up].higher == node || nodes_[*up].lower == node)) return up;
  return std::nullopt;
}

}  // namespace posthaste::reading
