// Memory that is given back before its owner goes.
#pragma once

#include <utility>

namespace posthaste {

/// Empties a string or a vector, and gives back what it holds. Assigning an empty one to it keeps the memory.
template <typename Container>
void release(Container& container) noexcept {
  const Container gone{std::move(container)};
  container.clear();
}

}  // namespace posthaste
