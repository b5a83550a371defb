// What GETSLOTMIGRATIONS tells of a node's exports.
#include "operator/redis/atomic_mover.h"

#include <gtest/gtest.h>

namespace windlass::redis {
namespace {

Reply Job(const std::vector<std::string>& fields) {
  Reply reply;
  reply.type = Reply::kArray;
  for (const std::string& field : fields) {
    Reply text;
    text.type = Reply::kString;
    text.text = field;
    reply.elements.push_back(text);
  }
  return reply;
}

TEST(ParseSlotExportsTest, ImportsAreLeftOutAndStatesUnderstood) {
  Reply reply;
  reply.type = Reply::kArray;
  reply.elements = {
      Job({"name", "one", "operation", "EXPORT", "slot_ranges", "0-2 7", "target_node", "t", "state", "snapshotting", "message", ""}),
      Job({"name", "two", "operation", "IMPORT", "slot_ranges", "9-9", "target_node", "me", "state", "failed"}),
      Job({"name", "three", "operation", "EXPORT", "slot_ranges", "9-9", "target_node", "t", "state", "failed", "message", "why"}),
      Job({"name", "four", "operation", "EXPORT", "slot_ranges", "x", "target_node", "t", "state", "success"})};
  const auto exports = ParseSlotExports(reply);
  ASSERT_EQ(exports.size(), 3u);
  EXPECT_EQ(exports[0].name, "one");
  EXPECT_EQ(exports[0].target_id, "t");
  EXPECT_FALSE(exports[0].over());
  EXPECT_EQ(exports[0].slots.size(), 4);
  EXPECT_TRUE(exports[0].slots.Contains(7));
  EXPECT_TRUE(exports[1].over());
  EXPECT_FALSE(exports[1].succeeded());
  EXPECT_EQ(exports[1].message, "why");
  EXPECT_TRUE(exports[2].succeeded());
  EXPECT_TRUE(exports[2].slots.empty());
}

TEST(ParseSlotExportsTest, AnErrorIsNone) {
  Reply reply;
  reply.type = Reply::kError;
  reply.text = "ERR unknown subcommand";
  EXPECT_TRUE(ParseSlotExports(reply).empty());
}

}  // namespace
}  // namespace windlass::redis
