// The log of refusals: newest first, repetitions counted for a minute.
#include "node/acl/denial_log.h"

#include <gtest/gtest.h>

namespace windlass::acl {
namespace {

DenialEntry Entry(const std::string& object, int64_t at_ms) {
  DenialEntry entry;
  entry.object = object;
  entry.user = "alice";
  entry.created_ms = at_ms;
  return entry;
}

TEST(DenialLog, RepetitionsAreCountedAndComeToTheFront) {
  DenialLog log;
  log.Add(Entry("get", 1000), 128);
  log.Add(Entry("set", 2000), 128);
  log.Add(Entry("get", 3000), 128);
  ASSERT_EQ(log.entries().size(), 2u);
  EXPECT_EQ(log.entries()[0].object, "get");
  EXPECT_EQ(log.entries()[0].count, 2);
  EXPECT_EQ(log.entries()[0].created_ms, 1000);
  EXPECT_EQ(log.entries()[0].updated_ms, 3000);
  EXPECT_EQ(log.entries()[1].id, 1u);
}

TEST(DenialLog, AfterAMinuteItIsAnother) {
  DenialLog log;
  log.Add(Entry("get", 1000), 128);
  log.Add(Entry("get", 61'001), 128);
  EXPECT_EQ(log.entries().size(), 2u);
}

TEST(DenialLog, TheOldestGoWhenItIsFull) {
  DenialLog log;
  for (int i = 0; i < 5; ++i) log.Add(Entry(std::to_string(i), i), 3);
  ASSERT_EQ(log.entries().size(), 3u);
  EXPECT_EQ(log.entries()[2].object, "2");
  log.Trim(0);
  EXPECT_TRUE(log.entries().empty());
}

}  // namespace
}  // namespace windlass::acl
