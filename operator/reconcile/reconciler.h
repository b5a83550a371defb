// One pass over one RedisCluster: observe → plan → one safe step → status.
//
// A pass acts only on intent that it read from the API server: what it decides
// to begin is written to status, and begun by the next pass that reads it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "operator/controller/controller.h"
#include "operator/reconcile/context.h"
#include "operator/reconcile/oddities.h"
#include "operator/reconcile/quiet.h"
#include "operator/reconcile/scaling.h"
#include "operator/reconcile/shard_figures.h"
#include "operator/reconcile/slot_weights.h"
#include "operator/reconcile/stillness.h"
#include "operator/reconcile/world.h"
#include "operator/redis/node_links.h"

namespace windlass::reconcile {

class ClusterReconciler final : public controller::Reconciler {
 public:
  explicit ClusterReconciler(Context context) : context_(std::move(context)) {}

  controller::Outcome Reconcile(const std::string& key) override;
  const ShardFigures& shard_figures() const { return shard_figures_; }

 private:
  // What is remembered of a cluster between passes; losing it costs time only.
  struct Memory {
    explicit Memory(redis::LinkBudget* budget) : links(budget) {}

    redis::NodeLinks links;
    Stillness still;
    std::map<topology::Address, std::string> owners;  // of slots, and of which shard, as of the last pass
    ScalingMemory scaling;
    SlotLoads slot_loads;
    std::vector<double> slot_weights;  // as read last
    int64_t slots_weighed_ms = 0;
    int64_t moves_rest_until_ms = 0;
    int64_t status_written_ms = 0;
    Quiet quiet;
    Patience patience;
    std::string objects_ensured;  // for this, see ensure.h
    std::string budgets_ensured;
    std::string last_error;
    Rivals rivals;
    int64_t rivals_generation = -1;  // of the spec they were looked up for
    int64_t rivals_seen_ms = 0;
    std::string monitor_refused;
    int64_t monitor_generation = -1;  // of the spec that there is a PodMonitor for, or none
    int64_t monitor_seen_ms = 0;
    std::string creation_refused;
    int64_t create_again_ms = 0;
    std::string resize_refused;
    std::string resize_refused_for;  // this template
    std::string growth_refused;
    int64_t grow_again_ms = 0;
    // Of a spec that was found valid: it is not looked through at each pass.
    int64_t valid_generation = -1;
  };

  // `objects` is the stamp of what it reads, from before it was read.
  controller::Outcome Pass(const api::RedisCluster& cluster, const informer::Json& object, const std::string& objects, Memory* memory);
  std::string StampOf(const std::string& key) const;
  // Looks, and compares with the last pass, which did nothing.
  bool StandsStill(const std::string& key, Memory* memory);
  void RememberStillness(const World& world, const std::string& objects, const PasswordSource& password, redis::AdminOptions admin, std::optional<uint64_t> said,
                         Memory* memory);
  controller::Outcome NextLook(const api::RedisCluster& cluster, const api::Status& status, bool acted, Memory* memory);
  void FindRivalsIfDue(const api::RedisCluster& cluster, int64_t now_ms, Memory* memory);
  void MonitorIfDue(const api::RedisCluster& cluster, int64_t now_ms, Memory* memory);
  void WeighSlotsIfDue(const redis::AdminOptions& admin, World* world, Memory* memory);
  controller::Outcome Refuse(const api::RedisCluster& cluster, const informer::Json& object, const std::string& why);
  // True if it is what it was.
  bool WriteStatus(const api::RedisCluster& cluster, const informer::Json& object, const api::Status& status, Memory* memory);
  void Event(const api::RedisCluster& cluster, kube::EventType type, const std::string& reason, const std::string& message);
  std::shared_ptr<Memory> MemoryOf(const std::string& key);

  const Context context_;
  ShardFigures shard_figures_;
  redis::LinkBudget link_budget_{redis::LinkBudget::OfThisProcess()};
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Memory>> memories_;  // guarded by mutex_; each used by one pass at a time
};

}  // namespace windlass::reconcile
