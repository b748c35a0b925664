// Random batches against a std::map, from a seed, with compaction, stops and lost indexes in between.
#include <gtest/gtest.h>

#include <random>

#include "scratch.h"

namespace posthaste::queue {
namespace {

struct ModelEntry {
  Envelope envelope;
  std::vector<QueuedRecipient> recipients;
  std::string octets;
};

class Model {
 public:
  Model(const std::filesystem::path& directory, unsigned seed) : directory_(directory), random_(seed) { open(); }

  void run(int rounds) {
    for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
      const unsigned dice = below(40);
      if (dice == 0)
        stop(false);
      else if (dice == 1)
        stop(true);
      else if (dice < 8)
        static_cast<void>(writer_->compact());
      else
        commit_some();
      if (dice == 9) compare();
    }
    ASSERT_TRUE(writer_->publish());
    compare();
  }

 private:
  void open() {
    Options options = options_for(directory_);
    options.segment_octets = 8192;
    writer_ = open_writer(options);
    ASSERT_NE(writer_, nullptr);
  }

  /// The process ends with what was put off; perhaps the index is lost as well.
  void stop(bool lose_index) {
    writer_.reset();
    if (lose_index) std::filesystem::remove_all(directory_ / "index");
    open();
    compare();
  }

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  Status some_status() {
    Status status;
    status.fate = static_cast<Fate>(below(5));
    status.held = below(4) == 0;
    status.delay_reported = below(4) == 0;
    status.attempts = below(100);
    status.next_attempt = at(below(1000));
    status.last_host = std::string(below(30), 'h');
    status.last_reply = std::string(below(60), 'r');
    return status;
  }

  Add some_add() {
    Add one;
    one.envelope.trace_id = std::to_string(random_());
    if (below(3) != 0) one.envelope.reverse_path = smtp::Mailbox{"a", "example.org"};
    if (below(2) == 0) one.envelope.envid = std::string(below(20), 'e');
    for (unsigned i = below(6); i > 0; --i) {
      one.recipients.push_back(waiting_recipient("r" + std::to_string(i), at(below(1000))));
      if (below(3) == 0) one.recipients.back().recipient.notify = smtp::Notify{true, below(2) == 0, false};
      if (below(3) == 0) one.recipients.back().recipient.orcpt = {"rfc822", "x@example.com"};
    }
    for (unsigned i = below(4); i > 0; --i) {
      one.message.push_back(share(std::string(below(900), static_cast<char>('a' + below(26)))));
    }
    return one;
  }

  EntryId some_entry() {
    if (entries_.empty() || below(30) == 0) return EntryId{below(1000)};
    auto place = entries_.begin();
    std::advance(place, below(static_cast<unsigned>(entries_.size())));
    return place->first;
  }

  void commit_some() {
    std::vector<Request> group;
    for (unsigned i = 1 + below(4); i > 0; --i) {
      Batch batch;
      for (unsigned j = below(4); j > 0; --j) {
        const unsigned dice = below(10);
        if (dice < 4) {
          batch.emplace_back(some_add());
        } else if (dice < 7) {
          Update update{some_entry(), {}};
          for (unsigned k = below(3); k > 0; --k) update.changes.push_back({below(5), some_status()});
          batch.emplace_back(std::move(update));
        } else {
          batch.emplace_back(Remove{some_entry()});
        }
      }
      group.push_back({std::move(batch), below(6) == 0 ? Moment::published : Moment::durable});
    }
    std::vector<Outcome> durable;
    const auto last =
        writer_->commit(group, [&](std::span<const Outcome> told) { durable.assign(told.begin(), told.end()); });
    for (std::size_t i = 0; i < group.size(); ++i) {
      const Outcome& outcome = group[i].moment == Moment::durable ? durable[i] : last[i];
      const Outcome expected = expect(group[i].batch);
      EXPECT_EQ(outcome, expected);
    }
  }

  /// Applies the batch to the model as a whole, or not at all.
  Outcome expect(const Batch& batch) {
    auto entries = entries_;
    auto next_id = next_;
    std::vector<EntryId> added;
    std::vector<std::pair<EntryId, ModelEntry>> fresh;
    for (const Change& change : batch) {
      if (const auto* one = std::get_if<Add>(&change)) {
        added.push_back(next_id);
        fresh.push_back({next_id, {one->envelope, one->recipients, octets_of(*one)}});
        next_id = next(next_id);
      } else if (const auto* update = std::get_if<Update>(&change)) {
        const auto found = entries.find(update->entry);
        if (found == entries.end()) return std::unexpected(QueueError::not_found);
        for (const auto& [index, status] : update->changes) {
          if (index >= found->second.recipients.size()) return std::unexpected(QueueError::not_found);
          found->second.recipients[index].status = status;
        }
      } else if (entries.erase(std::get<Remove>(change).entry) == 0) {
        return std::unexpected(QueueError::not_found);
      }
    }
    entries_ = std::move(entries);
    for (auto& one : fresh) entries_.insert(std::move(one));
    next_ = next_id;
    return added;
  }

  void compare() {
    ASSERT_TRUE(writer_->publish());
    const Reader& reader = writer_->reader();
    auto expected = entries_.begin();
    const auto walked = reader.walk([&](const Summary& summary) {
      if (expected == entries_.end()) return false;
      EXPECT_EQ(summary.id, expected->first);
      EXPECT_EQ(summary.envelope, expected->second.envelope);
      std::uint32_t waiting = 0;
      for (const auto& recipient : expected->second.recipients) {
        waiting += recipient.status.fate == Fate::waiting ? 1 : 0;
      }
      EXPECT_EQ(summary.waiting, waiting);
      ++expected;
      return true;
    });
    EXPECT_TRUE(walked);
    EXPECT_TRUE(expected == entries_.end());
    for (const auto& [id, entry] : entries_) {
      const auto there = reader.read(id);
      ASSERT_TRUE(there);
      EXPECT_EQ(there->envelope, entry.envelope);
      EXPECT_EQ(there->recipients, entry.recipients);
      EXPECT_EQ(read_message(reader, id), entry.octets);
    }
    expect_sound(directory_);
  }

  const std::filesystem::path directory_;
  std::mt19937 random_;
  std::unique_ptr<Writer> writer_;
  std::map<EntryId, ModelEntry> entries_;
  EntryId next_{1};
};

TEST(Model, QueueAndMapAgree) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    const ScratchDirectory scratch(quick_directory());
    Model(scratch.path(), seed).run(600);
    expect_rebuilt_the_same(scratch.path());
  }
}

}  // namespace
}  // namespace posthaste::queue
