// A master whose replicas do not keep up is asked again.
#include "operator/redis/set_slot.h"

#include <gtest/gtest.h>

#include "tests/operator/redis/stub_node.h"

namespace windlass::redis {
namespace {

class SetSlotTest : public ::testing::Test {
 protected:
  static Command Mark(int slot) { return {"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", "t"}; }
  static Command Keys(int slot) { return {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), "10"}; }
  ReplicaPatience Patience(int64_t wait_ms) {
    return {wait_ms, [this](const std::string& text) { said.push_back(text); }};
  }
  StubNode stub{"s"};
  NodePool pool{AdminOptions{}};
  RedisAdmin& node = pool.At(stub.address());
  std::vector<std::string> said;
};

TEST_F(SetSlotTest, WhatWasRefusedIsSentAgainAndNothingElse) {
  stub.no_replicas = 2;
  const auto replies = PipelineSetSlots(pool, stub.address(), {Mark(1), Keys(1), Mark(2), Keys(2), Mark(3), Keys(3)}, 2, Patience(5000));
  ASSERT_EQ(replies.size(), 6u);
  for (size_t i = 0; i < 6; i += 2) {
    EXPECT_TRUE(replies[i].ok()) << i;
    EXPECT_EQ(replies[i + 1].type, Reply::kArray) << i;
  }
  EXPECT_EQ(stub.set_slots, 5) << "three, the first alone, the second";
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("waits for its replicas to hear of slot 1"), std::string::npos) << said[0];
}

TEST_F(SetSlotTest, SeveralWaitForOneAcknowledgement) {
  stub.acknowledged_together = 3;
  const auto replies = PipelineSetSlots(pool, stub.address(), {Mark(1), Keys(1), Mark(2), Keys(2), Mark(3), Keys(3)}, 2, {});
  ASSERT_EQ(replies.size(), 6u);
  for (size_t i = 0; i < 6; i += 2) {
    EXPECT_TRUE(replies[i].ok()) << i;
    EXPECT_EQ(replies[i + 1].type, Reply::kArray) << i;
  }
  EXPECT_EQ(stub.accepted, 3);
}

TEST_F(SetSlotTest, WhatOneConnectionLostIsNotReadAsTheReplyToAnother) {
  (void)PipelineSetSlots(pool, stub.address(), {Mark(1), Mark(2), Mark(3)}, 1, {});
  stub.drops_on_question = true;
  EXPECT_THROW(PipelineSetSlots(pool, stub.address(), {Mark(1), Mark(2), Mark(3)}, 1, {}), ConnectionFailure);
  const auto replies = PipelineSetSlots(pool, stub.address(), {Keys(1), Keys(2), Keys(3)}, 1, {});
  for (const Reply& reply : replies) EXPECT_EQ(reply.type, Reply::kArray);
}

TEST_F(SetSlotTest, OneAloneIsTriedUntilThePatienceEnds) {
  stub.no_replicas = 1000;
  const auto replies = PipelineSetSlots(pool, stub.address(), {Mark(1), Mark(2), Mark(3)}, 1, Patience(700));
  for (const Reply& reply : replies) EXPECT_TRUE(reply.ErrorIs("NOREPLICAS")) << reply.text;
  EXPECT_GE(stub.set_slots, 5);
  EXPECT_LE(stub.set_slots, 8) << "three, and one every 200 ms";
  EXPECT_THROW(RequireSetSlot(node, Mark(1), Patience(0)), RefusedFailure);
}

TEST_F(SetSlotTest, WithoutPatienceItIsAnAnswer) {
  stub.no_replicas = 1;
  EXPECT_TRUE(PipelineSetSlots(pool, stub.address(), {Mark(1)}, 1, {})[0].ErrorIs("NOREPLICAS"));
  EXPECT_EQ(stub.set_slots, 1);
  EXPECT_TRUE(RequireSetSlot(node, Mark(1), {}).ok());
}

}  // namespace
}  // namespace windlass::redis
