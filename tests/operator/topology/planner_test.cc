// The planner: named cases, and properties over random clusters by seed.
#include "operator/topology/planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace windlass::topology {
namespace {

std::vector<ShardState> EvenCluster(int shards) {
  std::vector<ShardState> cluster;
  for (const slot::SlotRange& range : EvenSplit(shards)) {
    ShardState shard;
    shard.id = "shard-" + std::to_string(100 + cluster.size());
    shard.slots.Add(range);
    cluster.push_back(shard);
  }
  return cluster;
}

std::vector<ShardState> Apply(std::vector<ShardState> shards, const Plan& plan) {
  for (const SlotMove& move : plan.moves) {
    for (ShardState& shard : shards) {
      if (shard.id == move.from) shard.slots.Remove(move.slot);
      if (shard.id == move.to) shard.slots.Add(move.slot);
    }
  }
  return shards;
}

// Every slot at a random shard; some shards drained, some with odd capacities.
std::vector<ShardState> RandomCluster(std::mt19937& random, bool equal_capacities) {
  const int count = 1 + static_cast<int>(random() % 9);
  std::vector<ShardState> shards(count);
  for (int i = 0; i < count; ++i) {
    shards[i].id = "s" + std::to_string(i);
    if (!equal_capacities) shards[i].capacity = static_cast<double>(random() % 4);
  }
  shards[random() % count].capacity = 1;
  const int favoured = 1 + static_cast<int>(random() % count);
  for (int s = 0; s < slot::kSlotCount; ++s) shards[random() % favoured].slots.Add(static_cast<slot::SlotId>(s));
  return shards;
}

void ExpectCoveredOnce(const std::vector<ShardState>& shards) {
  slot::SlotSet seen;
  int total = 0;
  for (const ShardState& shard : shards) {
    EXPECT_FALSE(seen.Intersects(shard.slots));
    seen |= shard.slots;
    total += shard.slots.size();
  }
  EXPECT_EQ(total, slot::kSlotCount);
}

TEST(EvenSplitTest, CutsWhereRedisCliCuts) {
  const std::vector<slot::SlotRange> three{{0, 5460}, {5461, 10922}, {10923, 16383}};
  EXPECT_EQ(EvenSplit(3), three);
  EXPECT_EQ(EvenSplit(1), (std::vector<slot::SlotRange>{{0, 16383}}));
}

TEST(EvenSplitTest, CoversEverySlotOnceForAnyCount) {
  for (const int count : {1, 2, 5, 7, 100, 1000, 16384}) {
    int next = 0;
    for (const slot::SlotRange& range : EvenSplit(count)) {
      EXPECT_EQ(range.first, next);
      EXPECT_LE(std::abs(range.size() - slot::kSlotCount / count), 1) << count;
      next = range.last + 1;
    }
    EXPECT_EQ(next, slot::kSlotCount);
  }
}

TEST(BalanceTest, ScalingOutTakesFromEveryoneAndMovesOnlyWhatIsNeeded) {
  std::vector<ShardState> shards = EvenCluster(3);
  shards.push_back({"new-1", 1, {}});
  shards.push_back({"new-2", 1, {}});
  const auto plan = Balance(shards);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->expected.at("new-1") + plan->expected.at("new-2"), static_cast<int>(plan->moves.size()));
  EXPECT_NEAR(static_cast<double>(plan->moves.size()), slot::kSlotCount * 2.0 / 5, 1);
  for (const SlotMove& move : plan->moves) EXPECT_EQ(move.to.rfind("new-", 0), 0u);
}

TEST(BalanceTest, DrainingSpreadsOverTheRestByNeed) {
  std::vector<ShardState> shards = EvenCluster(5);
  shards[4].capacity = 0;
  const auto plan = Balance(shards);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->expected.at(shards[4].id), 0);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(plan->expected.at(shards[i].id), 4096);
  EXPECT_EQ(static_cast<int>(plan->moves.size()), shards[4].slots.size());
}

TEST(BalanceTest, LeavesAloneWhatIsWithinTheThreshold) {
  std::vector<ShardState> shards = EvenCluster(2);
  for (int s = 0; s < 80; ++s) {
    shards[0].slots.Remove(static_cast<slot::SlotId>(s));
    shards[1].slots.Add(static_cast<slot::SlotId>(s));
  }
  BalanceOptions tolerant;
  tolerant.threshold_percent = 2;
  EXPECT_TRUE(Balance(shards, tolerant)->empty());
  EXPECT_EQ(Balance(shards)->moves.size(), 80u);
  shards[0].capacity = 0;  // a drain is not a matter of tolerance
  tolerant.threshold_percent = 100;
  EXPECT_EQ(Balance(shards, tolerant)->expected.at(shards[0].id), 0);
}

TEST(BalanceTest, RandomClustersEndBalancedWithTheFewestMoves) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    std::mt19937 random(seed);
    const std::vector<ShardState> shards = RandomCluster(random, seed % 2 == 0);
    const auto plan = Balance(shards);
    ASSERT_TRUE(plan.ok()) << "seed " << seed << ": " << plan.error();
    ASSERT_TRUE(Verify(*plan, shards).ok()) << "seed " << seed << ": " << Verify(*plan, shards).error();
    const std::vector<ShardState> after = Apply(shards, *plan);
    ExpectCoveredOnce(after);
    double capacity = 0;
    for (const ShardState& shard : shards) capacity += shard.capacity;
    int surplus = 0;
    for (size_t i = 0; i < shards.size(); ++i) {
      const double share = slot::kSlotCount * shards[i].capacity / capacity;
      EXPECT_LT(std::abs(after[i].slots.size() - share), 1.0 + 1e-6) << "seed " << seed;
      surplus += std::max(0, shards[i].slots.size() - after[i].slots.size());
    }
    EXPECT_EQ(static_cast<int>(plan->moves.size()), surplus) << "seed " << seed;
    EXPECT_TRUE(Balance(after)->empty()) << "not idempotent, seed " << seed;
  }
}

TEST(BalanceTest, TheOrderOfTheInputDecidesNothing) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    std::vector<ShardState> shards = RandomCluster(random, false);
    const auto plan = Balance(shards);
    std::shuffle(shards.begin(), shards.end(), random);
    EXPECT_EQ(Balance(shards)->moves, plan->moves) << "seed " << seed;
  }
}

TEST(BalanceTest, WeightedSlotsAreEvenedOutToWithinOneSlot) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    const std::vector<ShardState> shards = RandomCluster(random, true);
    BalanceOptions options;
    for (int s = 0; s < slot::kSlotCount; ++s) options.slot_weights.push_back(static_cast<double>(random() % 100));
    const auto plan = Balance(shards, options);
    ASSERT_TRUE(plan.ok());
    ASSERT_TRUE(Verify(*plan, shards).ok()) << Verify(*plan, shards).error();
    double total = 0;
    for (const double weight : options.slot_weights) total += weight;
    for (const ShardState& shard : Apply(shards, *plan)) {
      double owned = 0;
      shard.slots.ForEach([&](slot::SlotId s) { owned += options.slot_weights[s]; });
      EXPECT_NEAR(owned, total / static_cast<double>(shards.size()), total * 0.002 + 100) << "seed " << seed;
    }
  }
}

TEST(BalanceTest, ADrainByWeightEmptiesTheShardAndSpreadsItsEmptySlots) {
  std::vector<ShardState> shards = EvenCluster(4);
  shards[0].capacity = 0;
  BalanceOptions options;
  options.slot_weights.assign(slot::kSlotCount, 0);
  const auto plan = Balance(shards, options);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->expected.at(shards[0].id), 0);
  for (int i = 1; i < 4; ++i) EXPECT_NEAR(plan->expected.at(shards[i].id), slot::kSlotCount / 3.0, 2);
}

TEST(BalanceTest, RefusesWhatMakesNoSense) {
  std::vector<ShardState> shards = EvenCluster(2);
  shards[1].capacity = shards[0].capacity = 0;
  EXPECT_FALSE(Balance(shards).ok());
  shards = EvenCluster(2);
  shards[1].id = shards[0].id;
  EXPECT_FALSE(Balance(shards).ok());
  shards = EvenCluster(2);
  shards[1].slots.Add(0);
  EXPECT_FALSE(Balance(shards).ok());
  shards = EvenCluster(2);
  shards[1].capacity = std::nan("");
  EXPECT_FALSE(Balance(shards).ok());
  EXPECT_FALSE(Balance({}).ok());
}

TEST(ReshardTest, MovesExactlyWhatWasAskedForInProportion) {
  const std::vector<ShardState> shards = EvenCluster(6);
  const std::vector<std::string> sources{shards[1].id, shards[2].id, shards[3].id, shards[4].id, shards[5].id};
  for (const int count : {1, 7, 100, 1000, 13000}) {
    const auto plan = Reshard(shards, sources, shards[0].id, count);
    ASSERT_TRUE(plan.ok()) << plan.error();
    ASSERT_TRUE(Verify(*plan, shards).ok());
    EXPECT_EQ(static_cast<int>(plan->moves.size()), count);
    for (const std::string& source : sources) {
      const auto from = std::count_if(plan->moves.begin(), plan->moves.end(),
                                      [&source](const SlotMove& m) { return m.from == source; });
      EXPECT_NEAR(static_cast<double>(from), count / 5.0, 1.01);
    }
  }
}

TEST(ReshardTest, RefusesWhatMakesNoSense) {
  const std::vector<ShardState> shards = EvenCluster(3);
  const std::string a = shards[0].id;
  const std::string b = shards[1].id;
  EXPECT_FALSE(Reshard(shards, {a}, a, 1).ok());
  EXPECT_FALSE(Reshard(shards, {a, a}, b, 1).ok());
  EXPECT_FALSE(Reshard(shards, {"nobody"}, b, 1).ok());
  EXPECT_FALSE(Reshard(shards, {a}, "nobody", 1).ok());
  EXPECT_FALSE(Reshard(shards, {}, b, 1).ok());
  EXPECT_FALSE(Reshard(shards, {a}, b, 0).ok());
  EXPECT_FALSE(Reshard(shards, {a}, b, shards[0].slots.size() + 1).ok());
  EXPECT_TRUE(Reshard(shards, {a}, b, shards[0].slots.size()).ok());
}

TEST(RoundsTest, NoShardAppearsTwiceInARoundAndNothingIsLost) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const std::vector<ShardState> shards = RandomCluster(random, false);
    const auto plan = Balance(shards);
    for (const int max_pairs : {1, 2, 100}) {
      size_t slots = 0;
      for (const auto& round : Rounds(*plan, max_pairs)) {
        EXPECT_LE(static_cast<int>(round.size()), max_pairs);
        std::set<std::string> busy;
        for (const PairMoves& pair : round) {
          EXPECT_TRUE(busy.insert(pair.from).second) << "seed " << seed;
          EXPECT_TRUE(busy.insert(pair.to).second) << "seed " << seed;
          slots += pair.slots.size();
        }
      }
      EXPECT_EQ(slots, plan->moves.size());
    }
  }
}

TEST(VerifyTest, FindsAWrongMove) {
  const std::vector<ShardState> shards = EvenCluster(3);
  const auto good = Reshard(shards, {shards[0].id}, shards[1].id, 2);
  ASSERT_TRUE(Verify(*good, shards).ok());
  Plan twice = *good;
  twice.moves.push_back(twice.moves.front());
  EXPECT_FALSE(Verify(twice, shards).ok());
  Plan foreign = *good;
  foreign.moves[0].slot = 16383;
  EXPECT_FALSE(Verify(foreign, shards).ok());
  Plan miscounted = *good;
  ++miscounted.expected[shards[2].id];
  EXPECT_FALSE(Verify(miscounted, shards).ok());
}

TEST(AssignUnownedTest, FillsTheEmptiestFirst) {
  std::vector<ShardState> shards = EvenCluster(3);
  slot::SlotSet unowned;
  unowned.Add(slot::SlotRange{0, 99});
  shards[0].slots -= unowned;
  const auto owners = AssignUnowned(shards, unowned);
  ASSERT_TRUE(owners.ok());
  EXPECT_EQ(owners->size(), 100u);
  int back = 0;
  for (const auto& [slot, owner] : *owners) back += owner == shards[0].id ? 1 : 0;
  EXPECT_GE(back, 99);
}

}  // namespace
}  // namespace windlass::topology
