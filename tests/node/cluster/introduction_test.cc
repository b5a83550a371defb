// A newcomer that makes itself known, and one that was forgotten and must not.
#include "tests/node/cluster/one_node.h"

namespace windlass::cluster {
namespace {

GossipEntry Entry(char id) { return {Id(id), 0, 0, OneNode::AddressOf(id), kFlagMaster}; }

class Introduction : public ::testing::Test {
 protected:
  // b introduces the node to the cluster and tells it of c.
  void SetUp() override {
    node.Deliver('b', node.Usual('b', MessageType::kMeet));
    node.Tick();
    node.Answer('b');
    BTellsOf('c');
    Run("b", 300);
    node.Deliver('b', node.Usual('b'));
    node.seen.clear();
    ASSERT_FALSE(node.LineOf('b').empty());
    ASSERT_FALSE(node.LineOf('c').empty());
  }
  void BTellsOf(char id) {
    auto ping = node.Usual('b');
    std::get<Heartbeat>(ping->body).gossip.push_back(Entry(id));
    node.Deliver('b', ping);
  }
  void BClosesItsLink() { node.Feed(LinkClosed{LinkId{true, static_cast<uint64_t>('b')}}); }
  // Ticks while those named answer our pings, late enough that each is pinged again.
  void Run(const std::string& answering, int64_t ms) {
    for (int64_t t = 0; t < ms; t += 100) {
      node.Tick();
      for (const char id : answering) {
        if (t % 600 == 500) node.Answer(id);
      }
    }
  }
  int MeetsTo(char id) {
    int meets = 0;
    for (const Effect& effect : node.seen) {
      const auto* send = std::get_if<Send>(&effect);
      if (send == nullptr || send->message->type != MessageType::kMeet) continue;
      meets += send->link == node.link_to[OneNode::AddressOf(id).bus_port] ? 1 : 0;
    }
    return meets;
  }

  OneNode node{""};
};

TEST_F(Introduction, GoesOnWithoutTheIntroducer) {
  BClosesItsLink();
  Run("c", 700);
  EXPECT_EQ(MeetsTo('c'), 0) << "b may tell c yet";
  Run("c", 2500);
  EXPECT_GT(MeetsTo('c'), 0);
  EXPECT_EQ(MeetsTo('b'), 0) << "b knew the node";
}

TEST_F(Introduction, IsNotMadeToAnAddressThatHasNotAnswered) {
  BClosesItsLink();
  Run("", 5000);
  EXPECT_EQ(MeetsTo('c'), 0) << "another cluster may have the address";
}

TEST_F(Introduction, IsNotMadeOnANewConnectionBeforeTheAnswer) {
  BClosesItsLink();
  Run("c", 1200);
  node.seen.clear();
  for (int i = 0; i < 10; ++i) {
    node.Feed(LinkClosed{node.link_to[OneNode::AddressOf('c').bus_port]});
    node.Tick();
  }
  EXPECT_EQ(MeetsTo('c'), 0);
}

TEST_F(Introduction, IsOverForWhoOpensALink) {
  BClosesItsLink();
  node.Deliver('c', node.Usual('c'));
  Run("c", 5000);
  EXPECT_EQ(MeetsTo('c'), 0);
}

TEST_F(Introduction, GoesOnForWhoOpensALinkAndClosesItAtOnce) {
  node.Deliver('c', node.Usual('c'));  // looks for another node, which had the address before
  node.Feed(LinkClosed{LinkId{true, static_cast<uint64_t>('c')}});
  Run("bc", 3000);
  EXPECT_GT(MeetsTo('c'), 0);
}

TEST_F(Introduction, SaysMeetWhereItsPingsAreAnsweredAndTheIntroducerLives) {
  Run("bc", 3000);
  EXPECT_GT(MeetsTo('c'), 0) << "b has not told c for three node timeouts";
}

TEST_F(Introduction, IsNotUsedToComeBackAfterForget) {
  BClosesItsLink();
  Run("bc", 3000);  // b lives, and opens no link
  EXPECT_TRUE(node.Logged("knows this node no more"));
  Run("c", 5000);   // and dies later
  EXPECT_EQ(MeetsTo('c'), 0);
}

TEST_F(Introduction, GoesOnAfterSomebodyWasAwayForAWhile) {
  BClosesItsLink();
  node.Feed(LinkClosed{node.link_to[OneNode::AddressOf('b').bus_port]});
  for (int i = 0; i < 20; ++i) {
    node.Tick();
    if (i == 18) node.Feed(LinkClosed{node.link_to[OneNode::AddressOf('b').bus_port]});
  }
  node.Answer('b');
  EXPECT_FALSE(node.Logged("knows this node no more"));
}

TEST_F(Introduction, EndsAfterTwentyNodeTimeouts) {
  Run("b", 18000);
  BTellsOf('9');
  Run("b9", 10000);
  EXPECT_GT(MeetsTo('9'), 0);
  node.Deliver('9', node.From('9', MessageType::kPing));
  BTellsOf('8');
  node.seen.clear();
  Run("b98", 5000);
  EXPECT_EQ(MeetsTo('8'), 0);
  EXPECT_EQ(MeetsTo('c'), 0);
}

TEST(IntroductionOfAMember, IsNoneAfterARestart) {
  OneNode node(ThreeShards());
  auto ping = node.Usual('b');
  std::get<Heartbeat>(ping->body).gossip.push_back(Entry('9'));
  node.Deliver('b', ping);
  for (int i = 0; i < 50; ++i) {
    node.Tick();
    node.Answer('c');
    node.Answer('9');
  }
  EXPECT_TRUE(node.Sent(MessageType::kMeet).empty());
}

}  // namespace
}  // namespace windlass::cluster
