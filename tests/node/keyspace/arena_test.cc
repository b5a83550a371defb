// The arena gives distinct aligned memory and takes it back.
#include "node/keyspace/arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "node/base/random.h"

namespace windlass::keyspace {
namespace {

constexpr size_t kReserve = size_t{256} << 20;

TEST(Arena, NeverHandsOutMemoryTwice) {
  Arena arena(kReserve);
  base::Random random(7);
  struct Block {
    Handle handle;
    size_t bytes;
    uint8_t fill;
  };
  std::vector<Block> blocks;
  for (int i = 0; i < 60000; ++i) {
    if (blocks.empty() || random.Below(5) < 3) {
      const size_t bytes = random.Below(20) == 0 ? 64 * (1 + random.Below(64)) : 1 + random.Below(200);
      const Block block{arena.Allocate(bytes), bytes, static_cast<uint8_t>(random.Next())};
      ASSERT_NE(block.handle, 0u);
      if (bytes % 64 == 0) { ASSERT_EQ(reinterpret_cast<uintptr_t>(arena.At(block.handle)) % 64, 0u); }
      std::memset(arena.At(block.handle), block.fill, bytes);
      blocks.push_back(block);
    } else {
      std::swap(blocks[random.Below(blocks.size())], blocks.back());
      const Block block = blocks.back();
      blocks.pop_back();
      const uint8_t* at = static_cast<uint8_t*>(arena.At(block.handle));
      for (size_t b = 0; b < block.bytes; ++b) ASSERT_EQ(at[b], block.fill);
      arena.Free(block.handle, block.bytes);
    }
  }
  size_t expected = 0;
  for (const Block& block : blocks) expected += Arena::RoundUp(block.bytes);
  EXPECT_EQ(arena.used_bytes(), expected);
  for (const Block& block : blocks) arena.Free(block.handle, block.bytes);
  EXPECT_EQ(arena.used_bytes(), 0u);
}

TEST(Arena, EmptySpansServeOtherClasses) {
  Arena arena(kReserve);
  std::vector<Handle> handles;
  for (int i = 0; i < 100000; ++i) handles.push_back(arena.Allocate(56));
  const size_t peak = arena.span_bytes();
  for (const Handle handle : handles) arena.Free(handle, 56);
  EXPECT_LE(arena.span_bytes(), 2 * Arena::kSpanBytes);
  for (int i = 0; i < 50000; ++i) handles[i] = arena.Allocate(112);
  EXPECT_LE(arena.span_bytes(), peak + 4 * Arena::kSpanBytes);
}

TEST(Arena, SaysWhenLittleRoomIsLeft) {
  Arena arena(size_t{64} << 20);
  int blocks = 0;
  while (arena.has_room()) {
    arena.Allocate(4096);
    ASSERT_LT(++blocks, 64 * 256);
  }
  EXPECT_GT(blocks, 60 * 256);
}

}  // namespace
}  // namespace windlass::keyspace
