// See memory_limit.h.
#include "node/server/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "node/commands/memory_report.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/net/event_loop.h"
#include "node/observe/latency_monitor.h"
#include "node/persistence/aof.h"
#include "node/replication/replication_log.h"

extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size)
    __attribute__((weak));

namespace windlass::server {
namespace {

constexpr int kEvictionsBetweenLooks = 16;  // at the clock
constexpr int64_t kFreeStepUs = 200;        // of dropped tables, before keys are evicted

const uint64_t* ThreadCounter(const char* name) {
  uint64_t* counter = nullptr;
  size_t size = sizeof counter;
  if (mallctl == nullptr || mallctl(name, &counter, &size, nullptr, 0) != 0) return nullptr;
  return counter;
}

}  // namespace

MemoryLimit::MemoryLimit(commands::Node* node)
    : node_(node),
      evictor_(node->keyspace),
      maxmemory_(node->config->Int("maxmemory")),
      policy_(node->config->Int("maxmemory-policy")),
      samples_(node->config->Int("maxmemory-samples")),
      tenacity_(node->config->Int("maxmemory-eviction-tenacity")),
      lazy_eviction_(node->config->Int("lazyfree-lazy-eviction")),
      replica_ignores_(node->config->Int("replica-ignore-maxmemory")),
      latency_threshold_ms_(node->config->Int("latency-monitor-threshold")),
      thread_allocated_(ThreadCounter("thread.allocatedp")),
      thread_freed_(ThreadCounter("thread.deallocatedp")) {}

int64_t MemoryLimit::ThreadBytes() const {
  return static_cast<int64_t>(*thread_allocated_) - static_cast<int64_t>(*thread_freed_);
}

void MemoryLimit::Resync() {
  if (thread_allocated_ != nullptr && thread_freed_ != nullptr) {
    base_bytes_ = commands::AllocatedBytes() - ThreadBytes();
  }
  not_counted_ = 0;
  if (node_->aof != nullptr) not_counted_ += static_cast<int64_t>(node_->aof->report().buffer_bytes);
  if (const replication::ReplicationLog* log = node_->repl_log; log != nullptr && log->has_backlog()) {
    not_counted_ += std::max<int64_t>(0, log->memory_bytes() - log->backlog_size());
  }
}

int64_t MemoryLimit::UsedBytes() const {
  const keyspace::Keyspace& keyspace = *node_->keyspace;
  if (thread_allocated_ == nullptr || thread_freed_ == nullptr) {
    return static_cast<int64_t>(keyspace.used_bytes()) + node_->startup_bytes;
  }
  return base_bytes_ + ThreadBytes() + static_cast<int64_t>(keyspace.unallocated_bytes()) -
         static_cast<int64_t>(keyspace.pending_free_bytes());
}

int64_t MemoryLimit::NotCountedBytes() const { return not_counted_; }

bool MemoryLimit::keyspace_has_room() const { return node_->keyspace->has_room(); }

bool MemoryLimit::Over(int64_t limit) const {
  return UsedBytes() - not_counted_ > limit || !node_->keyspace->has_room();
}

bool MemoryLimit::MayEvict() const {
  const commands::Status& status = node_->status;
  if (status.loading) return false;
  if (status.is_replica && replica_ignores_ != 0) return false;
  return node_->sessions->CurrentPause() == commands::PauseMode::kNone;  // the log must stand still
}

bool MemoryLimit::MakeRoomWithin(int64_t limit) {
  if (!Over(limit)) [[likely]] {
    NoteExceeded(false);
    return true;
  }
  if (!MayEvict()) return true;
  const int64_t begin_us = node_->clock->MonotonicUs();
  const bool enough = Evict(limit);
  full_ = !enough;
  NoteExceeded(!enough || unfinished_);
  const int64_t elapsed_ms = (node_->clock->MonotonicUs() - begin_us) / 1000;
  if (latency_threshold_ms_ > 0 && elapsed_ms >= latency_threshold_ms_) {
    node_->latency->Add("eviction-cycle", node_->loop->NowMs() / 1000, elapsed_ms);
  }
  return enough;
}

// Up to ten: fifty microseconds each. Beyond: growing by fifteen percent each. At a
// hundred there is no limit.
int64_t MemoryLimit::TimeLimitUs() const {
  if (tenacity_ <= 10) return 50 * tenacity_;
  if (tenacity_ < 100) return static_cast<int64_t>(500.0 * std::pow(1.15, static_cast<double>(tenacity_) - 10.0));
  return INT64_MAX;
}

bool MemoryLimit::Evict(int64_t limit) {
  unfinished_ = false;
  const int64_t begin_us = node_->clock->MonotonicUs();
  const int64_t limit_us = TimeLimitUs();
  keyspace::Evictor::Options options;
  options.policy = static_cast<keyspace::EvictionPolicy>(policy_);
  options.samples = static_cast<int>(samples_);
  options.later = lazy_eviction_ != 0;
  if (options.policy == keyspace::EvictionPolicy::kNone) return false;
  // What was dropped already goes first: evicting in its stead would be a pity.
  if (node_->keyspace->pending_free_keys() != 0) node_->keyspace->BackgroundStep(std::min(kFreeStepUs, limit_us));
  for (int evicted = 1; Over(limit); ++evicted) {
    if (!evictor_.EvictOne(options, node_->loop->NowMs())) {
      Resync();  // perhaps others have freed something
      return !Over(limit);
    }
    if (evicted % kEvictionsBetweenLooks == 0 && node_->clock->MonotonicUs() - begin_us > limit_us) {
      unfinished_ = Over(limit);
      if (unfinished_) node_->loop->Wake();
      return true;
    }
  }
  return true;
}

bool MemoryLimit::GoOn() {
  if (maxmemory_ == 0) return false;
  (void)MakeRoom();
  return unfinished_;
}

void MemoryLimit::NoteExceeded(bool exceeded) {
  if (!exceeded) full_ = unfinished_ = false;
  if (exceeded == (exceeded_since_us_ != 0)) return;
  const int64_t now_us = node_->clock->MonotonicUs();
  if (exceeded) {
    exceeded_since_us_ = now_us;
  } else {
    exceeded_total_us_ += now_us - exceeded_since_us_;
    exceeded_since_us_ = 0;
  }
}

int64_t MemoryLimit::CurrentExceededUs() const {
  return exceeded_since_us_ == 0 ? 0 : node_->clock->MonotonicUs() - exceeded_since_us_;
}

int64_t MemoryLimit::ExceededUs() const { return exceeded_total_us_ + CurrentExceededUs(); }

}  // namespace windlass::server
