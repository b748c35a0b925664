#include "common/imap/command.h"

#include <span>
#include <utility>

#include "common/base/base64.h"
#include "common/base/octets.h"
#include "common/imap/cursor.h"
#include "common/imap/syntax.h"

namespace posthaste::imap {

namespace {

// The rules below read what follows a command's name.

template <typename Body>
Parsed<CommandBody> bare(Cursor& /*cursor*/) {
  return Body{};
}

template <typename Body>
Parsed<CommandBody> one_mailbox(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mailbox = cursor.mailbox();
  if (!mailbox) return std::unexpected(mailbox.error());
  return Body{std::move(*mailbox)};
}

// A rule of its own file, as a command.
template <auto rule>
Parsed<CommandBody> as_command(Cursor& cursor) {
  auto body = rule(cursor);
  if (!body) return std::unexpected(body.error());
  return std::move(*body);
}

template <auto rule, NumberedBy numbered_by>
Parsed<CommandBody> numbered(Cursor& cursor) {
  auto body = rule(cursor, numbered_by);
  if (!body) return std::unexpected(body.error());
  return std::move(*body);
}

// initial-resp (RFC 4959 §7)
Parsed<std::string> initial_response(Cursor& cursor) {
  const auto start = cursor.offset();
  const auto text = cursor.take_while([](char c) { return c != ' '; });
  if (text == "=") return std::string{};
  auto octets = base64_decode(text);
  if (text.empty() || !octets) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return std::move(*octets);
}

Parsed<Authenticate> authenticate(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mechanism = cursor.atom();
  if (!mechanism) return std::unexpected(mechanism.error());
  Authenticate authenticate{upper(*mechanism), {}};
  cursor.skip_spaces();
  if (cursor.at_end()) return authenticate;
  auto response = initial_response(cursor);
  if (!response) return std::unexpected(response.error());
  authenticate.initial_response = std::move(*response);
  return authenticate;
}

Parsed<Login> login(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto user = cursor.astring();
  if (!user) return std::unexpected(user.error());
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto password = cursor.astring();
  if (!password) return std::unexpected(password.error());
  return Login{std::move(*user), std::move(*password)};
}

Parsed<Enable> enable(Cursor& cursor) {
  Enable enable;
  do {
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
    if (enable.capabilities.size() == kEnableCapabilitiesMax) return cursor.error(SyntaxErrorKind::too_long);
    auto capability = cursor.atom();
    if (!capability) return std::unexpected(capability.error());
    enable.capabilities.push_back(upper(*capability));
  } while (cursor.rest().find_first_not_of(' ') != std::string_view::npos);
  return enable;
}

template <typename Body>
Parsed<CommandBody> select(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mailbox = cursor.mailbox();
  if (!mailbox) return std::unexpected(mailbox.error());
  auto parameters = select_parameters(cursor);
  if (!parameters) return std::unexpected(parameters.error());
  return Body{std::move(*mailbox), std::move(*parameters)};
}

// use-attr (RFC 6154 §6)
Parsed<SpecialUse> use_attribute(Cursor& cursor) {
  const auto start = cursor.offset();
  if (!cursor.skip('\\')) return cursor.error();
  auto name = cursor.atom();
  if (!name) return std::unexpected(name.error());
  const auto use = parse_special_use("\\" + std::string(*name));
  if (!use) return cursor.error_at(start, SyntaxErrorKind::bad_special_use);
  return *use;
}

Parsed<Create> create(Cursor& cursor) {
  constexpr std::size_t kUsesMax = 16;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mailbox = cursor.mailbox();
  if (!mailbox) return std::unexpected(mailbox.error());
  Create create{std::move(*mailbox), {}};
  if (!cursor.skip(" (USE ")) return create;
  auto uses = cursor.list_of(use_attribute, kUsesMax);
  if (!uses) return std::unexpected(uses.error());
  create.special_uses = std::move(*uses);
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  return create;
}

Parsed<Rename> rename(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto from = cursor.mailbox();
  if (!from) return std::unexpected(from.error());
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto to = cursor.mailbox();
  if (!to) return std::unexpected(to.error());
  return Rename{std::move(*from), std::move(*to)};
}

template <typename Body>
Parsed<CommandBody> reference_and_pattern(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto reference = cursor.list_mailbox();
  if (!reference) return std::unexpected(reference.error());
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto pattern = cursor.list_mailbox();
  if (!pattern) return std::unexpected(pattern.error());
  if (!*reference) pattern->reset();
  return Body{std::move(*reference).value_or(""), std::move(*pattern)};
}

template <typename Body>
Parsed<CommandBody> set_and_mailbox(Cursor& cursor, NumberedBy numbered_by) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto set = sequence_set(cursor);
  if (!set) return std::unexpected(set.error());
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mailbox = cursor.mailbox();
  if (!mailbox) return std::unexpected(mailbox.error());
  return Body{numbered_by, std::move(*set), std::move(*mailbox)};
}

// uid-expunge (RFC 4315 §4)
Parsed<Expunge> uid_expunge(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto uids = sequence_set(cursor);
  if (!uids) return std::unexpected(uids.error());
  return Expunge{std::move(*uids)};
}

// string SPACE nstring (RFC 2971 §4)
Parsed<IdParameter> id_parameter(Cursor& cursor) {
  const auto start = cursor.offset();
  auto field = cursor.string();
  if (!field) return std::unexpected(field.error());
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto value = cursor.nstring();
  if (!value) return std::unexpected(value.error());
  const bool long_value = *value && (*value)->size() > kIdValueMaxOctets;
  if (field->size() > kIdFieldMaxOctets || long_value) return cursor.error_at(start, SyntaxErrorKind::too_long);
  return IdParameter{std::move(*field), std::move(*value)};
}

Parsed<Id> id(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (cursor.skip("NIL")) return Id{};
  auto parameters = cursor.list_of(id_parameter, kIdParametersMax);
  if (!parameters) return std::unexpected(parameters.error());
  return Id{std::move(*parameters)};
}

Parsed<Compress> compress(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  const auto start = cursor.offset();
  auto mechanism = cursor.atom();
  if (!mechanism) return std::unexpected(mechanism.error());
  if (!iequals(*mechanism, "DEFLATE")) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return Compress{};
}

Parsed<GetQuota> get_quota(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto root = cursor.astring();
  if (!root) return std::unexpected(root.error());
  return GetQuota{std::move(*root)};
}

Parsed<SetQuota> set_quota(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto root = cursor.astring();
  if (!root) return std::unexpected(root.error());
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (!cursor.next_is('(')) return cursor.error();
  cursor.take_while([](char) { return true; });
  return SetQuota{std::move(*root)};
}

Parsed<CommandBody> uid_command(Cursor& cursor);

struct CommandRule {
  std::string_view name;
  Parsed<CommandBody> (*rule)(Cursor&);
};

using enum NumberedBy;

constexpr CommandRule kCommands[] = {
    {"APPEND", as_command<append>},
    {"AUTHENTICATE", as_command<authenticate>},
    {"CAPABILITY", bare<Capability>},
    {"CHECK", bare<Check>},
    {"CLOSE", bare<Close>},
    {"COMPRESS", as_command<compress>},
    {"COPY", numbered<set_and_mailbox<Copy>, sequence_number>},
    {"CREATE", as_command<create>},
    {"DELETE", one_mailbox<Delete>},
    {"ENABLE", as_command<enable>},
    {"EXAMINE", select<Examine>},
    {"EXPUNGE", bare<Expunge>},
    {"FETCH", numbered<fetch, sequence_number>},
    {"GETMETADATA", as_command<get_metadata>},
    {"GETQUOTA", as_command<get_quota>},
    {"GETQUOTAROOT", one_mailbox<GetQuotaRoot>},
    {"ID", as_command<id>},
    {"IDLE", bare<Idle>},
    {"LIST", as_command<list>},
    {"LOGIN", as_command<login>},
    {"LOGOUT", bare<Logout>},
    {"LSUB", reference_and_pattern<Lsub>},
    {"MOVE", numbered<set_and_mailbox<Move>, sequence_number>},
    {"NAMESPACE", bare<Namespace>},
    {"NOOP", bare<Noop>},
    {"NOTIFY", as_command<notify>},
    {"RENAME", as_command<rename>},
    {"REPLACE", numbered<replace, sequence_number>},
    {"SEARCH", numbered<search, sequence_number>},
    {"SELECT", select<Select>},
    {"SETMETADATA", as_command<set_metadata>},
    {"SETQUOTA", as_command<set_quota>},
    {"SORT", numbered<sort, sequence_number>},
    {"STARTTLS", bare<StartTls>},
    {"STATUS", as_command<status>},
    {"STORE", numbered<store, sequence_number>},
    {"SUBSCRIBE", one_mailbox<Subscribe>},
    {"THREAD", numbered<thread, sequence_number>},
    {"UID", uid_command},
    {"UNAUTHENTICATE", bare<Unauthenticate>},
    {"UNSELECT", bare<Unselect>},
    {"UNSUBSCRIBE", one_mailbox<Unsubscribe>},
    {"XLIST", reference_and_pattern<Xlist>},
};

constexpr CommandRule kUidCommands[] = {
    {"COPY", numbered<set_and_mailbox<Copy>, uid>},
    {"EXPUNGE", as_command<uid_expunge>},
    {"FETCH", numbered<fetch, uid>},
    {"MOVE", numbered<set_and_mailbox<Move>, uid>},
    {"REPLACE", numbered<replace, uid>},
    {"SEARCH", numbered<search, uid>},
    {"SORT", numbered<sort, uid>},
    {"STORE", numbered<store, uid>},
    {"THREAD", numbered<thread, uid>},
};

// The command named at the cursor, by its rule in `rules`.
Parsed<CommandBody> named_command(Cursor& cursor, std::span<const CommandRule> rules) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  for (const auto& entry : rules) {
    if (iequals(*name, entry.name)) return entry.rule(cursor);
  }
  return cursor.error_at(start, SyntaxErrorKind::unknown_command);
}

Parsed<CommandBody> uid_command(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  return named_command(cursor, kUidCommands);
}

Parsed<std::string> tag(Cursor& cursor) {
  const auto text = cursor.take_while([](char c) { return is_tag_char(c); });
  if (text.empty()) return cursor.error();
  if (text.size() > kTagMaxOctets) return cursor.error_at(0, SyntaxErrorKind::too_long);
  return std::string(text);
}

// All that follows the tag.
Parsed<CommandBody> command_body(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto body = named_command(cursor, kCommands);
  if (!body) return body;
  cursor.skip_spaces();
  if (!cursor.at_end()) return cursor.error();
  return body;
}

}  // namespace

std::expected<Command, CommandError> parse_command(std::string_view octets, MailboxEncoding encoding) {
  Cursor cursor(octets, encoding);
  auto own_tag = tag(cursor);
  if (!own_tag) return std::unexpected(CommandError{{}, own_tag.error().kind, own_tag.error().offset});
  auto body = command_body(cursor);
  if (!body) return std::unexpected(CommandError{std::move(*own_tag), body.error().kind, body.error().offset});
  return Command{std::move(*own_tag), std::move(*body)};
}

}  // namespace posthaste::imap
