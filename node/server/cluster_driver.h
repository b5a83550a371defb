// Drives the cluster core: feeds it ticks, bus messages, replication facts and
// disk answers, and does what it asks in order: links, nodes.conf, role changes,
// pauses, lost slots, log lines.
//
// Loop thread. The core never calls out, so what it asks for may feed it again
// while it is being done (a lost master link, a closed bus link): such effects
// queue up behind the ones at hand.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/base/result.h"
#include "node/cluster/core.h"
#include "node/cluster_bus/bus_links.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"
#include "node/server/cluster_settings.h"
#include "node/server/nodes_conf_file.h"

namespace windlass::server {

class ClusterDriver final : public commands::ClusterPort,
                            private cluster_bus::LinkListener,
                            private cluster::KeyCounts {
 public:
  // Every part of `node` that is not null outlives the driver.
  explicit ClusterDriver(commands::Node* node);
  ~ClusterDriver() override;

  // --- start-up, in this order.
  // Before the data is loaded: locks and reads nodes.conf, and tries the bus
  // port. An error is the text to log before exiting with status 1.
  base::Result<void> Open();
  // After it: makes the core, listens, takes the role the core says.
  base::Result<void> Begin(const cluster::DataAtStart& data);
  bool begun() const { return core_ != nullptr; }

  // Before the loop sleeps: the core hears of replication what cannot wait for
  // the next tick, and one save covers all that changed in the turn.
  void AtTurnEnd();
  // Saves of nodes.conf up to this one are done or have failed: replies that
  // depend on them may leave.
  uint64_t saved_ticket() const { return saved_ticket_; }
  // Up to this one they are on disk: a later save holds what a failed one should have.
  uint64_t durable_ticket() const { return durable_ticket_; }
  // Called when one has failed, before its ticket counts as saved.
  using OnSaveFailed = std::function<void(uint64_t ticket)>;
  void SetOnSaveFailed(OnSaveFailed tell) { tell_save_failed_ = std::move(tell); }

  // --- ClusterPort.
  bool Admit(const commands::SlotQuestion& question, std::string* error) override;
  std::string_view CrossSlotError(slot::SlotId first_key_slot) const override;
  const cluster::ClusterCore& core() const override { return *core_; }
  void Execute(commands::Call& call, const cluster::AdminCommand& command) override;
  void Execute(client::Client& client, const cluster::AdminCommand& command) override;
  base::Result<std::string> Check(const cluster::SetSlotCommand& command) const override;
  bool TellReplicas(const cluster::SetSlotCommand& command) override;
  void TellReplicasAsItIs(slot::SlotId slot) override;
  // As a replica: its master has begun to tell it which slots are open.
  void MirrorNothingOpen();
  std::vector<commands::BusLinkFacts> Links() const override;
  uint64_t LinksOverLimit() const override { return links_.closed_over_limit(); }
  void DropMessages(int type) override { links_.set_dropped_type(type); }
  void CloseLinksOnDrop(bool close) override { links_.set_closes_on_drop(close); }
  bool KillLinks(std::string_view node_id, bool to, bool from) override;
  std::string PreferredEndpoint(const cluster::NodeEndpoint& node) const override;
  void Publish(std::string_view channel, std::string_view message, bool sharded) override;

  // Atomic migrations: slots whose commands wait, or whose writes do.
  void SetHeld(const slot::SlotSet& held, const slot::SlotSet& slowed);
  void TellGrants(std::vector<cluster::Grant> grants) { Step(cluster::GrantsOutstanding{std::move(grants)}); }
  // The ticket after whose save that is on disk; 0: refused.
  uint64_t TakeSlots(const slot::SlotSet& slots, uint64_t above_epoch);
  // As a replica, by its master's word: who has them by an atomic migration.
  void MirrorTaken(const slot::SlotSet& slots, const cluster::NodeId& taker) {
    if (!slots.empty()) Do(core_->Execute(NowMs(), cluster::TakeSlotsCommand{slots, 0, taker}).effects);
  }
  // Who empties lost slots in the background; unset: they are emptied at once.
  using OnLost = std::function<void(const slot::SlotSet&)>;
  void SetOnLost(OnLost on_lost) { on_lost_ = std::move(on_lost); }
  // Called when routes may have changed, before any command runs by them.
  void SetOnRoutes(std::function<void()> on_routes) { on_routes_ = std::move(on_routes); }

  // A replica in doubt (see ClusterCore::ReplicasInDoubt) was asked.
  void TellNothingNewer(const cluster::NodeId& replica) { Step(cluster::ReplicaHoldsNothingNewer{replica}); }

  // A publication of another node, for this node's subscribers.
  using OnPublication =
      std::function<void(std::string_view channel, std::string_view message, bool sharded)>;
  void SetOnPublication(OnPublication deliver) { deliver_publication_ = std::move(deliver); }

 private:
  struct EffectDoer;

  // LinkListener and KeyCounts.
  void OnLinkInput(const cluster::Input& input) override;
  uint64_t KeysInSlot(slot::SlotId slot) const override;
  bool DatasetEmpty() const override;

  base::Result<void> ListenOnBus(bool keep);
  void WatchSettings();
  // Unix milliseconds that never go back.
  int64_t NowMs() const;
  void Tick();
  void Answer(client::Client& client, resp::ReplyWriter& reply, const cluster::AdminCommand& command);
  void TellOpenSlots();
  void Step(const cluster::Input& input);
  void Do(cluster::Effects effects);
  void DoQueued();
  void OnSaved(uint64_t ticket, const base::Result<void>& saved);
  void SaveChanges();
  void HearOfReplication();
  cluster::ReplicationFacts ReadReplication();
  void RefreshServed();
  void DeleteKeysOf(const slot::SlotSet& slots);
  // cluster_admission.cc
  std::string Redirection(const char* word, slot::SlotId slot, cluster::NodeIndex node) const;
  size_t CountMissing(const commands::SlotQuestion& question) const;
  bool AdmitIfPresent(const commands::SlotQuestion& question, const cluster::Route& route, std::string* error);

  commands::Node* node_;
  NodesConfFile conf_file_;
  std::optional<cluster::NodesConf> conf_;  // between Open and Begin
  cluster_bus::BusLinks links_;
  std::unique_ptr<cluster::ClusterCore> core_;
  int64_t unix_minus_monotonic_ms_ = 0;
  net::TimerId tick_timer_ = 0;

  std::deque<cluster::Effect> effects_;
  bool doing_effects_ = false;

  uint64_t told_online_ = 0;  // replicas put online that were told of open slots

  uint64_t served_version_ = 0;
  bool served_state_ok_ = false;

  // Whose stream the data comes from: until the link to the master the core
  // named has been up once, the offset counts for nothing.
  cluster::NodeId following_;
  bool synchronized_with_master_ = false;
  bool reported_manual_ = false;  // that one is under way
  int64_t reported_offset_ = -1;
  bool reported_link_up_ = false;

  std::optional<cluster::Persist> to_save_;  // the newest of this turn
  uint64_t saved_ticket_ = 0;
  uint64_t durable_ticket_ = 0;
  OnSaveFailed tell_save_failed_;

  OnPublication deliver_publication_;
  slot::SlotSet asked_held_;  // by SetHeld; what was granted is held besides
  OnLost on_lost_;
  std::function<void()> on_routes_;
};

}  // namespace windlass::server
