// Who may deliver when.
#include "smtpd/relay/places.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/net/scope.h"
#include "common/net/sim_world.h"

namespace posthaste::relay {
namespace {

const Destination kOne{"one.test"};
const Destination kTwo{"two.test"};

const std::string kAlice = "alice";
const std::string kBob = "bob";

net::Task<void> take(Places& places, Destination destination, std::string sender, std::string name,
                     std::vector<std::string>& log) {
  const bool admitted = co_await places.take(destination, sender);
  log.push_back(admitted ? name : name + " stopped");
}

/// Starts one who waits for each of `names`.
void start(net::TaskScope& scope, Places& places, const Destination& destination,
           const std::vector<std::string>& names, std::vector<std::string>& log,
           const std::string& sender = kAlice) {
  for (const auto& name : names) scope.spawn(take(places, destination, sender, name, log));
}

/// Each to a domain of its own.
void start_to_many(net::TaskScope& scope, Places& places, const std::string& sender, int count,
                   std::vector<std::string>& log) {
  for (int i = 0; i < count; ++i) {
    start(scope, places, Destination{sender + std::to_string(i) + ".test"}, {sender}, log, sender);
  }
}

using Log = std::vector<std::string>;

TEST(Places, FiveAtFirstThenInTheOrderOfAsking) {
  Places places{20, 100};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, {"1", "2", "3", "4", "5", "6", "7"}, log);
  EXPECT_EQ(log, (Log{"1", "2", "3", "4", "5"}));
  places.give_back(kOne, kAlice, Experience::neither);
  EXPECT_EQ(log.back(), "6");
  places.give_back(kOne, kAlice, Experience::took_mail);  // one given back and one more
  EXPECT_EQ(log.back(), "7");
  EXPECT_EQ(places.taken(), 5U);
}

TEST(Places, GrowWithSuccessUpToTheLimit) {
  Places places{7, 100};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, Log(40, "x"), log);
  EXPECT_EQ(log.size(), 5U);
  places.give_back(kOne, kAlice, Experience::took_mail);
  EXPECT_EQ(places.taken(), 6U);
  for (int i = 0; i < 10; ++i) places.give_back(kOne, kAlice, Experience::took_mail);
  EXPECT_EQ(places.taken(), 7U);
  places.stop();
}

TEST(Places, ShrinkWithoutConnectionsDownToOne) {
  Places places{20, 100};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, Log(30, "x"), log);
  for (int i = 0; i < 10; ++i) places.give_back(kOne, kAlice, Experience::no_connection);
  EXPECT_EQ(places.taken(), 1U);
  places.stop();
}

TEST(Places, ABusyDestinationLeavesOthersAlone) {
  Places places{20, 100};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, Log(9, "one"), log);
  log.clear();
  start(scope, places, kTwo, {"two"}, log);
  EXPECT_EQ(log, Log{"two"});
  places.stop();
}

TEST(Places, WhenAllAreTakenTheNextGoesToAnotherDestination) {
  Places places{20, 10};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, {"1", "2", "3", "4", "5", "6", "7"}, log);
  start(scope, places, kTwo, {"two"}, log);
  EXPECT_EQ(log.size(), 5U);
  places.give_back(kOne, kAlice, Experience::took_mail);
  EXPECT_EQ(log.back(), "two");
  places.give_back(kTwo, kAlice, Experience::took_mail);
  EXPECT_EQ(log.back(), "6");
  places.stop();
}

TEST(Places, HoweverManyHaveMuchSomethingIsLeftForTheNext) {
  Places places{20, 500};
  net::TaskScope scope;
  Log log;
  for (const auto& [sender, held] : {std::pair{"a", 250U}, {"b", 125U}, {"c", 63U}, {"d", 31U}, {"e", 16U}}) {
    start_to_many(scope, places, sender, 1'000, log);
    EXPECT_EQ(places.held_by(sender), held) << sender;
    EXPECT_TRUE(places.is_short_for(sender)) << sender;
  }
  EXPECT_FALSE(places.is_short_for("f"));
  log.clear();
  start(scope, places, kOne, {"f"}, log, "f");
  EXPECT_EQ(log, Log{"f"});
  places.stop();
}

TEST(Places, WhoeverHoldsLeastIsNext) {
  Places places{1, 4};
  net::TaskScope scope;
  Log log;
  start_to_many(scope, places, kAlice, 6, log);
  start_to_many(scope, places, kBob, 2, log);
  EXPECT_EQ(log, (Log{kAlice, kAlice, kBob}));
  log.clear();
  places.give_back(Destination{"alice0.test"}, kAlice, Experience::took_mail);
  EXPECT_EQ(log, Log{kAlice});
  places.give_back(Destination{"bob0.test"}, kBob, Experience::took_mail);
  EXPECT_EQ(log, (Log{kAlice, kBob}));
  places.stop();
}

TEST(Places, WhoHoldAsMuchTakeTurns) {
  Places places{5, 1};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, {"a1", "a2", "a3"}, log, kAlice);
  start(scope, places, kTwo, {"b1", "b2"}, log, kBob);
  for (const auto& [destination, sender] :
       {std::pair{kOne, kAlice}, {kOne, kAlice}, {kTwo, kBob}, {kOne, kAlice}}) {
    places.give_back(destination, sender, Experience::took_mail);
  }
  EXPECT_EQ(log, (Log{"a1", "a2", "b1", "a3", "b2"}));
  places.stop();
}

TEST(Places, ASlowDestinationKeepsASendersOtherMailFromNoPlace) {
  Places places{2, 100};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, Log(40, "one"), log);
  start(scope, places, kTwo, {"two"}, log);
  EXPECT_EQ(log, (Log{"one", "one", "two"}));
  places.stop();
}

TEST(Places, StoppingSendsTheWaitingAway) {
  Places places{1, 5};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, {"1", "2"}, log);
  places.stop();
  start(scope, places, kTwo, {"3"}, log);
  EXPECT_EQ(log, (Log{"1", "2 stopped", "3 stopped"}));
  places.give_back(kOne, kAlice, Experience::took_mail);
  EXPECT_EQ(places.taken(), 0U);
}

}  // namespace
}  // namespace posthaste::relay
