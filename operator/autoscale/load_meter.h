// What a master's counters say of its load.
//
// Rates are taken between two readings of the same process. A counter that a node
// does not give, a process that was restarted, another master, and a counter that
// went back leave the rate unknown, which is not zero.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace windlass::autoscale {

// A slot that alone has most of a shard's work, which no further shard would take from it.
struct HotSlot {
  int slot = 0;
  double share = 0;  // of the shard's work, 0..1
  std::string key;   // one of its keys; empty: unknown
  bool operator==(const HotSlot&) const = default;
};

struct ShardLoad {
  std::string shard;
  std::optional<double> memory_percent = {};  // of maxmemory
  std::optional<double> ops_per_second = {};
  std::optional<double> cpu_percent = {};  // of the core its commands run on, or of its limit
  std::optional<double> network_bytes_per_second = {};
  std::optional<double> evictions_per_second = {};
  std::optional<HotSlot> hot = {};
};

// As INFO gives them; what it does not give is absent.
struct Counters {
  std::string process;  // changes with every start
  int64_t at_ms = 0;
  std::optional<double> memory_percent;
  std::optional<double> ops_per_second;
  std::optional<double> cpu_seconds;          // of the whole process
  std::optional<double> command_cpu_seconds;  // of the thread that executes commands
  std::optional<double> network_bytes;        // in and out, of clients
  std::optional<double> evicted_keys;
};

// Remembers the last reading of each shard. Not thread-safe.
class LoadMeter {
 public:
  // `cpu_limit`: cores that the pod may use; nothing: as many as there are.
  ShardLoad Read(const std::string& shard, const Counters& now, std::optional<double> cpu_limit);

 private:
  std::map<std::string, Counters> last_;
};

}  // namespace windlass::autoscale
