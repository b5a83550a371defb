// ChunkRow against a deque.
#include "node/types/chunk_row.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <utility>

namespace windlass::types {
namespace {

TEST(ChunkRowTest, BehavesAsADeque) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    ChunkRow row;
    std::deque<std::string> model;
    bool growing = true;
    for (int i = 0; i < 3000; ++i) {
      if (random() % 200 == 0) growing = !growing;
      // Ends oftener than the middle.
      const auto place = [&](size_t size) { return random() % 3 == 0 ? random() % size : random() % 2 * (size - 1); };
      if (model.empty() || growing == (random() % 4 != 0)) {
        const size_t at = place(model.size() + 1);
        Listpack pack;
        pack.Append("chunk " + std::to_string(i));
        row.Insert(at, std::move(pack));
        model.insert(model.begin() + static_cast<long>(at), "chunk " + std::to_string(i));
      } else {
        const size_t at = place(model.size());
        row.Erase(at);
        model.erase(model.begin() + static_cast<long>(at));
      }
      ASSERT_EQ(row.size(), model.size());
      for (size_t at = 0; at < model.size(); ++at) {
        ASSERT_EQ(row[at].Get(row[at].First()).ToString(), model[at]) << seed << " " << i << " " << at;
      }
      ASSERT_LE(row.MemoryBytes(), sizeof(Listpack) * 4 * (model.size() + 1));
    }
  }
}

}  // namespace
}  // namespace windlass::types
