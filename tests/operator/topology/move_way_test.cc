// Which servers move slots at once, and which key by key.
#include "operator/topology/move_way.h"

#include <gtest/gtest.h>

#include <map>

namespace windlass::topology {
namespace {

using Info = std::map<std::string, std::string>;
const Info kWindlass{{"redis_version", "7.2.4"}, {"windlass_version", "0.9.0"}};
const Info kValkey9{{"redis_version", "7.2.4"}, {"valkey_version", "9.1.0"}};
const Info kValkey8{{"redis_version", "7.2.4"}, {"valkey_version", "8.0.1"}};
const Info kRedis{{"redis_version", "7.0.15"}};

// Masters a and b; a's replica r. An empty INFO: it does not answer.
MoveWay Choose(const Info& a, const Info& b, const Info& r) {
  const std::map<std::string, Info> infos{{"a", a}, {"b", b}, {"r", r}};
  std::vector<NodeLine> lines;
  for (const auto& [id, info] : infos) {
    NodeLine line;
    line.id = id;
    line.address = {"10.0.0.1", 7000 + id[0]};
    line.master = id != "r";
    line.replica = id == "r";
    if (id == "r") line.master_id = "a";
    lines.push_back(line);
  }
  std::vector<NodeReport> reports;
  for (size_t i = 0; i < lines.size(); ++i) {
    NodeReport report;
    std::vector<NodeLine> said = lines;
    said[i].myself = true;
    report.nodes = std::move(said);
    report.asked = lines[i].address;
    report.info = infos.at(lines[i].id);
    if (report.info.empty()) report.error = "no answer";
    reports.push_back(std::move(report));
  }
  return ChooseWay(ClusterView(std::move(reports)), "a", "b");
}

TEST(MoveWayTest, ServersOfOneKindThatKnowItMoveSlotsAtOnce) {
  EXPECT_TRUE(Choose(kWindlass, kWindlass, kWindlass).atomic);
  EXPECT_TRUE(Choose(kValkey9, kValkey9, kValkey9).atomic);
  EXPECT_NE(Choose(kValkey9, kValkey9, kValkey9).why.find("valkey-server 9"), std::string::npos);
}

TEST(MoveWayTest, AnOlderServerOnEitherSideIsNamed) {
  const MoveWay way = Choose(kWindlass, kWindlass, kRedis);
  EXPECT_FALSE(way.atomic);
  EXPECT_EQ(way.why, "10.0.0.1:7114 is a redis-server 7.0.15, which knows no atomic slot migration");
  EXPECT_FALSE(Choose(kRedis, kWindlass, kWindlass).atomic);
  EXPECT_FALSE(Choose(kWindlass, kValkey8, kWindlass).atomic);
}

TEST(MoveWayTest, TwoFormsOfItAreNone) {
  const MoveWay way = Choose(kWindlass, kValkey9, kWindlass);
  EXPECT_FALSE(way.atomic);
  EXPECT_EQ(way.why, "a windlass-node 0.9.0 and a valkey-server 9.1.0 do not understand each other's");
}

TEST(MoveWayTest, ASilentReplicaIsNoObstacleASilentMasterIs) {
  EXPECT_TRUE(Choose(kWindlass, kWindlass, {}).atomic);
  EXPECT_FALSE(Choose(kWindlass, {}, kWindlass).atomic);
}

}  // namespace
}  // namespace windlass::topology
