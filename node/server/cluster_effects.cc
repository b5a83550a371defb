// Doing what the cluster core asks for, one effect after the other.
#include <utility>
#include <variant>

#include "node/commands/internal_command.h"
#include "node/commands/key_waits.h"
#include "node/commands/pubsub_commands.h"
#include "node/keyspace/keyspace.h"
#include "node/net/event_loop.h"
#include "node/replication/replica_side.h"
#include "node/replication/replication_log.h"
#include "node/server/cluster_driver.h"

namespace windlass::server {
namespace {

// Keys of a lost slot go by this many in one UNLINK.
constexpr size_t kKeysPerUnlink = 100;

base::LogLevel LevelOf(cluster::LogLevel level) {
  switch (level) {
    case cluster::LogLevel::kDebug:
      return base::LogLevel::kDebug;
    case cluster::LogLevel::kVerbose:
      return base::LogLevel::kVerbose;
    case cluster::LogLevel::kNotice:
      return base::LogLevel::kNotice;
    case cluster::LogLevel::kWarning:
      return base::LogLevel::kWarning;
  }
  return base::LogLevel::kNotice;
}

}  // namespace

// One overload an effect.
struct ClusterDriver::EffectDoer {
  ClusterDriver& driver;

  void operator()(const cluster::Connect& e) { driver.links_.Connect(e); }
  void operator()(const cluster::Disconnect& e) { driver.links_.Disconnect(e.link); }
  void operator()(const cluster::Send& e) { driver.links_.Send(e.link, e.message); }
  void operator()(cluster::Persist& e) {
    if (!driver.to_save_) driver.node_->loop->Wake();  // this may be the turn's end already
    driver.to_save_ = std::move(e);
  }

  void operator()(const cluster::FollowMaster& e) {
    if (!(driver.following_ == e.master)) driver.synchronized_with_master_ = false;
    driver.following_ = e.master;
    if (e.ip.empty()) return;  // it is ordered again when the address is known
    driver.node_->replica_side->SetNodeId(driver.core_->MyId().str());
    driver.node_->replica_side->Follow(e.ip, e.port);
  }
  void operator()(const cluster::HoldStream& e) {
    driver.node_->replica_side->SetHeld(e.held);
    driver.Step(driver.ReadReplication());
  }
  void operator()(const cluster::BecomeMaster&) {
    driver.following_ = cluster::NodeId();
    driver.synchronized_with_master_ = false;
    if (driver.node_->replica_side->following()) driver.node_->replica_side->StopFollowing();
  }
  void operator()(const cluster::FlushData&) {
    const std::string_view flushall[] = {"FLUSHALL"};
    commands::RunInternally(*driver.node_, 0, flushall);
  }
  void operator()(const cluster::SlotsLost& e) {
    // Of a master that was demoted, following the new one disconnects who waits.
    if (driver.core_->IsMaster()) driver.node_->key_waits->Redirect(*e.slots);
    if (!e.delete_keys) return;
    if (driver.on_lost_) return driver.on_lost_(*e.slots);
    driver.DeleteKeysOf(*e.slots);
  }

  // The core logs the change itself; the table of served slots is refreshed anyway.
  // Who waits for a key is refused as a new command would be.
  void operator()(const cluster::StateChanged& e) {
    if (!e.ok) driver.node_->key_waits->Redirect(slot::SlotSet::All());
  }
  void operator()(const cluster::PauseWrites& e) {
    driver.node_->sessions->PauseForFailover(e.until_ms);
  }
  void operator()(const cluster::UnpauseWrites&) { driver.node_->sessions->UnpauseForFailover(); }
  void operator()(const cluster::Log& e) { driver.node_->log->Log(LevelOf(e.level), e.text); }
  void operator()(const cluster::DeliverPublish& e) {
    if (driver.deliver_publication_) driver.deliver_publication_(e.channel, e.message, e.sharded);
  }
};

void ClusterDriver::Do(cluster::Effects effects) {
  for (cluster::Effect& effect : effects) effects_.push_back(std::move(effect));
  RefreshServed();
  if (!doing_effects_) DoQueued();
}

void ClusterDriver::DoQueued() {
  doing_effects_ = true;
  while (!effects_.empty()) {
    cluster::Effect effect = std::move(effects_.front());
    effects_.pop_front();
    std::visit(EffectDoer{*this}, effect);
  }
  doing_effects_ = false;
}

// Keeps the answer of the common case: slots that are served without a question.
void ClusterDriver::RefreshServed() {
  const uint64_t version = core_->RoutesVersion();
  const bool state_ok = core_->StateOk();
  if (version == served_version_ && state_ok == served_state_ok_) return;
  if (version != served_version_) {
    commands::LeaveLostShardChannels(*node_, [this](slot::SlotId slot) {
      const cluster::RouteKind kind = core_->RouteOf(slot).kind;
      return kind == cluster::RouteKind::kMoved || kind == cluster::RouteKind::kUnassigned;
    });
  }
  served_version_ = version;
  served_state_ok_ = state_ok;
  served_.Clear();
  const slot::SlotSet held_before = held_;
  held_ = asked_held_;
  if (core_->IsMaster()) held_ |= core_->GrantedSlots();
  if (state_ok) {
    core_->OwnSlots().ForEach([this](slot::SlotId slot) {
      if (core_->RouteOf(slot).kind == cluster::RouteKind::kOwn) served_.Add(slot);
    });
    served_ -= held_;
    served_ -= slowed_;
  }
  if (!(held_ == held_before)) commands::ResumeHeldClients(*node_);
  if (on_routes_) on_routes_();
}

void ClusterDriver::SetHeld(const slot::SlotSet& held, const slot::SlotSet& slowed) {
  if (held == asked_held_ && slowed == slowed_) return;
  const bool faster = !(slowed == slowed_);
  asked_held_ = held;
  slowed_ = slowed;
  served_version_ = 0;
  RefreshServed();
  if (faster) commands::ResumeHeldClients(*node_);
}

uint64_t ClusterDriver::TakeSlots(const slot::SlotSet& slots, uint64_t above_epoch) {
  cluster::AdminOutcome outcome = core_->Execute(NowMs(), cluster::TakeSlotsCommand{slots, above_epoch});
  Do(std::move(outcome.effects));
  return outcome.reply.ok() ? outcome.reply_after_ticket : 0;
}

void ClusterDriver::DeleteKeysOf(const slot::SlotSet& slots) {
  keyspace::Database& db = node_->keyspace->db(0);
  slots.ForEach([&](slot::SlotId slot) {
    while (db.SlotSize(slot) > 0) {
      const std::vector<std::string> keys = db.KeysInSlot(slot, kKeysPerUnlink);
      std::vector<std::string_view> args{"UNLINK"};
      args.insert(args.end(), keys.begin(), keys.end());
      const size_t before = db.SlotSize(slot);
      commands::RunInternally(*node_, 0, args);
      // Keys past their time are hidden from a replica's UNLINK.
      if (db.SlotSize(slot) >= before) {
        db.DropSlot(slot, /*later=*/true);
        return;
      }
    }
  });
}

}  // namespace windlass::server
