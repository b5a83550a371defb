// Two operators and one Lease, on a clock of the test's own.
#include "operator/lease/leader_elector.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace windlass::lease {
namespace {

using kube::Json;
using std::chrono::seconds;
using Clock = LeaderElector::Clock;

// One Lease, with versions, as an API server keeps it.
class LeaseServer final : public kube::Transport {
 public:
  kube::HttpResponse Send(const kube::HttpRequest& request) override {
    if (cut) throw kube::KubeError(0, "NoAnswer", "cut");
    if (request.method == "GET") {
      if (lease.is_null()) return {404, R"({"reason":"NotFound"})"};
      return {200, lease.dump()};
    }
    Json given = Json::parse(request.body);
    if (request.method == "POST" && !lease.is_null()) return {409, R"({"reason":"AlreadyExists"})"};
    if (request.method == "PUT" && given["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"]) {
      return {409, R"({"reason":"Conflict"})"};
    }
    given["metadata"]["resourceVersion"] = std::to_string(++version_);
    lease = given;
    return {200, lease.dump()};
  }
  kube::HttpResponse Stream(const kube::HttpRequest&, const LineSink&, std::stop_token) override { return {}; }

  Json lease;
  bool cut = false;

 private:
  int version_ = 0;
};

struct Operator {
  Operator(LeaseServer& server, const std::string& identity)
      : client(server),
        elector(client, {"ns", "lease", identity, seconds(15), seconds(3)}, [this](bool now_held) { held = now_held; }) {}
  kube::Client client;
  LeaderElector elector;
  bool held = false;
};

TEST(LeaderElector, TheFirstTakesItAndTheSecondWaits) {
  LeaseServer server;
  Operator one(server, "one"), two(server, "two");
  const auto start = Clock::now();
  one.elector.Tick(start);
  two.elector.Tick(start);
  EXPECT_TRUE(one.held);
  EXPECT_FALSE(two.held);
  EXPECT_TRUE(one.elector.HeldFor(seconds(10)));
  EXPECT_FALSE(one.elector.HeldFor(seconds(16)));
  EXPECT_FALSE(two.elector.HeldFor(seconds(0)));
}

TEST(LeaderElector, ADeadHoldersLeaseIsTakenAfterItsWholeDurationOnly) {
  LeaseServer server;
  Operator one(server, "one"), two(server, "two");
  const auto start = Clock::now();
  one.elector.Tick(start);
  two.elector.Tick(start + seconds(1));  // sees it first here: counts from here
  two.elector.Tick(start + seconds(15));
  EXPECT_FALSE(two.held);
  two.elector.Tick(start + seconds(16));
  EXPECT_TRUE(two.held);
  EXPECT_EQ(server.lease["spec"]["leaseTransitions"], 1);
}

TEST(LeaderElector, ARenewedLeaseIsNotTaken) {
  LeaseServer server;
  Operator one(server, "one"), two(server, "two");
  const auto start = Clock::now();
  for (int s = 0; s <= 60; s += 3) {
    one.elector.Tick(start + seconds(s));
    two.elector.Tick(start + seconds(s));
  }
  EXPECT_TRUE(one.held);
  EXPECT_FALSE(two.held);
}

TEST(LeaderElector, AReleasedLeaseIsTakenAtOnce) {
  LeaseServer server;
  Operator one(server, "one"), two(server, "two");
  const auto start = Clock::now();
  one.elector.Tick(start);
  two.elector.Tick(start);
  one.elector.Release();
  EXPECT_FALSE(one.elector.HeldFor(seconds(0)));
  two.elector.Tick(start + seconds(3));
  EXPECT_TRUE(two.held);
}

TEST(LeaderElector, AHolderCutOffKeepsItsTermAndNoMore) {
  LeaseServer server;
  Operator one(server, "one");
  one.elector.Tick(Clock::now());
  server.cut = true;
  one.elector.Tick(Clock::now());
  EXPECT_TRUE(one.held) << "a renewal that failed is not a loss";
  // A term that began long ago: renewals have failed for its whole length.
  LeaseServer other;
  Operator late(other, "late");
  late.elector.Tick(Clock::now() - seconds(16));
  other.cut = true;
  late.elector.Tick(Clock::now());
  EXPECT_FALSE(late.held);
}

TEST(LeaderElector, AHolderOvertakenLosesIt) {
  LeaseServer server;
  Operator one(server, "one"), two(server, "two");
  const auto start = Clock::now();
  one.elector.Tick(start);
  two.elector.Tick(start);
  two.elector.Tick(start + seconds(16));
  ASSERT_TRUE(two.held);
  one.elector.Tick(start + seconds(17));
  EXPECT_FALSE(one.held);
  EXPECT_FALSE(one.elector.HeldFor(seconds(0)));
}

}  // namespace
}  // namespace windlass::lease
