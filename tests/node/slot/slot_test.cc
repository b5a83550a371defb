// Slots of keys, ranges and sets. The expected slots were read off a running
// redis-server (CLUSTER KEYSLOT).
#include "node/slot/slot.h"

#include <gtest/gtest.h>

#include "node/slot/slot_set.h"

namespace windlass::slot {
namespace {

TEST(KeySlot, MatchesRedis) {
  EXPECT_EQ(Crc16("123456789"), 0x31c3);
  EXPECT_EQ(KeySlot("foo"), 12182);
  EXPECT_EQ(KeySlot("bar"), 5061);
  EXPECT_EQ(KeySlot(""), 0);
}

TEST(KeySlot, HashesTheFirstNonEmptyTag) {
  EXPECT_EQ(HashTag("{user1}.following"), "user1");
  EXPECT_EQ(HashTag("foo{}{bar}"), "foo{}{bar}");
  EXPECT_EQ(HashTag("foo{{bar}}zap"), "{bar");
  EXPECT_EQ(HashTag("foo{bar}{zap}"), "bar");
  EXPECT_EQ(HashTag("foo{bar"), "foo{bar");
  EXPECT_EQ(KeySlot("{foo}1"), KeySlot("foo"));
}

TEST(SlotRange, ParsesAndRefuses) {
  EXPECT_EQ(*ParseSlotRange("5"), (SlotRange{5, 5}));
  EXPECT_EQ(*ParseSlotRange("0-16383"), (SlotRange{0, 16383}));
  for (const char* bad : {"", "-", "5-", "-5", "16384", "7-3", "5-16384", "a", "1-2-3", " 1"}) {
    EXPECT_FALSE(ParseSlotRange(bad).ok()) << bad;
  }
}

TEST(SlotSet, KeepsTheBusBitOrder) {
  SlotSet set;
  set.Add(SlotId{0});
  set.Add(SlotId{9});
  set.Add(SlotId{16383});
  uint8_t bytes[SlotSet::kBytes];
  set.ToBytes(bytes);
  EXPECT_EQ(bytes[0], 1);
  EXPECT_EQ(bytes[1], 2);
  EXPECT_EQ(bytes[2047], 0x80);
  EXPECT_EQ(SlotSet::FromBytes(bytes), set);
}

TEST(SlotSet, WalksMembersAndRanges) {
  SlotSet set;
  set.Add(SlotRange{10, 12});
  set.Add(SlotRange{63, 64});
  EXPECT_EQ(set.size(), 5);
  EXPECT_EQ(set.Ranges(), (std::vector<SlotRange>{{10, 12}, {63, 64}}));
  EXPECT_EQ(set.Next(13), 63);
  EXPECT_EQ(set.Next(65), -1);
  set -= SlotSet::All();
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(SlotSet::All().size(), kSlotCount);
  EXPECT_EQ(SlotSet::All().Next(16384), -1);
}

}  // namespace
}  // namespace windlass::slot
