// The picture of a cluster, character by character.
#include "operator/plugin/drawing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/plugin/example.h"

namespace windlass::plugin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Drawing, OfAWholeCluster) {
  Seen seen{Cluster(), Pods(), {{"m1", "a"}, {"m2", "b"}, {"m3", "a"}}};
  seen.figures = Figures{"0.1.0", {{"shard-0", {300.0 * (1 << 20), 400.0 * (1 << 20), 1200.0}}, {"shard-1", {1024.0, 0.0, 300.0}}}};
  EXPECT_EQ(StatusText(seen),
            "demo  Ready  2 of 2 shards, 3 of 3 nodes ready\n"
            "\n"
            "0 0000000000000000000000000000000011111111111111111111111111111111 16383\n"
            "0 shard-0  slots [#####.....] 8192  memory [########..] 75 % of 400 MiB  ops [##########] 1200/s  1 of 1 replicas in step\n"
            "1 shard-1  slots [#####.....] 8192  memory 1 KiB  ops [###.......] 300/s  0 of 0 replicas in step\n"
            "\n"
            "zone a\n"
            "  m1\n"
            "    demo-0  master of shard-0\n"
            "  m3\n"
            "    demo-2  master of shard-1\n"
            "zone b\n"
            "  m2\n"
            "    demo-1  replica of shard-0\n");
}

TEST(Drawing, TellsWhereSlotsAreMissing) {
  Json cluster = Cluster();
  cluster["status"]["shardStatuses"][0]["slotRanges"] = "0-4095,4352-8191";
  const std::string text = StatusText({cluster, {}});
  EXPECT_THAT(text, HasSubstr("\n0 0000000000000000.000000000000000111"));
}

TEST(Drawing, OfACutListOfRangesGuessesNothing) {
  Json cluster = Cluster();
  cluster["status"]["shardStatuses"][1]["slotRanges"] = "8192-8300,...";
  const std::string text = StatusText({cluster, {}});
  EXPECT_THAT(text, HasSubstr("0001????"));
  EXPECT_THAT(text, Not(HasSubstr("....... 16383")));
}

TEST(Drawing, ShowsWhatDoesNotRunAndWhatIsUnderWay) {
  Json cluster = Cluster();
  cluster["status"]["operation"] = {{"kind", "ScaleOut"}, {"progressPercent", 50}, {"step", "moving slots"}};
  cluster["status"]["lostSlots"] = "0-99";
  cluster["status"]["orphanClaims"] = {"demo-9"};
  Seen seen{cluster, {Pod("demo-0", "shard-0", "master", "m1", false), Unschedulable("demo-3", "no room")}};
  seen.no_figures = "forbidden";
  const std::string text = StatusText(seen);
  EXPECT_THAT(text, HasSubstr("ScaleOut  [############............] 50 %  moving slots\nlost slots  0-99\n"));
  EXPECT_THAT(text, HasSubstr("memory and ops are not known: forbidden\n"));
  EXPECT_THAT(text, HasSubstr("no zone known\n  m1\n    demo-0  master of shard-0  (not ready)\non no machine yet\n    demo-3  new of shard-0  (Unschedulable: no room)\n"));
  EXPECT_THAT(text, HasSubstr("unused claim  demo-9\n"));
}

TEST(Figures, AreThoseOfTheClusterThatIsMeant) {
  const Figures figures = FiguresFrom("# HELP x y\nwindlass_build_info{version=\"1.2.3\"} 1\n"
                                      "windlass_shard_ops_per_second{namespace=\"shop\",name=\"demo\",shard=\"shard-0\"} 12\n"
                                      "windlass_shard_used_memory_bytes{namespace=\"shop\",name=\"demo\",shard=\"shard-0\"} 2.5e+06\n"
                                      "windlass_shard_ops_per_second{namespace=\"other\",name=\"demo\",shard=\"shard-0\"} 99\n",
                                      "shop", "demo");
  EXPECT_EQ(figures.version, "1.2.3");
  ASSERT_EQ(figures.shards.size(), 1u);
  EXPECT_EQ(figures.shards.at("shard-0").ops_per_second, 12.0);
  EXPECT_EQ(figures.shards.at("shard-0").used_bytes, 2.5e6);
  EXPECT_FALSE(figures.shards.at("shard-0").most_bytes.has_value());
}

}  // namespace
}  // namespace windlass::plugin
