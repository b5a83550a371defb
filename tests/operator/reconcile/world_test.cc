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

TEST(World, ClientsAreToldNamesOnceEveryNodeHasOne) {
  auto builder = ClusterBuilder::Even(3);
  EXPECT_EQ(builder.Build(3).settings.count(kByWhat), 0u);
  builder.spec().network.endpoint = api::Endpoint::kHostname;
  builder.At("demo-4").template_hash = "old";
  EXPECT_EQ(builder.Build(3).settings.count(kByWhat), 0u);
  builder.At("demo-4").template_hash.clear();
  EXPECT_EQ(builder.Build(3).settings.at(kByWhat), "hostname");
}

}  // namespace
}  // namespace windlass::reconcile
