// A node with the name of its cluster hears nobody of another.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

constexpr uint64_t kOurs = 0x1111, kTheirs = 0x2222;

class ClusterIdentity : public ::testing::Test {
 protected:
  ClusterIdentity() : node(ThreeShards()) {
    Options options = node.core->options();
    options.cluster_id = kOurs;
    node.Take(node.core->SetOptions(node.now, options));
    node.Tick();
    node.AllAnswerBut("");
  }
  std::shared_ptr<Message> Of(uint64_t cluster, char id, MessageType type = MessageType::kPing) {
    auto message = node.Usual(id, type);
    message->header.cluster_id = cluster;
    return message;
  }
  OneNode node;
};

TEST_F(ClusterIdentity, IsToldAndKept) {
  EXPECT_EQ(node.core->Info().cluster_id, kOurs);
  EXPECT_NE(node.disk.find(" clusterId 4369\n"), std::string::npos);
  node.seen.clear();
  node.Deliver('b', node.Usual('b', MessageType::kPing));
  ASSERT_EQ(node.Sent(MessageType::kPong).size(), 1u) << "a redis-server names none and is heard";
  EXPECT_EQ(node.Sent(MessageType::kPong)[0]->header.cluster_id, kOurs);
  OneNode again(node.disk);
  EXPECT_EQ(again.core->Info().cluster_id, kOurs);
}

TEST_F(ClusterIdentity, OfAnotherClusterIsNotMet) {
  node.seen.clear();
  node.Deliver('9', Of(kTheirs, '9', MessageType::kMeet));
  EXPECT_TRUE(node.Sent(MessageType::kPong).empty());
  EXPECT_EQ(node.core->Info().known_nodes, 6);
  EXPECT_TRUE(node.Logged("it is of cluster 0000000000002222, this node of 0000000000001111."));
  node.Deliver('9', Of(kOurs, '9', MessageType::kMeet));
  EXPECT_EQ(node.core->Info().known_nodes, 7);
}

TEST_F(ClusterIdentity, OfAnotherClusterTakesNoSlots) {
  auto claim = Of(kTheirs, 'b');
  claim->header.config_epoch = claim->header.current_epoch = 90;
  claim->header.slots = node.Usual('c')->header.slots;
  node.Deliver('b', claim);
  EXPECT_EQ(node.core->Info().current_epoch, 3u);
  claim->header.cluster_id = kOurs;
  node.Deliver('b', claim);
  EXPECT_EQ(node.core->Info().current_epoch, 90u);
}

TEST_F(ClusterIdentity, AnAddressThatAnotherClusterHasNowIsForgotten) {
  auto answer = Of(kTheirs, 'b', MessageType::kPong);
  answer->header.sender = Id('8');
  node.DeliverAnswer('b', answer);
  const std::string text = node.core->NodesText(node.now);
  EXPECT_NE(text.find(Id('b').str() + " :0@0"), std::string::npos) << text;
  EXPECT_EQ(text.find(Id('8').str()), std::string::npos);
}

TEST(ClusterIdentityLearnt, FromNodesThatAreKnown) {
  OneNode node(ThreeShards());
  node.Tick();
  node.AllAnswerBut("");
  EXPECT_EQ(node.core->Info().cluster_id, 0u);
  EXPECT_EQ(node.disk.find("clusterId"), std::string::npos);
  auto stranger = node.Usual('9', MessageType::kMeet);
  stranger->header.cluster_id = kTheirs;
  node.Deliver('9', stranger);
  EXPECT_EQ(node.core->Info().cluster_id, 0u) << "it is not of this cluster yet";
  auto known = node.Usual('b');
  known->header.cluster_id = kOurs;
  node.Deliver('b', known);
  EXPECT_EQ(node.core->Info().cluster_id, kOurs);
  EXPECT_NE(node.disk.find(" clusterId 4369\n"), std::string::npos);
}

TEST(ClusterIdentityLearnt, IsLostWithAReset) {
  OneNode node("");
  node.Tick();
  Options options = node.core->options();
  options.cluster_id = kOurs;
  node.Take(node.core->SetOptions(node.now, options));
  ASSERT_TRUE(node.Admin(ResetCommand{false}).ok());
  EXPECT_EQ(node.core->Info().cluster_id, kOurs) << "the configuration names it still";
  options.cluster_id = 0;
  node.Take(node.core->SetOptions(node.now, options));
  EXPECT_EQ(node.core->Info().cluster_id, kOurs);
  ASSERT_TRUE(node.Admin(ResetCommand{false}).ok());
  EXPECT_EQ(node.core->Info().cluster_id, 0u);
}

}  // namespace
}  // namespace windlass::cluster
