// The load: workers that write, read, count and delete keys of their own, and
// the figures of each phase of a test.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/ledger/book.h"
#include "tests/ledger/cluster_client.h"

namespace windlass::ledger {

struct WorkloadOptions {
  ClientOptions client;
  int workers = 4;
  int batch = 32;
  std::string prefix = "ledger";
};

// What may be changed while it runs; read by every worker.
struct Targets {
  std::atomic<int64_t> keys{1000};
  std::atomic<int64_t> writes_per_second{3000};  // updates; growth is not held back
  std::atomic<int64_t> value_size{100};
};

struct PhaseFigures {
  std::string name;
  bool planned = true;
  double seconds = 0;
  uint64_t acked = 0;
  uint64_t confirmed = 0;
  uint64_t failed = 0;
  uint64_t unknown = 0;   // INCRs whose connection went before the reply
  uint64_t lost_reads = 0;  // a read during the run showed a promised write gone
  double longest_wait_ms = 0;
  uint64_t slowest_second = 0;  // acknowledged writes in the worst whole second
  ErrorCounts errors;
  std::string last_failure;
};

class Worker {
 public:
  Worker(const WorkloadOptions& options, int index, const Targets* targets);

  // One batch and its bookkeeping.
  void Step();
  // Until nothing is in flight, so that the books can be closed.
  void Drain();

  std::string KeyName(size_t i) const;
  std::string CounterName() const;

  // What follows, up to TakeFigures and SetPlanned, is guarded by mutex().
  std::mutex& mutex() { return mutex_; }
  // Where the cluster is now: all that is known of it may have moved.
  void SetNodes(const std::vector<ClusterClient::Address>& nodes) { nodes_ = nodes; }
  std::vector<Entry>& entries() { return entries_; }
  Counter& counter() { return counter_; }
  PhaseFigures TakeFigures();
  // False while a master is being killed.
  void SetPlanned(bool planned);
  size_t live() const { return live_; }
  const ClusterClient& client() const { return client_; }

 private:
  struct Operation {
    enum class Kind { kSet, kDelete, kGet, kIncrement } kind;
    size_t key = 0;
    uint32_t number = 0;
    Command command;
  };

  void AddWrites(size_t count);
  void AddSet(size_t key);
  void AddRead();
  void AddIncrement();
  void Settle(const Operation& operation);
  bool PickKey(size_t* key);

  WorkloadOptions options_;
  int index_;
  const Targets* targets_;
  ClusterClient client_;
  std::mt19937_64 random_;
  std::mutex mutex_;
  std::vector<ClusterClient::Address> nodes_;  // that the client has not been told of
  std::vector<Entry> entries_;
  std::vector<uint16_t> slots_;
  std::vector<bool> busy_;  // has an operation in flight
  std::atomic<size_t> live_{0};
  Counter counter_;
  bool planned_ = true;
  bool increment_busy_ = false;
  std::vector<std::unique_ptr<Operation>> operations_;
  PhaseFigures figures_;
  Clock::time_point next_{};
};

}  // namespace windlass::ledger
