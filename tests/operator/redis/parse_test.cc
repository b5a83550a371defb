// Reading CLUSTER NODES and INFO, as every kind of node writes them.
#include "operator/redis/parse.h"

#include <gtest/gtest.h>

namespace windlass::redis {
namespace {

using topology::Address;

const char* const kNodes =
    "07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004,,tls-port=0,shard-id=abc slave "
    "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 connected\n"
    "67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 :30002@31002,host2 myself,master - 0 0 2 connected 5461-10922 16000 "
    "[77->-e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca] [93-<-292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f]\n"
    "292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f 2001:db8::1:30003@31003 master,fail? - 1426238316000 1426238318243 3 "
    "disconnected\n"
    "aaaa8b365bb7edb5e285caf0b7e6ddc7265d2f4f :0@0 master,noaddr,fail - 1 1 0 disconnected\n";

TEST(ParseClusterNodesTest, ReadsEveryPartOfALine) {
  const auto nodes = ParseClusterNodes(kNodes);
  ASSERT_TRUE(nodes.ok()) << nodes.error();
  ASSERT_EQ(nodes->size(), 4u);
  const topology::NodeLine& replica = nodes.value()[0];
  EXPECT_TRUE(replica.replica);
  EXPECT_EQ(replica.address, (Address{"127.0.0.1", 30004}));
  EXPECT_EQ(replica.bus_port, 31004);
  EXPECT_EQ(replica.hostname, "");
  EXPECT_EQ(replica.aux.at("shard-id"), "abc");
  EXPECT_EQ(replica.master_id, "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca");
  const topology::NodeLine& myself = nodes.value()[1];
  EXPECT_TRUE(myself.myself && myself.master && myself.link_connected);
  EXPECT_TRUE(myself.address.host.empty());
  EXPECT_EQ(myself.hostname, "host2");
  EXPECT_EQ(myself.slots, (std::vector<slot::SlotRange>{{5461, 10922}, {16000, 16000}}));
  EXPECT_EQ(myself.migrating.at(77), "e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca");
  EXPECT_EQ(myself.importing.at(93), "292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f");
  const topology::NodeLine& suspect = nodes.value()[2];
  EXPECT_TRUE(suspect.pfail && !suspect.fail && !suspect.link_connected);
  EXPECT_EQ(suspect.address.host, "2001:db8::1");
  EXPECT_TRUE(nodes.value()[3].noaddr && nodes.value()[3].fail);
}

TEST(ParseClusterNodesTest, RefusesALineItDoesNotUnderstandAndNamesIt) {
  const std::string good = "aa 1.1.1.1:1@2 myself,master - 0 0 1 connected 0-10\n";
  ASSERT_TRUE(ParseClusterNodes(good).ok());
  for (const char* bad : {"bb 1.1.1.1:1@2 master - 0 0 1\n", "bb nowhere master - 0 0 1 connected\n",
                          "bb 1.1.1.1:1@2 master - 0 0 x connected\n", "bb 1.1.1.1:1@2 master - 0 0 1 connected 10-5\n",
                          "bb 1.1.1.1:1@2 master - 0 0 1 connected 16384\n",
                          "bb 1.1.1.1:1@2 master - 0 0 1 connected [5->x]\n",
                          "bb 1.1.1.1:1@2 master - 0 0 1 connected [16384->-aa]\n",
                          "bb 1.1.1.1:70000@2 master - 0 0 1 connected\n"}) {
    const auto nodes = ParseClusterNodes(good + bad);
    ASSERT_FALSE(nodes.ok()) << bad;
    EXPECT_NE(nodes.error().find("line 2"), std::string::npos) << nodes.error();
  }
  EXPECT_FALSE(ParseClusterNodes("").ok()) << "a reply without myself proves nothing";
}

TEST(ParseInfoTest, ReadsReplicationOfBothRoles) {
  const auto master = ParseReplication(ParseInfo(
      "# Replication\r\nrole:master\r\nconnected_slaves:1\r\n"
      "slave0:ip=10.0.0.2,port=6380,state=online,offset=90,lag=1\r\nmaster_replid:abc\r\nmaster_repl_offset:100\r\n"));
  EXPECT_TRUE(master.master);
  EXPECT_EQ(master.offset, 100);
  ASSERT_EQ(master.replicas.size(), 1u);
  EXPECT_EQ(master.replicas[0].address, (Address{"10.0.0.2", 6380}));
  EXPECT_EQ(master.replicas[0].offset, 90);
  const auto replica = ParseReplication(ParseInfo(
      "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1\r\n"
      "slave_repl_offset:55\r\nmaster_link_down_since_seconds:7\r\nmaster_repl_offset:60\r\n"));
  EXPECT_FALSE(replica.master);
  EXPECT_FALSE(replica.link_up);
  EXPECT_TRUE(replica.sync_in_progress);
  EXPECT_EQ(replica.offset, 55);
  EXPECT_EQ(replica.link_down_seconds, 7);
}

}  // namespace
}  // namespace windlass::redis
