// The merged view: who says what, and what follows.
#include "operator/topology/cluster_view.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace windlass::topology {
namespace {

NodeLine Line(const std::string& id, int port, std::vector<slot::SlotRange> slots) {
  NodeLine line;
  line.id = id;
  line.address = {"10.0.0.1", port};
  line.master = true;
  line.config_epoch = static_cast<uint64_t>(port);
  line.link_connected = true;
  line.slots = std::move(slots);
  return line;
}

NodeLine ReplicaLine(const std::string& id, int port, const std::string& master) {
  NodeLine line = Line(id, port, {});
  line.master = false;
  line.replica = true;
  line.master_id = master;
  return line;
}

NodeReport Report(std::vector<NodeLine> lines, size_t myself) {
  NodeReport report;
  lines[myself].myself = true;
  report.asked = lines[myself].address;
  report.nodes = std::move(lines);
  return report;
}

const std::vector<NodeLine> kPair{Line("a", 1, {{0, 8191}}), Line("b", 2, {{8192, 16383}}), ReplicaLine("c", 3, "a")};

TEST(ClusterViewTest, NodesThatAgreeMakeOnePicture) {
  const ClusterView view({Report(kPair, 0), Report(kPair, 1), Report(kPair, 2)});
  EXPECT_EQ(view.Masters().size(), 2u);
  ASSERT_EQ(view.ReplicasOf("a").size(), 1u);
  EXPECT_EQ(view.ReplicasOf("a")[0]->id, "c");
  EXPECT_TRUE(view.SlotsAgree());
  EXPECT_TRUE(view.FullyMeshed());
  EXPECT_TRUE(view.Uncovered().empty());
  EXPECT_EQ(view.Owner(9000)->id, "b");
  EXPECT_EQ(view.Claims(0).at("a").size(), 3u);
  EXPECT_EQ(view.HighestConfigEpoch(), 3u);
}

TEST(ClusterViewTest, TheOrderOfTheReportsDoesNotMatter) {
  std::vector<NodeReport> reports{Report(kPair, 0), Report(kPair, 1), Report(kPair, 2)};
  std::reverse(reports.begin(), reports.end());
  const ClusterView view(reports);
  EXPECT_EQ(view.reports()[0].asked.port, 1);
  EXPECT_EQ(view.ReportOf("b")->asked.port, 2);
}

TEST(ClusterViewTest, ADisagreementIsKeptWithWhoSaysWhat) {
  std::vector<NodeLine> other = kPair;
  other[0].slots = {{0, 8000}};
  other[1].slots = {{8001, 16383}};
  const ClusterView view({Report(kPair, 0), Report(other, 1), Report(kPair, 2)});
  EXPECT_FALSE(view.SlotsAgree());
  EXPECT_EQ(view.Opinions()[0].reporters, (std::set<std::string>{"a", "c"}));
  EXPECT_EQ(view.Opinions()[1].reporters, (std::set<std::string>{"b"}));
  EXPECT_EQ(view.Claims(8100).at("a"), (std::set<std::string>{"a", "c"}));
  EXPECT_EQ(view.SelfClaimants(8100).size(), 2u);
  EXPECT_EQ(view.Owner(8100), nullptr);
  EXPECT_EQ(view.MultipleOwners().size(), 191u);
}

TEST(ClusterViewTest, ASilentNodeIsKnownByWhatTheBestInformedSays) {
  std::vector<NodeLine> old = kPair;
  old[1].config_epoch = 1;
  old[1].slots = {{8192, 9000}};
  NodeReport silent;
  silent.asked = {"10.0.0.1", 2};
  silent.error = "connection refused";
  const ClusterView view({Report(kPair, 0), silent, Report(old, 2)});
  const Node* b = view.Find("b");
  EXPECT_FALSE(b->reported);
  EXPECT_EQ(b->slots.size(), 8192);
  EXPECT_EQ(view.Silent().size(), 1u);
  EXPECT_TRUE(view.SelfClaimants(9000).empty());
  EXPECT_EQ(view.Owner(9000), b);
  EXPECT_TRUE(view.Uncovered().empty()) << "a slot of a silent owner is not free";
}

TEST(ClusterViewTest, OpenSlotsAreTakenFromANodesOwnWord) {
  std::vector<NodeLine> at_a = kPair;
  at_a[0].migrating[7] = "b";
  std::vector<NodeLine> at_b = kPair;
  at_b[1].importing[7] = "a";
  const ClusterView view({Report(at_a, 0), Report(at_b, 1)});
  const std::vector<OpenSlot> expected{{7, "a", OpenSlot::kMigrating, "b"}, {7, "b", OpenSlot::kImporting, "a"}};
  EXPECT_EQ(view.OpenSlots(), expected);
}

TEST(ClusterViewTest, NodesThatSomeHaveNotHeardOfAreNamed) {
  std::vector<NodeLine> without_c{kPair[0], kPair[1]};
  const ClusterView view({Report(kPair, 0), Report(without_c, 1)});
  EXPECT_EQ(view.UnknownTo().at("c"), (std::set<std::string>{"b"}));
  EXPECT_FALSE(view.FullyMeshed());
}

TEST(ClusterViewTest, LagIsKnownOnlyOnTheSameHistoryWithTheLinkUp) {
  NodeReport master = Report(kPair, 0);
  master.replication.replication_id = "h1";
  master.replication.offset = 1000;
  NodeReport replica = Report(kPair, 2);
  replica.replication.master = false;
  replica.replication.replication_id = "h1";
  replica.replication.offset = 900;
  replica.replication.link_up = true;
  EXPECT_EQ(ClusterView({master, replica}).ReplicaLag("c"), 100);
  EXPECT_TRUE(ClusterView({master, replica}).Synced("c", 100));
  EXPECT_FALSE(ClusterView({master, replica}).Synced("c", 99));
  NodeReport stranger = replica;
  stranger.replication.replication_id = "h2";
  EXPECT_EQ(ClusterView({master, stranger}).ReplicaLag("c"), std::nullopt);
  NodeReport cut = replica;
  cut.replication.link_up = false;
  EXPECT_EQ(ClusterView({master, cut}).ReplicaLag("c"), std::nullopt);
  EXPECT_EQ(ClusterView({replica}).ReplicaLag("c"), std::nullopt) << "the master did not answer";
}

TEST(AddressTest, ReadsWhatPeopleType) {
  EXPECT_EQ(ParseAddress("10.0.0.1:6379"), (Address{"10.0.0.1", 6379}));
  EXPECT_EQ(ParseAddress("[::1]:7000"), (Address{"::1", 7000}));
  for (const char* wrong : {"", ":1", "host", "host:", "host:0", "host:65536", "host:7a"}) {
    EXPECT_FALSE(ParseAddress(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace windlass::topology
