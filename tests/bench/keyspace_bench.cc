// Measures the keyspace alone, without a server: memory per key, time per insert,
// overwrite, hit and miss, and the longest single insert while a table grows.
//
//   keyspace_bench [keys] [cluster|single] [ttl]
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "node/keyspace/keyspace.h"

namespace {

using windlass::keyspace::Database;
using windlass::keyspace::Expiry;
using windlass::keyspace::Keyspace;

constexpr int64_t kNow = 1'700'000'000'000;
constexpr size_t kBatch = 16;  // keys of a pipeline
constexpr size_t kShown = 8;   // of the longest inserts

size_t ResidentBytes() {
  FILE* file = std::fopen("/proc/self/statm", "r");
  size_t total = 0;
  size_t resident = 0;
  if (file == nullptr || std::fscanf(file, "%zu %zu", &total, &resident) != 2) std::abort();
  std::fclose(file);
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// The thread's own time, which other programs do not lengthen.
int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

struct Key {
  char text[17];
  windlass::slot::SlotId slot;
};

Key MakeKey(uint64_t n, bool cluster) {
  Key key;
  std::snprintf(key.text, sizeof(key.text), "key:%012llu", static_cast<unsigned long long>(n % 1'000'000'000'000));
  key.slot = cluster ? windlass::slot::KeySlot(key.text) : windlass::slot::SlotId{0};
  return key;
}

void KeepLongest(std::vector<std::pair<int64_t, uint64_t>>* all) {
  std::sort(all->rbegin(), all->rend());
  if (all->size() > kShown) all->resize(kShown);
}

// Runs `work(key)` over random keys in batches, with prefetch; ns per key.
template <typename F>
double Measure(Database& db, uint64_t keys, uint64_t first, bool cluster, F&& work) {
  windlass::base::Random random(42);
  const uint64_t rounds = 2'000'000 / kBatch;
  std::vector<Key> batch(kBatch);
  int64_t spent = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    for (Key& key : batch) key = MakeKey(first + random.Below(keys), cluster);
    const int64_t start = NowNs();
    std::array<Database::Prefetched, kBatch> prefetched;
    for (size_t i = 0; i < kBatch; ++i) prefetched[i] = db.PrefetchBucket(batch[i].slot, batch[i].text);
    for (const auto& key : prefetched) db.PrefetchEntry(key);
    for (const Key& key : batch) work(key);
    spent += NowNs() - start;
  }
  return static_cast<double>(spent) / static_cast<double>(rounds * kBatch);
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t keys = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const bool cluster = argc > 2 && std::strcmp(argv[2], "cluster") == 0;
  const bool ttl = argc > 3 && std::strcmp(argv[3], "ttl") == 0;
  const size_t before = ResidentBytes();
  Keyspace keyspace({1, cluster, size_t{32} << 30}, windlass::base::Random(1));
  Database& db = keyspace.db(0);
  const std::string value(32, 'v');
  const Expiry expiry{ttl ? kNow + 1'000'000 : windlass::keyspace::kNoExpiry, false};
  int64_t inserting = 0;
  std::vector<std::pair<int64_t, uint64_t>> longest;  // ns, and how many keys there were
  for (uint64_t n = 0; n < keys; ++n) {
    const Key key = MakeKey(n, cluster);
    const int64_t start = NowNs();
    db.SetString(key.slot, key.text, value, expiry);
    const int64_t took = NowNs() - start;
    inserting += took;
    longest.emplace_back(took, n);
    if (longest.size() == 1000) KeepLongest(&longest);
  }
  KeepLongest(&longest);
  const size_t after = ResidentBytes();
  std::printf("%llu keys, 16 B + 32 B%s, %s: %.1f B/key resident, %.1f B/key counted\n",
              static_cast<unsigned long long>(keys), ttl ? " + expiry" : "", cluster ? "16384 tables" : "one table",
              static_cast<double>(after - before) / static_cast<double>(keys),
              static_cast<double>(keyspace.used_bytes()) / static_cast<double>(keys));
  std::printf("insert %.0f ns, longest", static_cast<double>(inserting) / static_cast<double>(keys));
  for (const auto& [ns, at] : longest) {
    std::printf(" %.0f us at %llu,", static_cast<double>(ns) / 1000, static_cast<unsigned long long>(at));
  }
  std::printf("\n");
  uint64_t found = 0;
  std::printf("hit %.0f ns, ", Measure(db, keys, 0, cluster, [&](const Key& key) {
                found += db.FindRead(key.slot, key.text, kNow)->bytes().size();
              }));
  std::printf("miss %.0f ns, ", Measure(db, keys, keys, cluster, [&](const Key& key) {
                found += db.FindRead(key.slot, key.text, kNow) != nullptr;
              }));
  std::printf("overwrite %.0f ns (batches of %zu, prefetched)\n", Measure(db, keys, 0, cluster, [&](const Key& key) {
                db.SetString(key.slot, key.text, value, expiry);
              }),
              kBatch);
  return found > 0 ? 0 : 1;
}
