// Torn ends and damage, told apart by what we wrote, whatever is in the bodies.
#include "common/journal/scan.h"

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/journal/log_buffer.h"
#include "forged.h"

namespace posthaste::journal {
namespace {

const Framing kSecretFraming = framing_of(0xFEDC'BA98'7654'3210);
const Framing kFramings[] = {Framing{}, kSecretFraming};

using Group = std::vector<std::vector<std::string>>;  // applies, each of bodies

/// Groups from octet 0 and sequence 1 on.
struct Written {
  explicit Written(const Framing& framing_) : framing(framing_) {}

  void add(const Group& group) {
    LogBuffer buffer;
    buffer.restart({1, octets.size(), sequence}, framing);
    const std::size_t start = octets.size();
    for (const auto& apply : group) {
      for (const std::string& body : apply) {
        buffer.add(1, [&body](std::string& out) { out.append(body); });
        ends.push_back(start + buffer.octets().size());
      }
      buffer.end_apply();
    }
    buffer.end_group();
    octets += buffer.octets();
    sequence = buffer.next_sequence();
    group_ends.push_back(octets.size());
  }

  Framing framing;
  std::string octets;
  std::uint64_t sequence = 1;
  std::vector<std::uint64_t> ends;  // of records
  std::vector<std::uint64_t> group_ends;
};

/// Three groups, of two applies, one apply, and one apply of two records.
Written three_groups(const Framing& framing) {
  Written written(framing);
  written.add({{"one"}, {"the second"}});
  written.add({{"third"}});
  written.add({{"octets of the fourth", "and fifth"}});
  return written;
}

struct Found {
  ScanEnd end = ScanEnd::clean;
  std::uint64_t offset = 0;
  std::size_t applies = 0;
  bool operator==(const Found&) const = default;
};

Found scan(const Framing& framing, std::string_view segment, std::uint64_t sequence = 1) {
  std::size_t applies = 0;
  const auto count = [&](std::span<const ScannedRecord>) {
    ++applies;
    return true;
  };
  const ScanResult result = scan_records(segment, framing, 0, sequence, count);
  return {result.end, result.offset, applies};
}

std::string with_wrong_bit(std::string octets, std::size_t place) {
  octets[place] = static_cast<char>(octets[place] ^ 1);
  return octets;
}

TEST(Scan, GivesWholeAppliesAndCutsATornEndAtEveryOctet) {
  for (const Framing& framing : kFramings) {
    const Written written = three_groups(framing);
    const std::size_t ends[] = {0, written.ends[0], written.ends[1], written.ends[2], written.ends[4]};
    for (std::size_t octets = 0; octets <= written.octets.size(); ++octets) {
      std::size_t whole = 0;
      while (whole < 4 && ends[whole + 1] <= octets) ++whole;
      const ScanEnd end = ends[whole] == octets ? ScanEnd::clean : ScanEnd::torn;
      EXPECT_EQ(scan(framing, written.octets.substr(0, octets)), (Found{end, ends[whole], whole})) << octets;
    }
  }
}

TEST(Scan, SparesADamagedBodyThatWasSyncedAndNothingElse) {
  const auto spared = [](const Framing& framing, std::string_view segment) {
    std::size_t unsound = 0;
    Found found;
    const auto apply = [&](std::span<const ScannedRecord> records) {
      ++found.applies;
      for (const ScannedRecord& record : records) unsound += record.is_sound ? 0 : 1;
      return true;
    };
    const auto all = [](const RecordHeader&) { return true; };
    const ScanResult result = scan_records(segment, framing, 0, 1, apply, all);
    found.end = result.end;
    found.offset = result.offset;
    return std::pair{found, unsound};
  };
  for (const Framing& framing : kFramings) {
    const Written written = three_groups(framing);
    const auto with_wrong = [&](std::size_t place) {
      return spared(framing, with_wrong_bit(written.octets, place));
    };
    const Found whole{ScanEnd::clean, written.octets.size(), 4};
    EXPECT_EQ(spared(framing, written.octets), (std::pair{whole, std::size_t{0}}));
    if (framing.format == 1) {  // anybody writes such headers
      EXPECT_EQ(with_wrong(written.ends[0] - 1), (std::pair{Found{ScanEnd::damaged, 0, 0}, std::size_t{0}}));
      continue;
    }
    EXPECT_EQ(with_wrong(written.ends[0] - 1), (std::pair{whole, std::size_t{1}}));
    EXPECT_EQ(with_wrong(written.ends[2] - 1), (std::pair{whole, std::size_t{1}}));
    // A header, and what may have been cut short.
    EXPECT_EQ(with_wrong(written.ends[0] + 1).first.end, ScanEnd::damaged);
    EXPECT_EQ(with_wrong(written.ends[4] - 1),
              (std::pair{Found{ScanEnd::torn, written.ends[2], 3}, std::size_t{0}}));
  }
}

TEST(Scan, TellsDamageFromATornEnd) {
  for (const Framing& framing : kFramings) {
    const Written written = three_groups(framing);
    const auto found = [&](std::size_t wrong) { return scan(framing, with_wrong_bit(written.octets, wrong)); };
    // The first body: a synced group follows its own.
    EXPECT_EQ(found(written.ends[0] - 1), (Found{ScanEnd::damaged, 0, 0}));
    EXPECT_EQ(found(written.ends[2] - 1), (Found{ScanEnd::damaged, written.ends[1], 2}));
    // Within the last group: it may never have been synced.
    EXPECT_EQ(found(written.ends[3] - 1), (Found{ScanEnd::torn, written.ends[2], 3}));
    EXPECT_EQ(found(written.ends[1] + 5), (Found{ScanEnd::damaged, written.ends[1], 2}));  // a group's only header
    EXPECT_EQ(found(written.ends[2] + 5),
              (Found{ScanEnd::damaged, written.ends[2], 3}));                           // its group's end is sound
    EXPECT_EQ(found(written.ends[3] + 5), (Found{ScanEnd::torn, written.ends[2], 3}));  // nothing sound follows
  }
}

TEST(Scan, AWrongBitAnywhereInWhatWasSyncedIsDamage) {
  const Written written = three_groups(kSecretFraming);
  for (std::size_t place = 0; place < written.group_ends[1]; ++place) {
    EXPECT_EQ(scan(kSecretFraming, with_wrong_bit(written.octets, place)).end, ScanEnd::damaged) << place;
  }
  // Also when all that is left of the later group is one of its headers.
  const std::string cut = written.octets.substr(0, written.group_ends[1] + kRecordHeaderOctets);
  EXPECT_EQ(scan(kSecretFraming, with_wrong_bit(cut, 0)).end, ScanEnd::damaged);
  EXPECT_EQ(scan(kSecretFraming, with_wrong_bit(cut, written.ends[1] - 1)).end, ScanEnd::damaged);
  // Octets that were synced do not turn into zeros, either.
  std::string zeros = written.octets;
  zeros.replace(0, written.group_ends[0], written.group_ends[0], '\0');
  EXPECT_EQ(scan(kSecretFraming, zeros).end, ScanEnd::damaged);
}

TEST(Scan, ASectorThatWasNeverWrittenIsATornEnd) {
  // One group, larger than a sector: its first sector did not get to the disk, its end did.
  for (const Framing& framing : kFramings) {
    Written written(framing);
    written.add({{std::string(1000, 'x'), "end"}});
    std::string segment = written.octets;
    ASSERT_EQ(scan(framing, segment).end, ScanEnd::clean);
    segment.replace(0, 512, std::string(512, '\0'));
    EXPECT_EQ(scan(framing, segment), (Found{ScanEnd::torn, 0, 0}));
    segment[511] = 'x';
    EXPECT_EQ(scan(framing, segment), (Found{ScanEnd::damaged, 0, 0}));
  }
}

TEST(Scan, WhateverPagesAPowerFailureLeavesOfTheLastGroupTheEndIsTorn) {
  constexpr std::size_t kPageOctets = 512;
  Written written(kSecretFraming);
  written.add({{"synced"}});
  const std::size_t synced = written.octets.size();
  written.add({{forged_groups(), std::string(1500, 'x')}, {std::string(900, 'y'), forged_groups()}, {"z"}});
  const std::size_t pages = (written.octets.size() + kPageOctets - 1) / kPageOctets;
  ASSERT_GE(pages, 6U);
  ASSERT_LE(pages, 12U);
  for (unsigned lost = 1; lost < (1U << pages); ++lost) {
    std::string image = written.octets;
    for (std::size_t page = 0; page < pages; ++page) {
      if ((lost >> page & 1U) == 0) continue;
      const std::size_t start = std::max(page * kPageOctets, synced);
      const std::size_t end = std::min((page + 1) * kPageOctets, image.size());
      image.replace(start, end - start, end - start, '\0');
    }
    const Found found = scan(kSecretFraming, image);
    ASSERT_EQ(found.end, ScanEnd::torn) << lost;
    ASSERT_GE(found.offset, synced) << lost;
  }
}

TEST(Scan, AMessageThatHoldsRecordsIsATornEndWhereverItIsCut) {
  Written written(kSecretFraming);
  written.add({{"synced"}});
  const std::size_t synced = written.octets.size();
  written.add({{forged_groups(), "link"}});
  for (std::size_t octets = synced + 1; octets < written.octets.size(); ++octets) {
    const std::string cut = written.octets.substr(0, octets);
    EXPECT_EQ(scan(kSecretFraming, cut), (Found{ScanEnd::torn, synced, 1})) << octets;
    if (octets - synced < kRecordHeaderOctets + forged_groups().size()) continue;
    EXPECT_EQ(scan(kSecretFraming, with_wrong_bit(cut, synced + 5)).end, ScanEnd::torn) << octets;  // header lost
  }
  // Format 1 takes the same octets for ours.
  Written first(Framing{});
  first.add({{forged_groups()}});
  EXPECT_EQ(scan(first.framing, first.octets.substr(0, first.octets.size() - 1)).end, ScanEnd::damaged);
}

TEST(Scan, RecordsOfOursElsewhereProveNothing) {
  const std::string of_another_segment = three_groups(framing_of(1)).octets;
  Written written(kSecretFraming);
  written.add({{"synced"}});
  written.add({{"again"}});
  const std::string copied = written.octets;  // at another place of the same segment
  written.add({{of_another_segment + copied + copied}});
  const std::string cut = written.octets.substr(0, written.octets.size() - 1);
  EXPECT_EQ(scan(kSecretFraming, cut), (Found{ScanEnd::torn, written.group_ends[1], 2}));
}

TEST(Scan, AGroupMayHoldMoreRecordsThanAreCounted) {
  Written written(kSecretFraming);
  written.add(Group(70'000, {""}));
  written.add({{"next"}});
  const std::string group = written.octets.substr(0, written.group_ends[0]);
  const std::size_t counted = 100 * kRecordHeaderOctets;
  const std::size_t uncounted = 69'000 * kRecordHeaderOctets;
  std::string torn = group;
  torn.replace(counted, 512, 512, '\0');
  EXPECT_EQ(scan(kSecretFraming, torn).end, ScanEnd::torn);
  EXPECT_EQ(scan(kSecretFraming, with_wrong_bit(written.octets, counted)).end, ScanEnd::damaged);
  EXPECT_EQ(scan(kSecretFraming, with_wrong_bit(written.octets, uncounted)).end, ScanEnd::damaged);
}

TEST(Scan, RefusesARecordOutOfSequence) {
  for (const Framing& framing : kFramings) {
    const Written written = three_groups(framing);
    EXPECT_EQ(scan(framing, written.octets, 2), (Found{ScanEnd::damaged, 0, 0}));
    const std::string twice = written.octets + written.octets.substr(written.ends[2]);
    EXPECT_EQ(scan(framing, twice), (Found{ScanEnd::torn, written.ends[4], 4}));
  }
  Written last(kSecretFraming);
  last.add({{"x"}});
  EXPECT_EQ(scan(kSecretFraming, last.octets, 2).end, ScanEnd::damaged);  // ours, at its place: no end that is torn
}

double cpu_seconds() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

/// Least of some, so that a neighbour on the processor does not count.
double cost_of_scan(const Framing& framing, std::string_view segment) {
  double least = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double before = cpu_seconds();
    static_cast<void>(scan(framing, segment));
    least = std::min(least, cpu_seconds() - before);
  }
  return least;
}

TEST(Scan, CostsInProportionToTheOctetsWhateverTheyAre) {
  constexpr std::size_t kOctets = std::size_t{2} << 20;
  for (const Framing& framing : kFramings) {
    const auto torn = [&](std::size_t octets) {
      Written written(framing);
      written.add({{forged_headers(Framing{}, octets)}});
      return written.octets.substr(0, written.octets.size() - 1);
    };
    const double once = cost_of_scan(framing, torn(kOctets));
    EXPECT_LT(cost_of_scan(framing, torn(2 * kOctets)), 3 * once) << int{framing.format};
  }
  // Our own records, each sound, none of a later group: a group whose first sector is missing.
  const auto torn = [](std::size_t records) {
    Written written(kSecretFraming);
    written.add(Group(records, {std::string(1000, 'x')}));
    return written.octets.replace(0, 512, 512, '\0');
  };
  const double once = cost_of_scan(kSecretFraming, torn(2000));
  EXPECT_LT(cost_of_scan(kSecretFraming, torn(4000)), 3 * once);
}

}  // namespace
}  // namespace posthaste::journal
