// What is made of pods and reports.
#include "operator/reconcile/world.h"

#include <gtest/gtest.h>

#include "operator/resources/builders.h"
#include "tests/operator/reconcile/cluster_builder.h"

namespace windlass::reconcile {
namespace {

constexpr char kByWhat[] = "cluster-preferred-endpoint-type";

TEST(World, ANodeThatIsAnnouncedByItsFullNameHasThatOfItsPod) {
  auto builder = ClusterBuilder::Even(3);
  for (int i = 0; i < 6; ++i) builder.At("demo-" + std::to_string(i)).named = "demo-" + std::to_string(i) + ".demo-nodes.ns.svc";
  builder.At("demo-5").pod = false;  // it is a ghost: the others still know it
  const World world = builder.Build(3);
  ASSERT_EQ(world.ghosts.size(), 1u);
  EXPECT_EQ(world.ghosts[0].name, "demo-5");
  EXPECT_EQ(world.next_ordinal, 6);
}

TEST(World, ANameOfAnEarlierTemplateIsStillThatOfItsPod) {
  auto builder = ClusterBuilder::Even(3);
  builder.At("demo-5").named = "r-demo-5.example.com";
  builder.At("demo-5").pod = false;
  builder.At("demo-5").claim = true;
  const World world = builder.Build(3);
  ASSERT_EQ(world.ghosts.size(), 1u);
  EXPECT_EQ(world.ghosts[0].name, "demo-5");
  EXPECT_TRUE(world.ghosts[0].claim) << "it is to come back";
}

TEST(World, ClientsAreToldNamesOnceEveryNodeHasOne) {
  auto builder = ClusterBuilder::Even(3);
  builder.spec().network.endpoint = api::Endpoint::kHostname;
  const auto told = [&builder] { return builder.Build(3).settings.count(kByWhat) != 0; };
  EXPECT_FALSE(told());
  for (int i = 0; i < 6; ++i) {
    const std::string name = "demo-" + std::to_string(i);
    builder.At(name).named = name + ".demo-nodes.ns.svc";
    EXPECT_EQ(told(), i == 5) << i;
  }
  builder.At("demo-4").template_hash = "old";  // what it is made of besides does not matter
  EXPECT_TRUE(told());
  builder.spec().network.endpoint = api::Endpoint::kIp;
  EXPECT_FALSE(told());
}

}  // namespace
}  // namespace windlass::reconcile
