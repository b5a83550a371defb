// Slots shared out by what they hold or cost.
#include "operator/reconcile/slot_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/reconcile/hot_slots.h"
#include "operator/reconcile/phases.h"
#include "operator/reconcile/slot_text.h"
#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

using By = api::Rebalance::By;

// Every slot with these keys and bytes; those of `heavy` with so many times as much.
StatsByShard Stats(const World& world, int64_t bytes, const slot::SlotSet& heavy, int64_t times, bool counted = true) {
  StatsByShard stats;
  for (const Shard& shard : world.shards) {
    shard.slots.ForEach([&](slot::SlotId s) {
      redis::SlotStats row;
      row.slot = s;
      const int64_t amount = bytes * (heavy.Contains(s) ? times : 1);
      row.keys = amount / 100;
      if (counted) {
        row.bytes = amount;
        row.cpu_us = amount;
      }
      stats[shard.name].push_back(row);
    });
  }
  return stats;
}

slot::SlotSet FirstSlots(int count) {
  slot::SlotSet set;
  for (int s = 0; s < count; ++s) set.Add(static_cast<slot::SlotId>(s));
  return set;
}

double WeightOf(const World& world, const std::string& shard) {
  double sum = 0;
  world.FindShard(shard)->slots.ForEach([&](slot::SlotId s) { sum += world.slot_weights[s]; });
  return sum;
}

const api::Operation* Planned(const std::optional<Step>& step) {
  const auto* record = step ? std::get_if<RecordOperation>(&*step) : nullptr;
  return record == nullptr ? nullptr : &record->operation;
}

// Weights of the shards after the plan, by name.
std::map<std::string, double> After(const World& world, const api::Operation& operation) {
  std::map<std::string, double> weights;
  for (const Shard& shard : world.shards) weights[shard.name] = WeightOf(world, shard.name);
  for (const api::Move& move : operation.moves) {
    ParseSlots(move.slots).ForEach([&](slot::SlotId s) {
      weights[move.from] -= world.slot_weights[s];
      weights[move.to] += world.slot_weights[s];
    });
  }
  return weights;
}

TEST(SlotWeights, BytesOfSlotsThatDifferAreEvenedOut) {
  auto builder = ClusterBuilder::Even(3);
  World world = builder.Build(3);
  EXPECT_FALSE(MoveSlotsByPlan(world).has_value()) << "of slots each has its share";
  SlotLoads loads;
  world.slot_weights = WeighSlots(world, Stats(world, 20'000, FirstSlots(600), 20), &loads);
  ASSERT_EQ(world.slot_weights.size(), 16384u);
  const auto step = MoveSlotsByPlan(world);
  ASSERT_NE(Planned(step), nullptr);
  EXPECT_EQ(Planned(step)->kind, "Rebalance");
  const auto after = After(world, *Planned(step));
  const double share = (after.at("shard-0") + after.at("shard-1") + after.at("shard-2")) / 3;
  for (const auto& [name, weight] : after) EXPECT_NEAR(weight / share, 1, 0.02) << name;
}

TEST(SlotWeights, WhatIsWithinTheToleranceStays) {
  auto builder = ClusterBuilder::Even(3);
  World world = builder.Build(3);
  SlotLoads loads;
  world.slot_weights = WeighSlots(world, Stats(world, 20'000, FirstSlots(200), 2), &loads);
  EXPECT_FALSE(MoveSlotsByPlan(world).has_value());
}

TEST(SlotWeights, ANearlyEmptyClusterIsSharedOutBySlots) {
  auto builder = ClusterBuilder::Even(3);
  World world = builder.Build(3);
  SlotLoads loads;
  world.slot_weights = WeighSlots(world, Stats(world, 10, FirstSlots(10), 100), &loads);
  EXPECT_FALSE(MoveSlotsByPlan(world).has_value());
}

TEST(SlotWeights, EvenBytesMoveAsRanges) {
  auto builder = ClusterBuilder::Even(3);
  for (int i = 6; i < 8; ++i) {
    TestNode node;
    node.shard = "shard-3";
    node.master = i == 6 ? "" : "demo-6";
    builder.Add("demo-" + std::to_string(i), node);
  }
  World world = builder.Build(4);
  SlotLoads loads;
  slot::SlotSet some;
  for (int s = 0; s < 16384; s += 3) some.Add(static_cast<slot::SlotId>(s));
  world.slot_weights = WeighSlots(world, Stats(world, 20'000, some, 2), &loads);
  const auto step = MoveSlotsByPlan(world);
  ASSERT_NE(Planned(step), nullptr);
  EXPECT_EQ(Planned(step)->kind, "ScaleOut");
  for (const api::Move& move : Planned(step)->moves) EXPECT_EQ(ParseSlots(move.slots).Ranges().size(), 1u) << move.slots;
}

TEST(SlotWeights, KeysStandForBytesThatAreNotCounted) {
  auto builder = ClusterBuilder::Even(3);
  World world = builder.Build(3);
  SlotLoads loads;
  const auto weights = WeighSlots(world, Stats(world, 20'000, FirstSlots(1), 3, false), &loads);
  ASSERT_EQ(weights.size(), 16384u);
  EXPECT_DOUBLE_EQ(weights[0] - weights[1], 40'000);
}

TEST(SlotWeights, LoadIsWhatWasAddedSinceItWasLastRead) {
  auto builder = ClusterBuilder::Even(3);
  builder.spec().rebalance.by = By::kLoad;
  World world = builder.Build(3);
  SlotLoads loads;
  WeighSlots(world, Stats(world, 1'000'000, {}, 1), &loads);
  auto again = Stats(world, 1'000'000, {}, 1);
  *again["shard-0"][5].cpu_us += 700;
  *again["shard-0"][6].cpu_us = 300;  // counted anew, by another node
  world.now_ms += 300'000;
  const auto weights = WeighSlots(world, again, &loads);
  EXPECT_DOUBLE_EQ(weights[5] - weights[4], 700);
  EXPECT_DOUBLE_EQ(weights[6] - weights[4], 300);
}

TEST(SlotWeights, WhatIsNotToldOfEverySlotIsNotKnown) {
  auto builder = ClusterBuilder::Even(3);
  builder.spec().rebalance.by = By::kLoad;
  const World world = builder.Build(3);
  SlotLoads loads;
  auto stats = Stats(world, 1000, {}, 1, false);
  EXPECT_TRUE(WeighSlots(world, stats, &loads).empty()) << "no load is counted";
  stats = Stats(world, 1000, {}, 1);
  stats.erase("shard-1");
  EXPECT_TRUE(WeighSlots(world, stats, &loads).empty());
}

TEST(SlotWeights, NothingIsEvenedOutAtAPassThatDidNotAsk) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-0").slots = {{0, 2000}};
  builder.At("demo-2").slots = {{2001, 10922}};
  World world = builder.Build(3);
  world.weighed_later = true;
  EXPECT_FALSE(MoveSlotsByPlan(world).has_value());
  world.weighed_later = false;
  EXPECT_TRUE(MoveSlotsByPlan(world).has_value());
}

TEST(SlotWeights, AreAskedForWhenSlotsMayMove) {
  auto builder = ClusterBuilder::Even(3);
  World world = builder.Build(3);
  EXPECT_TRUE(SlotsToBeWeighed(world, 0));
  EXPECT_FALSE(SlotsToBeWeighed(world, world.now_ms - 60'000)) << "not at every pass";
  EXPECT_TRUE(SlotsToBeWeighed(world, world.now_ms - 300'000));
  EXPECT_FALSE(SlotsToBeWeighed(builder.Build(4), 0)) << "the fourth is not there yet";
  builder.spec().rebalance.mode = api::Rebalance::Mode::kManual;
  EXPECT_FALSE(SlotsToBeWeighed(builder.Build(3), 0));
  EXPECT_TRUE(SlotsToBeWeighed(builder.Build(2), 0));
  builder.spec().rebalance.by = By::kSlots;
  EXPECT_FALSE(SlotsToBeWeighed(builder.Build(2), 0));
}

std::vector<redis::SlotStats> Costs(std::vector<int64_t> cpu_us) {
  std::vector<redis::SlotStats> rows;
  for (const int64_t cost : cpu_us) {
    redis::SlotStats row;
    row.slot = static_cast<slot::SlotId>(rows.size());
    row.cpu_us = cost;
    rows.push_back(row);
  }
  return rows;
}

TEST(HotSlots, OneWithHalfOfWhatWasAddedIsHot) {
  const auto hot = FindHotSlot(Costs({100, 5000, 100}), Costs({200, 5050, 1000}));
  ASSERT_TRUE(hot.has_value());
  EXPECT_EQ(hot->slot, 2);
  EXPECT_NEAR(hot->share, 900.0 / 1050, 1e-9);
  EXPECT_FALSE(FindHotSlot(Costs({0, 0, 0}), Costs({400, 400, 400})).has_value());
  EXPECT_FALSE(FindHotSlot(Costs({5, 5}), Costs({5, 5})).has_value()) << "nothing was done";
  EXPECT_FALSE(FindHotSlot(Costs({500, 500}), Costs({100, 500})).has_value()) << "counted anew";
  EXPECT_FALSE(FindHotSlot({}, Costs({100})).has_value());
}

TEST(SlotStats, ARowIsReadAndWhatIsNoneIsLeftOut) {
  using redis::Reply;
  const auto number = [](int64_t n) { Reply r; r.type = Reply::kInteger; r.integer = n; return r; };
  const auto text = [](const char* t) { Reply r; r.type = Reply::kString; r.text = t; return r; };
  const auto list = [](std::vector<Reply> items) { Reply r; r.type = Reply::kArray; r.elements = std::move(items); return r; };
  const auto rows = redis::ParseSlotStats(list({list({number(7), list({text("key-count"), number(3), text("cpu-usec"), number(50), text("memory-bytes"), number(900)})}),
                                                list({number(8), list({text("key-count"), number(4)})}), list({number(99999), list({})}), text("x")}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].slot, 7);
  EXPECT_EQ(rows[0].keys, 3);
  EXPECT_EQ(rows[0].cpu_us, 50);
  EXPECT_EQ(rows[0].bytes, 900);
  EXPECT_FALSE(rows[1].bytes.has_value());
}

TEST(Moves, RestWhileAsManyBytesHaveBeenMovedAsMayBe) {
  auto builder = ClusterBuilder::Even(3);
  api::Operation operation;
  operation.kind = "Rebalance";
  operation.to_shards = 3;
  operation.moves = {{"0-9", "shard-0", "shard-1", "Pending"}};
  builder.status().operation = operation;
  World world = builder.Build(3);
  EXPECT_TRUE(std::holds_alternative<MoveSlots>(*MoveSlotsByPlan(world)));
  world.moves_rest = true;
  EXPECT_TRUE(std::holds_alternative<Wait>(*MoveSlotsByPlan(world)));
}

}  // namespace
}  // namespace windlass::reconcile
