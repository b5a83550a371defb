// Who gets which message.
#include "node/pubsub/broker.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace windlass::pubsub {
namespace {

class Ear final : public Subscriber {
 public:
  explicit Ear(int protocol = 2) : protocol_(protocol) {}
  int protocol() const override { return protocol_; }
  void Push(std::string_view bytes) override { heard.emplace_back(bytes); }
  std::vector<std::string> heard;

 private:
  int protocol_;
};

TEST(Broker, GivesAMessageToSubscribersOfTheChannelInTheirProtocol) {
  Broker broker;
  Ear two(2);
  Ear three(3);
  EXPECT_TRUE(broker.Subscribe(two, Kind::kChannel, "news"));
  EXPECT_TRUE(broker.Subscribe(three, Kind::kChannel, "news"));
  EXPECT_FALSE(broker.Subscribe(three, Kind::kChannel, "news"));
  EXPECT_EQ(broker.Publish("news", "hi"), 2u);
  EXPECT_EQ(broker.Publish("other", "hi"), 0u);
  const std::string rest = "3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n";
  EXPECT_EQ(two.heard, std::vector<std::string>{"*" + rest});
  EXPECT_EQ(three.heard, std::vector<std::string>{">" + rest});
}

TEST(Broker, APatternGetsItOncePerPatternThatMatches) {
  Broker broker;
  Ear ear;
  broker.Subscribe(ear, Kind::kPattern, "n*");
  broker.Subscribe(ear, Kind::kPattern, "*s");
  broker.Subscribe(ear, Kind::kPattern, "x*");
  EXPECT_EQ(broker.Publish("news", "hi"), 2u);
  ASSERT_EQ(ear.heard.size(), 2u);
  EXPECT_NE(ear.heard[0], ear.heard[1]);
  EXPECT_EQ(ear.heard[0].substr(0, 14), "*4\r\n$8\r\npmessa");
  EXPECT_EQ(broker.TopicCount(Kind::kPattern), 3u);
}

TEST(Broker, ShardedChannelsAreApart) {
  Broker broker;
  Ear ear;
  broker.Subscribe(ear, Kind::kShard, "c");
  EXPECT_EQ(broker.Publish("c", "m"), 0u);
  EXPECT_EQ(broker.PublishToShard("c", "m"), 1u);
  EXPECT_EQ(ear.heard[0], "*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$1\r\nm\r\n");
}

TEST(Broker, LeavingKeepsEverybodyElsesPlace) {
  Broker broker;
  std::vector<Ear> ears(5);
  for (Ear& ear : ears) broker.Subscribe(ear, Kind::kChannel, "c");
  EXPECT_TRUE(broker.Unsubscribe(ears[1], Kind::kChannel, "c"));
  EXPECT_FALSE(broker.Unsubscribe(ears[1], Kind::kChannel, "c"));
  EXPECT_TRUE(broker.Unsubscribe(ears[4], Kind::kChannel, "c"));  // it had moved to place 1
  EXPECT_TRUE(broker.Unsubscribe(ears[0], Kind::kChannel, "c"));
  EXPECT_EQ(broker.Publish("c", "m"), 2u);
  EXPECT_EQ(ears[2].heard.size() + ears[3].heard.size(), 2u);
  broker.Forget(ears[2]);
  broker.Forget(ears[3]);
  EXPECT_TRUE(broker.empty());
  EXPECT_FALSE(ears[3].subscribed());
}

TEST(Broker, ASlotThatLeavesTakesItsShardedChannelsAlong) {
  Broker broker;
  Ear ear;
  broker.Subscribe(ear, Kind::kShard, "{a}1");
  broker.Subscribe(ear, Kind::kShard, "{a}2");
  broker.Subscribe(ear, Kind::kShard, "{b}1");
  std::vector<size_t> left_to_it;
  broker.DropShardTopics([](slot::SlotId slot) { return slot == slot::KeySlot("a"); },
                         [&](Subscriber& who, std::string_view) { left_to_it.push_back(who.Count(Kind::kShard)); });
  EXPECT_EQ(left_to_it, (std::vector<size_t>{2, 1}));
  EXPECT_EQ(broker.NamesOf(ear, Kind::kShard), std::vector<std::string>{"{b}1"});
}

}  // namespace
}  // namespace windlass::pubsub
