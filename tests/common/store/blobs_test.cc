// No octet of a message goes out that is not what was stored, wherever in its record the damage lies.
#include "common/store/blobs.h"

#include "common/store/rows.h"

#include "scratch.h"

namespace posthaste::store {
namespace {

/// A message in a store of its own, and its record's file to be damaged.
class Rot : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    auto writer = open_writer(options_for(scratch_.path()));
    octets_ = std::string(GetParam(), 'm');
    const auto delivered = deliver(*writer, delivery(kAlice, octets_));
    location_ = location_of(*writer->store().read(kAlice)->find_blob(delivered->message.blob));
    writer.reset();
    start_ = location_.offset + location_.octets - record_octets(location_);
  }

  [[nodiscard]] std::unique_ptr<Store> open() {
    auto store = std::move(*Store::open(scratch_.path(), std::uint64_t{1} << 30));
    store->on_damage([this](const Damage& damage) { told_.push_back(damage); });
    return store;
  }

  void flip(std::uint64_t offset) {
    std::fstream file(journal::segment_path(scratch_.path() / "log", location_.segment),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const auto octet = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(octet);
  }

  ScratchDirectory scratch_;
  std::string octets_;
  BlobLocation location_;
  std::uint64_t start_ = 0;  // of the record
  std::vector<Damage> told_;
};

TEST_P(Rot, SoundOctetsComeAsTheyWereStored) {
  const auto store = open();
  EXPECT_EQ(store->read_blob(kAlice, to_blob(location_), 0, octets_.size()), octets_);
  EXPECT_EQ(store->read_blob(kAlice, to_blob(location_), 1, 2), octets_.substr(1, 2));
  EXPECT_TRUE(store->make_sure(kAlice, to_blob(location_)));
  EXPECT_TRUE(told_.empty());
}

TEST_P(Rot, AFlippedBitIsFoundAndNeverServed) {
  const std::uint64_t end = location_.offset + location_.octets;
  // Magic, type, length, checksum; id and summary; the message's first, a middle and its last octet.
  for (const std::uint64_t place :
       {start_, start_ + 4, start_ + 8, start_ + 20, start_ + journal::kRecordHeaderOctets,
        location_.offset - location_.summary_octets, location_.offset - 1, location_.offset,
        location_.offset + location_.octets / 2, end - 1}) {
    flip(place);
    told_.clear();
    const auto whole = open();
    EXPECT_EQ(whole->read_blob(kAlice, to_blob(location_), 0, octets_.size()).error(), StoreError::io)
        << place - start_;
    const auto part = open();
    EXPECT_EQ(part->read_blob(kAlice, to_blob(location_), 0, 1).error(), StoreError::io) << place - start_;
    EXPECT_EQ(part->make_sure(kAlice, to_blob(location_)).error(), StoreError::io) << place - start_;
    EXPECT_EQ(check(*part, CheckDepth::bodies).problems.size(), 1U) << place - start_;
    ASSERT_EQ(told_.size(), 2U) << "once by each who came upon it";
    EXPECT_EQ(told_[0].location, location_);
    EXPECT_EQ(told_[0].users, std::vector{kAlice});
    flip(place);
  }
  EXPECT_EQ(open()->read_blob(kAlice, to_blob(location_), 0, octets_.size()), octets_);
}

TEST_P(Rot, ASummaryInItsRecordIsComparedWithIt) {
  if (record_octets(location_) > Blobs::kComparedForSummaryMax) GTEST_SKIP() << "compared when the message is read";
  Blobs blobs{std::make_shared<journal::SegmentFiles>(scratch_.path() / "log")};
  EXPECT_EQ(blobs.read_summary(location_, 0, location_.summary_octets)->size(), location_.summary_octets);
  flip(location_.offset - 1);
  Blobs later{std::make_shared<journal::SegmentFiles>(scratch_.path() / "log")};
  EXPECT_EQ(later.read_summary(location_, 0, location_.summary_octets).error(), StoreError::io);
}

/// Messages of two users by turns, and a large one in their midst; read in order.
class Neighbours : public ::testing::Test {
 protected:
  void SetUp() override {
    auto writer = open_writer(options_for(scratch_.path()));
    for (std::size_t i = 0; i < kMessages; ++i) {
      octets_.push_back(std::string(i == kLarge ? 100'000 : 500 * i, static_cast<char>('a' + i)));
      const auto delivered = deliver(*writer, delivery(kAlice, octets_.back()));
      locations_.push_back(location_of(*writer->store().read(kAlice)->find_blob(delivered->message.blob)));
      static_cast<void>(deliver(*writer, delivery(kBob, std::string(300 * i, 'b'))));
    }
  }

  [[nodiscard]] BlobRun run(std::vector<BlobLocation> locations) const {
    return {std::make_shared<Blobs>(files()), std::move(locations)};
  }
  [[nodiscard]] std::shared_ptr<journal::SegmentFiles> files() const {
    return std::make_shared<journal::SegmentFiles>(scratch_.path() / "log");
  }
  [[nodiscard]] std::filesystem::path segment() const {
    return journal::segment_path(scratch_.path() / "log", locations_.front().segment);
  }

  static constexpr std::size_t kMessages = 20;
  static constexpr std::size_t kLarge = 12;
  ScratchDirectory scratch_;
  std::vector<std::string> octets_;
  std::vector<BlobLocation> locations_;
};

TEST_F(Neighbours, ComeInWhateverOrderTheyAreAskedFor) {
  auto in_order = run(locations_);
  for (std::size_t i = 0; i < kMessages; ++i) EXPECT_EQ(in_order.read(locations_[i]), octets_[i]) << i;
  auto backwards = run(locations_);
  for (std::size_t i = kMessages; i-- > 0;) EXPECT_EQ(backwards.read(locations_[i]), octets_[i]) << i;
  auto reversed = run({locations_.rbegin(), locations_.rend()});
  for (std::size_t i = kMessages; i-- > 0;) EXPECT_EQ(reversed.read(locations_[i]), octets_[i]) << i;
  auto some = run(locations_);
  for (const std::size_t i : {3, 5, 5, 11, 12, 13, 4, 19}) EXPECT_EQ(some.read(locations_[i]), octets_[i]) << i;
  auto unforeseen = run({});
  for (const std::size_t i : {3, 12, 4}) EXPECT_EQ(unforeseen.read(locations_[i]), octets_[i]) << i;
}

TEST_F(Neighbours, DamageOfOneIsNotTheOthers) {
  for (std::size_t damaged = 1; damaged < kMessages; ++damaged) {
    std::fstream file(segment(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(locations_[damaged].offset));
    file.put('!').flush();
    std::vector<BlobLocation> told;
    auto blobs = std::make_shared<Blobs>(files());
    blobs->on_damage([&told](const BlobLocation& location) { told.push_back(location); });
    BlobRun all{blobs, locations_};
    for (std::size_t i = 0; i < kMessages; ++i) {
      const auto octets = all.read(locations_[i]);
      if (i == damaged) {
        EXPECT_EQ(octets.error(), StoreError::io) << i;
      } else {
        EXPECT_EQ(octets, octets_[i]) << i << " beside " << damaged;
      }
    }
    EXPECT_EQ(told, std::vector{locations_[damaged]});
    file.seekp(static_cast<std::streamoff>(locations_[damaged].offset));
    file.put(octets_[damaged].front());
  }
}

TEST_F(Neighbours, AreReadWhenTheLastOfThemIsCutOff) {
  std::filesystem::resize_file(segment(), locations_.back().offset + 1);
  auto all = run(locations_);
  for (std::size_t i = 0; i + 1 < kMessages; ++i) EXPECT_EQ(all.read(locations_[i]), octets_[i]) << i;
  EXPECT_EQ(all.read(locations_.back()).error(), StoreError::io);
}

TEST_F(Neighbours, OfASegmentThatIsGoneAreNotThere) {
  std::filesystem::remove(segment());
  EXPECT_EQ(run(locations_).read(locations_[1]).error(), StoreError::no_such_message);
}

// A record that is read at once, one that ends at a slice's end or so, and one of several slices.
INSTANTIATE_TEST_SUITE_P(Sizes, Rot, ::testing::Values(10, 65'400, 400'000));

/// What is remembered as sound is not compared again, so damage that came later is not seen.
TEST(BlobsInSlices, OneLargeMessageIsNotForgottenForAnother) {
  constexpr std::size_t kBetween = 16'384;
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  const std::string large(100'000, 'm');
  std::vector<Request> requests{delivery(kAlice, large)};
  for (std::size_t i = 1; i < kBetween; ++i) requests.emplace_back(delivery(kAlice, "x"));
  requests.emplace_back(delivery(kAlice, large));
  const auto outcomes = writer->commit(requests, kStart, Publication::now, [](std::span<const Outcome>) {});
  const auto location = [&](std::size_t i) {
    return location_of(
        *writer->store().read(kAlice)->find_blob(std::get<DeliverOutcome>(outcomes[i])->message.blob));
  };
  const BlobLocation one = location(0);
  const BlobLocation other = location(kBetween);
  ASSERT_EQ(number(other.blob) - number(one.blob), kBetween);

  Blobs blobs{std::make_shared<journal::SegmentFiles>(scratch.path() / "log")};
  ASSERT_TRUE(blobs.read(one, 0, 1));
  ASSERT_TRUE(blobs.read(other, 0, 1));
  std::fstream file(journal::segment_path(scratch.path() / "log", one.segment),
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(one.offset));
  file.put('n');
  file.close();
  EXPECT_EQ(blobs.read(one, 1, 1), "m");
  EXPECT_EQ(blobs.read(one, 0, one.octets).error(), StoreError::io);
}

}  // namespace
}  // namespace posthaste::store
