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

net::Task<void> take(Places& places, Destination destination, std::string name, std::vector<std::string>& log) {
  const bool admitted = co_await places.take(destination);
  log.push_back(admitted ? name : name + " stopped");
}

/// Starts one who waits for each of `names`.
void start(net::TaskScope& scope, Places& places, const Destination& destination,
           const std::vector<std::string>& names, std::vector<std::string>& log) {
  for (const auto& name : names) scope.spawn(take(places, destination, name, log));
}

using Log = std::vector<std::string>;

TEST(Places, FiveAtFirstThenInTheOrderOfAsking) {
  Places places{20, 100};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, {"1", "2", "3", "4", "5", "6", "7"}, log);
  EXPECT_EQ(log, (Log{"1", "2", "3", "4", "5"}));
  places.give_back(kOne, Experience::neither);
  EXPECT_EQ(log.back(), "6");
  places.give_back(kOne, Experience::took_mail);  // one given back and one more
  EXPECT_EQ(log.back(), "7");
  EXPECT_EQ(places.taken(), 5U);
}

TEST(Places, GrowWithSuccessUpToTheLimit) {
  Places places{7, 100};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, Log(40, "x"), log);
  EXPECT_EQ(log.size(), 5U);
  places.give_back(kOne, Experience::took_mail);
  EXPECT_EQ(places.taken(), 6U);
  for (int i = 0; i < 10; ++i) places.give_back(kOne, Experience::took_mail);
  EXPECT_EQ(places.taken(), 7U);
  places.stop();
}

TEST(Places, ShrinkWithoutConnectionsDownToOne) {
  Places places{20, 100};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, Log(30, "x"), log);
  for (int i = 0; i < 10; ++i) places.give_back(kOne, Experience::no_connection);
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
  Places places{20, 5};
  net::TaskScope scope;
  Log log;
  start(scope, places, kOne, {"1", "2", "3", "4", "5", "6", "7"}, log);
  start(scope, places, kTwo, {"two"}, log);
  EXPECT_EQ(log.size(), 5U);
  places.give_back(kOne, Experience::took_mail);
  EXPECT_EQ(log.back(), "two");
  places.give_back(kTwo, Experience::took_mail);
  EXPECT_EQ(log.back(), "6");
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
  places.give_back(kOne, Experience::took_mail);
  EXPECT_EQ(places.taken(), 0U);
}

}  // namespace
}  // namespace posthaste::relay
