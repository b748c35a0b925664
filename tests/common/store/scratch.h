// What the store's tests share: requests in few words, the index row by row.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/journal/log.h"
#include "common/store/check.h"
#include "common/store/index.h"
#include "common/store/recovery.h"
#include "common/store/writer.h"

#include "../ledger/scratch.h"
#include "../scratch_directory.h"

namespace posthaste::store {

inline constexpr UserId kAlice{1};
inline constexpr UserId kBob{2};
inline constexpr Time kStart{std::chrono::milliseconds{1'700'000'000'000}};

inline WriterOptions options_for(const std::filesystem::path& directory) {
  WriterOptions options;
  options.directory = directory;
  options.map_octets = std::uint64_t{1} << 30;
  options.reserve_octets = 0;
  return options;
}

inline std::unique_ptr<Writer> open_writer(WriterOptions options) {
  auto writer = Writer::open(std::move(options));
  if (!writer) {
    ADD_FAILURE() << writer.error().text;
    return nullptr;
  }
  return std::move(*writer);
}

inline BlobHandle blob(std::string octets) {
  return put_blob(std::move(octets), {"envelope", "body structure", "header cache"});
}

inline Deliver delivery(UserId user, std::string octets, std::string id = {}) {
  Deliver message;
  message.user = user;
  message.blob = blob(std::move(octets));
  if (!id.empty())
    message.delivery = DeliveryId{std::move(id), "user" + std::to_string(number(user)) + "@example.org"};
  return message;
}

/// One step of a request, which may be the only one.
inline Outcome step(Writer& writer, const ApplyRequest& apply, Time now = kStart) {
  const Request request = apply;
  auto outcomes = writer.commit({&request, 1}, now, Publication::now, [](std::span<const Outcome>) {});
  return std::move(outcomes.at(0));
}

/// All steps of a request.
inline ApplyOutcome apply(Writer& writer, UserId user, std::vector<Operation> operations, Time now = kStart,
                          std::string key = {}) {
  ApplyRequest request{user, Batch{std::move(operations)}, IdempotencyKey{std::move(key)}};
  while (true) {
    Outcome outcome = step(writer, request, now);
    if (auto* done = std::get_if<ApplyOutcome>(&outcome)) return std::move(*done);
    request.so_far = std::get<Unfinished>(outcome).copy;
  }
}

/// Removes all that is left over.
inline void clear(Writer& writer) {
  do {
    static_cast<void>(writer.commit({}, kStart, Publication::now, [](std::span<const Outcome>) {}));
  } while (writer.has_leftovers());
}

inline DeliverOutcome deliver(Writer& writer, Deliver message, Time now = kStart) {
  const Request request = std::move(message);
  auto outcomes = writer.commit({&request, 1}, now, Publication::now, [](std::span<const Outcome>) {});
  return std::get<DeliverOutcome>(std::move(outcomes.at(0)));
}

/// The only result of a batch of one, or a failure of the test and an empty one.
template <typename Result>
Result only(const ApplyOutcome& outcome) {
  if (!outcome || outcome->results.size() != 1 || !std::holds_alternative<Result>(outcome->results[0])) {
    ADD_FAILURE() << "not the result expected";
    return {};
  }
  return std::get<Result>(outcome->results[0]);
}

inline MailboxInfo mailbox(const Store& store, UserId user, std::string_view name) {
  const auto snapshot = store.read(user);
  const auto found = snapshot->mailbox(name);
  return found ? *found : MailboxInfo{};
}

/// By a scan; scanned back and asked for its UIDs alone the store says the same.
inline std::vector<Message> messages(const Store& store, UserId user, MailboxId id) {
  std::vector<Message> rows;
  std::vector<Message> back;
  UidSet uids;
  const auto snapshot = store.read(user);
  const auto rest =
      snapshot->scan(id, kAllUids, SIZE_MAX, [&](const Message& message) { rows.push_back(message); });
  EXPECT_TRUE(rest.has_value());
  const auto add_back = [&back](const Message& message) {
    back.insert(back.begin(), message);
    return true;
  };
  EXPECT_TRUE(snapshot->scan_back(id, kAllUids, SIZE_MAX, add_back));
  EXPECT_EQ(back, rows);
  for (const Message& row : rows) uids.add(row.uid);
  EXPECT_EQ(snapshot->uids(id).value_or(UidSet{}), uids);
  return rows;
}

inline std::string body(const Store& store, UserId user, BlobId id) {
  const auto snapshot = store.read(user);
  const auto blob = snapshot->find_blob(id);
  if (!blob) return "no such blob";
  const auto octets = store.read_blob(user, *blob, 0, blob->octets());
  return octets ? *octets : "cannot be read";
}

inline void expect_sound(const Store& store) {
  for (const std::string& problem : check(store, CheckDepth::bodies).problems) ADD_FAILURE() << problem;
}

using ledger::contents;
using ledger::copy_ledger;
using ledger::Rows;
using ledger::write_file;

inline Rows rows_of(const std::filesystem::path& index) {
  return ledger::rows_of(open_index(index, Environment::Access::read, std::uint64_t{1} << 30), kTables);
}

/// A fresh index made from the log holds the same rows.
inline void expect_rebuilt_the_same(const std::filesystem::path& directory) {
  const ScratchDirectory scratch;
  const auto rebuilt = rebuild_index(directory / "log", scratch.path() / "index", std::uint64_t{1} << 30);
  ASSERT_TRUE(rebuilt) << rebuilt.error().text;
  ledger::expect_the_same(rows_of(directory / "index"), rows_of(scratch.path() / "index"));
}

}  // namespace posthaste::store
