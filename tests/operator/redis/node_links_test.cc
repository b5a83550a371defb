// Connections that are kept from look to look: when they are used, and when they go.
#include "operator/redis/node_links.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "tests/operator/redis/stub_node.h"

namespace windlass::redis {
namespace {

ObserveOptions Options() {
  ObserveOptions options;
  options.admin.connect_ms = 500;
  options.deadline_ms = 1500;
  options.info_sections = {"server", "replication"};
  return options;
}

bool Soon(const std::function<bool()>& holds) {
  for (int i = 0; i < 400 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return holds();
}

int64_t MsOf(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
}

TEST(NodeLinks, ALookUsesTheConnectionOfTheLookBefore) {
  StubNode node("a");
  LinkBudget budget(10);
  NodeLinks links(&budget);
  for (int look = 0; look < 3; ++look) {
    const auto reports = links.Ask({node.address()}, Options());
    ASSERT_TRUE(reports[0].ok()) << reports[0].error;
    EXPECT_EQ(reports[0].Myself()->id, "a");
    EXPECT_EQ(reports[0].keys, 7);
    EXPECT_EQ(reports[0].replication.offset, 5);
    EXPECT_TRUE(reports[0].ClusterStateOk());
    EXPECT_GT(reports[0].observed_at_ms, 0);
  }
  EXPECT_EQ(node.accepted, 1);
}

TEST(NodeLinks, OfANodeThatMovesSlotsByItselfTheyAreAskedForAtOnceTheSecondTime) {
  StubNode node("a");
  node.exports = true;
  LinkBudget budget(10);
  NodeLinks links(&budget);
  for (int look = 0; look < 3; ++look) EXPECT_TRUE(links.Ask({node.address()}, Options())[0].ok());
  EXPECT_EQ(node.accepted, 1);
}

TEST(NodeLinks, AConnectionThatDiedIsNoNodeThatIsDown) {
  StubNode node("a");
  LinkBudget budget(10);
  NodeLinks links(&budget);
  EXPECT_TRUE(links.Ask({node.address()}, Options())[0].ok());
  node.drops_all = true;
  ASSERT_TRUE(Soon([&] { return node.open == 0; }));
  EXPECT_TRUE(links.Ask({node.address()}, Options())[0].ok()) << "closed between looks";
  node.drops_on_question = true;
  EXPECT_TRUE(links.Ask({node.address()}, Options())[0].ok()) << "closed as it was asked";
  EXPECT_EQ(node.accepted, 3);
}

TEST(NodeLinks, AConnectionThatHasFallenSilentIsNoNodeThatHangs) {
  StubNode node("a");
  LinkBudget budget(10);
  NodeLinks links(&budget);
  EXPECT_TRUE(links.Ask({node.address()}, Options())[0].ok());
  node.hangs_old = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(links.Ask({node.address()}, Options())[0].ok());
  EXPECT_EQ(node.accepted, 2);
}

TEST(NodeLinks, ANodeThatClosesEveryConnectionIsSaidToBeSilent) {
  StubNode node("a");
  node.drops_on_question = true;
  NodeLinks links(nullptr);
  const auto reports = links.Ask({node.address()}, Options());
  EXPECT_FALSE(reports[0].ok()) << "a new connection is not tried again";
  EXPECT_NE(reports[0].error.find("closed the connection"), std::string::npos) << reports[0].error;
}

TEST(NodeLinks, ANodeThatHangsCostsTheDeadlineAndHoldsUpNoOther) {
  StubNode hung("h"), well("w");
  LinkBudget budget(100);
  NodeLinks links(&budget);
  const std::vector<Address> both{hung.address(), well.address()};
  for (const auto& report : links.Ask(both, Options())) EXPECT_TRUE(report.ok());
  hung.hangs = true;
  // More than are asked at once, and the one that answers comes last.
  std::vector<std::unique_ptr<StubNode>> more;
  std::vector<Address> addresses{hung.address()};
  for (int i = 0; i < 40; ++i) {
    more.push_back(std::make_unique<StubNode>("m" + std::to_string(i)));
    more.back()->hangs = true;
    addresses.push_back(more.back()->address());
  }
  addresses.push_back(well.address());
  std::vector<topology::NodeReport> reports;
  EXPECT_LT(MsOf([&] { reports = links.Ask(addresses, Options()); }), 2500);
  ASSERT_EQ(reports.size(), 42u);
  for (int i = 0; i < 41; ++i) EXPECT_FALSE(reports[static_cast<size_t>(i)].ok());
  EXPECT_TRUE(reports.back().ok()) << reports.back().error;
  EXPECT_EQ(reports[0].asked, hung.address());
  EXPECT_NE(reports[0].error.find(topology::ToString(hung.address())), std::string::npos);
  EXPECT_EQ(links.kept(), 1u) << "after an error a connection is not kept";
}

TEST(NodeLinks, AnotherPasswordIsTriedOverANewConnection) {
  StubNode node("a");
  LinkBudget budget(10);
  NodeLinks links(&budget);
  EXPECT_TRUE(links.Ask({node.address()}, Options())[0].ok());
  node.SetPassword("new");
  ObserveOptions options = Options();
  options.admin.credentials.password = "wrong";
  const auto refused = links.Ask({node.address()}, options);
  EXPECT_NE(refused[0].error.find("AUTH was refused"), std::string::npos) << refused[0].error;
  EXPECT_EQ(refused[0].error.find("wrong"), std::string::npos) << "a secret in a message";
  options.admin.earlier = Credentials{"", "new"};
  EXPECT_TRUE(links.Ask({node.address()}, options)[0].ok()) << "the earlier one is tried too";
  options.admin.credentials.password = "new";
  options.admin.earlier.reset();
  EXPECT_TRUE(links.Ask({node.address()}, options)[0].ok());
  EXPECT_EQ(node.accepted, 4);
}

TEST(NodeLinks, OneThatIsNotLetInAnyMoreIsAskedOverANewConnection) {
  StubNode node("a");
  LinkBudget budget(10);
  NodeLinks links(&budget);
  ObserveOptions options = Options();
  options.admin.credentials.password = "p";
  EXPECT_FALSE(links.Ask({node.address()}, options)[0].ok()) << "it has no password that is p";
  node.SetPassword("p");
  EXPECT_TRUE(links.Ask({node.address()}, options)[0].ok());
  EXPECT_TRUE(links.Ask({node.address()}, options)[0].ok());
  EXPECT_EQ(node.accepted, 2);
}

TEST(NodeLinks, OfNodesThatAreNotAskedAnyMoreTheyAreClosed) {
  StubNode a("a"), b("b");
  LinkBudget budget(10);
  NodeLinks links(&budget);
  links.Ask({a.address(), b.address()}, Options());
  EXPECT_EQ(links.kept(), 2u);
  links.Ask({b.address()}, Options());
  EXPECT_EQ(links.kept(), 1u);
  EXPECT_TRUE(Soon([&] { return a.open == 0; }));
  EXPECT_EQ(b.open, 1);
}

TEST(NodeLinks, NoMoreAreKeptThanMayBe) {
  StubNode a("a"), b("b");
  LinkBudget budget(1);
  {
    NodeLinks links(&budget);
    for (int look = 0; look < 2; ++look) {
      for (const auto& report : links.Ask({a.address(), b.address()}, Options())) EXPECT_TRUE(report.ok()) << report.error;
      EXPECT_EQ(links.kept(), 1u);
    }
  }
  EXPECT_TRUE(budget.Take()) << "what is not kept any more is given back";
}

TEST(NodeLinks, WhoeverIsNotThereIsNamed) {
  NodeLinks links(nullptr);
  const auto reports = links.Ask({{"127.0.0.1", 1}}, Options());
  EXPECT_EQ(reports[0].error.rfind("127.0.0.1:1: could not connect", 0), 0u) << reports[0].error;
}

}  // namespace
}  // namespace windlass::redis
