#include "common/imap/list.h"

#include <string_view>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

constexpr std::size_t kListOptionsMax = 32;

struct SelectionOption {
  std::string_view name;
  bool ListSelection::*member;
};

constexpr SelectionOption kSelectionOptions[] = {
    {"SUBSCRIBED", &ListSelection::subscribed},
    {"REMOTE", &ListSelection::remote},
    {"RECURSIVEMATCH", &ListSelection::recursive_match},
    {"SPECIAL-USE", &ListSelection::special_use},
};

// list-select-opt
Parsed<bool ListSelection::*> selection_option(Cursor& cursor) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  for (const auto& option : kSelectionOptions) {
    if (iequals(*name, option.name)) return option.member;
  }
  return cursor.error_at(start, SyntaxErrorKind::syntax);
}

// list-select-opts
Parsed<ListSelection> selection_options(Cursor& cursor) {
  const auto start = cursor.offset();
  auto options = cursor.list_of(selection_option, kListOptionsMax);
  if (!options) return std::unexpected(options.error());
  ListSelection selection;
  for (const auto member : *options) selection.*member = true;
  if (selection.recursive_match && !selection.subscribed && !selection.special_use) {
    return cursor.error_at(start, SyntaxErrorKind::syntax);
  }
  return selection;
}

// list-return-opt, into `returns`.
Parsed<void> return_option(Cursor& cursor, ListReturn& returns) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  if (iequals(*name, "SUBSCRIBED")) {
    returns.subscribed = true;
  } else if (iequals(*name, "CHILDREN")) {
    returns.children = true;
  } else if (iequals(*name, "SPECIAL-USE")) {
    returns.special_use = true;
  } else if (iequals(*name, "STATUS")) {
    if (auto gap = cursor.space(); !gap) return gap;
    auto items = status_items(cursor);
    if (!items) return std::unexpected(items.error());
    returns.status = std::move(*items);
  } else {
    return cursor.error_at(start, SyntaxErrorKind::syntax);
  }
  return {};
}

// "(" [list-return-opt *(SP list-return-opt)] ")"
Parsed<ListReturn> return_options(Cursor& cursor) {
  ListReturn returns;
  if (auto open = cursor.expect('('); !open) return std::unexpected(open.error());
  if (cursor.skip(')')) return returns;
  do {
    if (auto option = return_option(cursor, returns); !option) return std::unexpected(option.error());
  } while (cursor.skip(' '));
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  return returns;
}

// Those that some name may fit.
std::vector<std::string> known_patterns(std::vector<std::optional<std::string>> patterns) {
  std::vector<std::string> known;
  for (auto& pattern : patterns) {
    if (pattern) known.push_back(std::move(*pattern));
  }
  return known;
}

// mbox-or-pat
Parsed<std::vector<std::string>> mailbox_or_patterns(Cursor& cursor) {
  const auto start = cursor.offset();
  if (!cursor.next_is('(')) {
    auto pattern = cursor.list_mailbox();
    if (!pattern) return std::unexpected(pattern.error());
    return known_patterns({std::move(*pattern)});
  }
  auto patterns = cursor.list_of([](Cursor& at) { return at.list_mailbox(); }, kListPatternsMax);
  if (!patterns) return std::unexpected(patterns.error());
  if (patterns->empty()) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return known_patterns(std::move(*patterns));
}

}  // namespace

Parsed<List> list(Cursor& cursor) {
  List list;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (cursor.next_is('(')) {
    auto selection = selection_options(cursor);
    if (!selection) return std::unexpected(selection.error());
    list.selection = *selection;
    list.extended = true;
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  }
  auto reference = cursor.list_mailbox();
  if (!reference) return std::unexpected(reference.error());
  const bool fits_names = reference->has_value();
  list.reference = std::move(*reference).value_or("");
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  list.extended = list.extended || cursor.next_is('(');
  auto patterns = mailbox_or_patterns(cursor);
  if (!patterns) return std::unexpected(patterns.error());
  if (fits_names) list.patterns = std::move(*patterns);
  if (!cursor.skip(" RETURN ")) return list;
  list.extended = true;
  auto returns = return_options(cursor);
  if (!returns) return std::unexpected(returns.error());
  list.returns = std::move(*returns);
  return list;
}

}  // namespace posthaste::imap
