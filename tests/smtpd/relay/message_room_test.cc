// Whose messages have room in memory.
#include "smtpd/relay/message_room.h"

#include <gtest/gtest.h>

#include <list>
#include <string>
#include <vector>

#include "common/net/scope.h"

namespace posthaste::relay {
namespace {

using Log = std::vector<std::string>;

/// A room of 400 octets, in which a share has 100, and those who ask for places. Whoever has waited logs its name.
class Asking {
 public:
  ~Asking() { room.stop(); }

  MessageRoom::Place& wait(const std::string& name, const std::string& destination, const std::string& sender,
                           std::uint64_t octets) {
    auto& place = places_.emplace_back(room, RoomHolder{destination, sender}, octets);
    scope_.spawn(take(place, name, log));
    return place;
  }
  MessageRoom::Place& ask(const std::string& destination, const std::string& sender, std::uint64_t octets) {
    return places_.emplace_back(room, RoomHolder{destination, sender}, octets);
  }

  MessageRoom room{400};
  Log log;

 private:
  static net::Task<void> take(MessageRoom::Place& place, std::string name, Log& log) {
    const bool taken = co_await place.take();
    log.push_back(taken ? name : name + " stopped");
  }

  std::list<MessageRoom::Place> places_;
  net::TaskScope scope_;
};

TEST(MessageRoom, AHostHoldsAQuarter) {
  Asking asking;
  auto& first = asking.wait("first", "slow", "a", 60);
  asking.wait("second", "slow", "b", 60);
  asking.wait("third", "slow", "c", 40);
  asking.wait("other", "quick", "d", 100);
  EXPECT_EQ(asking.log, (Log{"first", "third", "other"}));
  first.give_back();
  EXPECT_EQ(asking.log.back(), "second");
}

TEST(MessageRoom, ASenderHoldsAQuarter) {
  Asking asking;
  auto& first = asking.wait("first", "one", "a", 100);
  asking.wait("second", "two", "a", 1);
  asking.wait("other", "two", "b", 100);
  EXPECT_EQ(asking.log, (Log{"first", "other"}));
  first.give_back();
  EXPECT_EQ(asking.log.size(), 2U) << "the second one's host has no room";
}

TEST(MessageRoom, OfWhatWaitsTheSenderWhoHoldsLeastIsNext) {
  Asking asking;
  auto& a = asking.wait("a", "one", "a", 50);
  asking.wait("b", "two", "b", 100);
  asking.wait("c", "three", "c", 100);
  asking.wait("d", "four", "d", 100);
  asking.wait("a again", "one", "a", 50);
  asking.wait("a in vain", "five", "a", 50);
  asking.wait("e", "five", "e", 50);
  asking.log.clear();
  a.give_back();
  EXPECT_EQ(asking.log, Log{"e"});
}

TEST(MessageRoom, InTheOrderOfAskingAmongEquals) {
  Asking asking;
  auto& first = asking.wait("first", "one", "a", 100);
  asking.wait("second", "one", "b", 60);
  asking.wait("third", "one", "c", 40);
  asking.wait("fourth", "one", "d", 40);
  asking.log.clear();
  first.give_back();
  EXPECT_EQ(asking.log, (Log{"second", "third"}));
}

TEST(MessageRoom, ASmallOneDoesNotPassALargeOneForEver) {
  Asking asking;
  auto& a = asking.wait("a", "one", "a", 60);
  auto& b = asking.wait("b", "two", "b", 100);
  asking.wait("c", "three", "c", 100);
  asking.wait("d", "four", "d", 100);
  asking.log.clear();
  asking.wait("large", "five", "e", 100);
  EXPECT_FALSE(asking.ask("six", "f", 20).try_take()) << "there is room, but not for whom it belongs to";
  asking.wait("small", "six", "f", 20);
  EXPECT_EQ(asking.log, Log{});
  a.give_back();
  EXPECT_EQ(asking.log, Log{"large"});
  b.give_back();
  EXPECT_EQ(asking.log, (Log{"large", "small"}));
}

TEST(MessageRoom, FourHaveRoomHoweverLargeTheyAre) {
  Asking asking;
  auto& first = asking.wait("first", "one", "a", 1'000);
  for (const std::string name : {"second", "third", "fourth", "fifth"}) asking.wait(name, name, name, 1'000);
  EXPECT_EQ(asking.log, (Log{"first", "second", "third", "fourth"}));
  EXPECT_EQ(asking.room.octets_in_use(), 400U);
  first.give_back();
  EXPECT_EQ(asking.log.back(), "fifth");
}

TEST(MessageRoom, WhoDoesNotWaitIsInNobodysWay) {
  Asking asking;
  asking.wait("first", "one", "a", 100);
  auto& impatient = asking.ask("one", "b", 10);
  EXPECT_FALSE(impatient.try_take());
  auto& other = asking.ask("two", "c", 10);
  EXPECT_TRUE(other.try_take());
  EXPECT_TRUE(other.try_take()) << "it has it already";
  other.give_back();
  other.give_back();
  EXPECT_EQ(asking.room.octets_in_use(), 100U);
}

TEST(MessageRoom, NobodyWaitsAfterTheEnd) {
  Asking asking;
  auto& first = asking.wait("first", "one", "a", 100);
  asking.wait("second", "one", "b", 100);
  asking.room.stop();
  asking.wait("third", "two", "c", 100);
  first.give_back();
  EXPECT_EQ(asking.log, (Log{"first", "second stopped", "third stopped"}));
}

}  // namespace
}  // namespace posthaste::relay
