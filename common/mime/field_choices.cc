#include "common/mime/field_choices.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <iterator>
#include <utility>

#include "common/base/octets.h"
#include "common/mime/header.h"

namespace posthaste::mime {
namespace {

constexpr std::size_t kFewNames = 32;  // so many are soon told apart by their lengths

}  // namespace

void FieldChoices::add(std::span<const std::string> names, bool among) {
  assert(size_ < kMax);
  const std::uint64_t choice = std::uint64_t{1} << size_++;
  if (!among) others_ |= choice;
  std::vector<Name> added;
  for (const std::string& name : names) {
    added.push_back({lower(name), choice});
    longest_ = std::max(longest_, name.size());
  }
  std::ranges::sort(added, {}, &Name::lower);
  std::vector<Name> all;
  all.reserve(names_.size() + added.size());
  std::merge(std::make_move_iterator(names_.begin()), std::make_move_iterator(names_.end()),
             std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()), std::back_inserter(all),
             [](const Name& one, const Name& other) { return one.lower < other.lower; });
  names_.clear();
  for (Name& name : all) {
    if (!names_.empty() && names_.back().lower == name.lower) {
      names_.back().choices |= name.choices;
    } else {
      names_.push_back(std::move(name));
    }
  }
}

std::uint64_t FieldChoices::taking(std::string_view name) const {
  if (name.empty() || name.size() > longest_) return others_;
  auto found = names_.end();
  if (names_.size() <= kFewNames) {
    found = std::ranges::find_if(names_, [name](const Name& each) { return iequals(name, each.lower); });
  } else {
    const std::string sought = lower(name);
    found = std::ranges::lower_bound(names_, sought, {}, &Name::lower);
    if (found != names_.end() && found->lower != sought) found = names_.end();
  }
  return found == names_.end() ? others_ : others_ ^ found->choices;
}

void FieldChoices::choose(std::string_view header,
                          const std::function<void(std::size_t choice, std::string_view octets)>& take) const {
  std::size_t begin = 0;  // of octets that the same choices take
  std::size_t end = 0;
  std::uint64_t takers = 0;
  const auto hand_out = [&] {
    for (std::uint64_t left = end > begin ? takers : 0; left != 0; left &= left - 1) {
      take(static_cast<std::size_t>(std::countr_zero(left)), header.substr(begin, end - begin));
    }
    begin = end;
  };
  for (const Field& field : Fields(header)) {
    const std::uint64_t next_takers = taking(field.name);
    if (next_takers != takers) hand_out();
    takers = next_takers;
    end += field.raw.size();
  }
  hand_out();
  end = header.size();
  takers = size_ == kMax ? ~std::uint64_t{0} : (std::uint64_t{1} << size_) - 1;
  hand_out();
}

}  // namespace posthaste::mime
