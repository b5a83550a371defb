// See replay.h. What each fault is: tests/chaos/nemesis.py.
#include "tests/sim/replay.h"

#include <algorithm>
#include <utility>

namespace windlass::sim {

namespace {

constexpr int64_t kMs = 1000;
constexpr int64_t kSecond = 1000000;
constexpr int64_t kHandoverUs = 2 * kSecond;  // what a terminated master waits for its successor
constexpr int64_t kClassicStepUs = 5 * kMs;
constexpr int64_t kFixAfterUs = 5 * kSecond;
constexpr int64_t kSetSlotTimeoutUs = 2 * kSecond;

TrialOptions OptionsOf(const Schedule& schedule, uint64_t seed, bool verbose) {
  TrialOptions options;
  options.seed = seed;
  options.masters = schedule.masters;
  options.replicas = schedule.replicas;
  options.node_timeout_ms = schedule.node_timeout_ms;
  options.verbose = verbose;
  return options;
}

}  // namespace

Replay::Replay(const Schedule& schedule, uint64_t seed, bool verbose)
    : Trial(OptionsOf(schedule, seed, verbose)), schedule_(schedule) {}

void Replay::Suffer() {
  const int64_t begin_us = world_->now_us();
  for (const ScheduledFault& fault : schedule_.faults) {
    world_->At(begin_us + fault.at_ms * kMs, [this, fault] { Strike(fault); });
  }
  TellOpenSlots();
  world_->RunUntil(begin_us + schedule_.seconds * kSecond);
  world_->After(kFixAfterUs, [this] { CloseOpenSlots(); });
}

void Replay::Strike(const ScheduledFault& fault) {
  if (administrator_.healed()) return;
  Host* host = &world_->host(fault.node);
  world_->Trace(nullptr, "fault: " + fault.kind + " of host " + std::to_string(fault.node));
  if (!Hurt(fault, host)) Operate(fault, host);
}

// --- faults

bool Replay::Hurt(const ScheduledFault& fault, Host* host) {
  const int64_t lasts_us = fault.lasts_ms * kMs;
  const auto listed = [&fault](int node) { return std::find(fault.others.begin(), fault.others.end(), node) != fault.others.end(); };
  std::vector<std::pair<int, int>> paths;
  if (fault.kind == "kill") {
    world_->Crash(host);
    StartLater(host, lasts_us);
  } else if (fault.kind == "pause") {
    world_->Freeze(host);
    world_->After(lasts_us, [this, host] { world_->Thaw(host); });
  } else if (fault.kind == "partition") {
    for (int a = 0; a < static_cast<int>(world_->hosts().size()); ++a) {
      for (int b = 0; b < static_cast<int>(world_->hosts().size()); ++b) {
        if (a != b && listed(a) != listed(b)) paths.emplace_back(a, b);
      }
    }
    Cut(paths, lasts_us);
  } else if (fault.kind == "one-way" || fault.kind == "isolate") {
    for (const int other : fault.others) {
      paths.emplace_back(fault.node, other);
      if (fault.kind == "isolate") paths.emplace_back(other, fault.node);
    }
    Cut(paths, lasts_us);
  } else if (fault.kind == "slow") {
    SpoilLinks(fault, fault.amount * kMs, 0);
  } else if (fault.kind == "lossy") {
    SpoilLinks(fault, 0, static_cast<int>(fault.amount));
  } else if (fault.kind == "skew") {
    // A process counts on from the time it was started at: the next one here sees it.
    host->skew_ms = fault.amount;
    world_->After(lasts_us, [host] { host->skew_ms = 0; });
  } else if (fault.kind == "lose-data" || fault.kind == "lose-all") {
    if (!LoseData(host, fault.kind == "lose-all", lasts_us)) world_->Trace(host, "skipped: its shard has no other copy that is whole");
  } else {
    return false;
  }
  return true;
}

void Replay::Cut(const std::vector<std::pair<int, int>>& paths, int64_t lasts_us) {
  for (const auto& [a, b] : paths) world_->network().Block(a, b);
  world_->After(lasts_us, [this, paths] {
    if (administrator_.healed()) return;
    for (const auto& [a, b] : paths) world_->network().Unblock(a, b);
  });
}

void Replay::SpoilLinks(const ScheduledFault& fault, int64_t delay_us, int loss_percent) {
  const auto set = [this, node = fault.node, others = fault.others](int64_t delay, int loss) {
    for (const int other : others) {
      world_->network().SetPath(node, other, delay, delay, loss);
      world_->network().SetPath(other, node, delay, delay, loss);
    }
  };
  set(delay_us, loss_percent);
  world_->After(fault.lasts_ms * kMs, [set] { set(0, 0); });
}

bool Replay::LoseData(Host* host, bool identity, int64_t lasts_us) {
  if (!host->alive() || host->frozen || host->joining || !ShardIsWhole(*host)) return false;
  const std::string was = host->core->MyId().str();
  world_->Crash(host);
  nodes_->LoseDisk(*host);
  host->data.writes = 0;
  host->data.tainted = true;
  world_->Trace(host, identity ? "loses all, was " + was : "loses its data");
  if (identity) {
    administrator_.AddDead(was);
    host->conf.reset();
    host->joining = true;
  }
  StartLater(host, lasts_us);
  return true;
}

// --- operations

void Replay::Operate(const ScheduledFault& fault, Host* host) {
  if (fault.kind == "reshard-atomic") return Move(fault, true);
  if (fault.kind == "reshard-classic") return Move(fault, false);
  if (fault.kind == "failover") return Failover(fault);
  if (fault.kind == "restart") return Restart(host);
  if (fault.kind == "replica-move") return MoveReplica(fault);
  world_->checks().Fail("the schedule has a fault of a kind that is not known: " + fault.kind);
}

void Replay::Move(const ScheduledFault& fault, bool atomic) {
  if (administrator_.healed()) return;
  // One tool at a time.
  if (!atomic && classic_) return world_->After(100 * kMs, [this, fault] { Move(fault, false); });
  const std::vector<Host*> masters = ServingMasters();
  std::vector<Host*> givers;
  for (Host* master : masters) {
    if (master->core->OwnSlots().size() > fault.amount) givers.push_back(master);
  }
  if (masters.size() < 2 || givers.empty()) return world_->Trace(nullptr, "skipped: no two masters to move slots between");
  Host* giver = givers[fault.pick % givers.size()];
  std::vector<Host*> takers;
  for (Host* master : masters) {
    if (master != giver) takers.push_back(master);
  }
  Host* taker = takers[fault.pick / givers.size() % takers.size()];
  const slot::SlotSet slots = SomeSlotsOf(*giver, fault.pick, static_cast<int>(fault.amount));
  if (!atomic) return MoveClassic(giver->index(), taker->index(), slots, slots.Next(0));
  const std::string refused = nodes_->moves(*giver).Migrate(slots, *taker);
  if (!refused.empty()) world_->Trace(giver, "refuses to move slots: " + refused);
}

void Replay::MoveClassic(int from, int to, const slot::SlotSet& slots, int next) {
  classic_ = false;
  Host* source = &world_->host(from);
  Host* target = &world_->host(to);
  const bool fit = source->alive() && target->alive() && !source->frozen && !target->frozen && !administrator_.healed();
  if (next < 0 || !fit || !source->core->IsMaster() || !target->core->IsMaster()) return;
  const auto slot = static_cast<slot::SlotId>(next);
  if (source->core->RouteOf(slot).kind != cluster::RouteKind::kOwn || source->core->GrantedSlots().Contains(slot) ||
      nodes_->moves(*source).Holds(slot) || target->core->OwnerOf(slot) != source->core->MyId()) {
    return;
  }
  using Kind = cluster::SetSlotCommand::Kind;
  classic_ = true;
  const Classic move{from, to, source->life, target->life, slots, slot, 0, 0};
  SetSlot(target, {slot, Kind::kImporting, source->core->MyId().str()}, [this, move, source, target](bool importing) {
    if (!importing) return EndClassic();
    SetSlot(source, {move.slot, Kind::kMigrating, target->core->MyId().str()}, [this, move](bool migrating) {
      migrating ? CopyClassic(move) : EndClassic();
    });
  });
}

// Half done it is for the administrator.
void Replay::EndClassic() { classic_ = false; }

bool Replay::BothAsTheyWere(const Classic& move) {
  const Host& source = world_->host(move.from);
  const Host& target = world_->host(move.to);
  return source.alive() && target.alive() && source.life == move.source_life && target.life == move.target_life &&
         source.core->IsMaster() && target.core->IsMaster() && !source.frozen && !target.frozen;
}

void Replay::CopyClassic(Classic move) {
  if (!BothAsTheyWere(move)) return EndClassic();
  ShardData& to = nodes_->data(world_->host(move.to));
  if (const int64_t value = nodes_->data(world_->host(move.from)).value(move.slot); value != 0) to.Put(move.slot, value);
  move.offset = to.offset();
  move.until_us = world_->now_us() + kSecond;
  FinishClassic(move);
}

// As the server does: the replicas are told, and when they have heard the master acts.
void Replay::SetSlot(Host* host, const cluster::SetSlotCommand& command, std::function<void(bool)> then) {
  if (!MayChange(*host) || !nodes_->moves(*host).MaySet(command).empty()) return then(false);
  ShardData& data = nodes_->data(*host);
  data.Say(SetSlotWords(command));
  AwaitMirrors({host->index(), host->life, command, data.offset(), world_->now_us() + kSetSlotTimeoutUs}, std::move(then));
}

bool Replay::MayChange(const Host& host) const {
  return host.alive() && !host.frozen && host.core->IsMaster() && host.paused_until_us <= world_->now_us();
}

void Replay::AwaitMirrors(const Mirrored& change, std::function<void(bool)> then) {
  Host* host = &world_->host(change.host);
  const bool same = host->life == change.life && host->alive();
  const bool may_go_on = same && MayChange(*host) && world_->now_us() <= change.until_us;
  if (may_go_on && !nodes_->data(*host).ReplicasHave(change.offset)) {
    world_->After(kMs, [this, change, then = std::move(then)] { AwaitMirrors(change, then); });
    return;
  }
  // Once more, for time has passed.
  if (may_go_on && nodes_->moves(*host).MaySet(change.command).empty()) {
    uint64_t ticket = 0;
    if (!world_->Admin(host, change.command, &ticket).empty()) return then(false);
    return AwaitSave(*host, host->life, ticket, std::move(then));
  }
  if (same && !nodes_->data(*host).following()) {
    for (const cluster::SetSlotCommand& as_it_is : host->core->AsItIs(change.command.slot)) {
      nodes_->data(*host).Say(SetSlotWords(as_it_is));
    }
  }
  then(false);
}

// The server answers when nodes.conf has it.
void Replay::AwaitSave(const Host& host, uint64_t life, uint64_t ticket, std::function<void(bool)> then) {
  if (!host.alive() || host.life != life) return then(false);
  if (host.saved_ticket >= ticket) return then(true);
  world_->After(kMs, [this, &host, life, ticket, then = std::move(then)] { AwaitSave(host, life, ticket, then); });
}

// For replicas that have come since.
void Replay::TellOpenSlots() {
  for (const auto& host : world_->hosts()) {
    if (!host->alive() || !MayChange(*host) || nodes_->data(*host).following()) continue;
    nodes_->data(*host).Say(SetSlotWords({0, cluster::SetSlotCommand::Kind::kAllStable, ""}));
    for (const cluster::SetSlotCommand& open : host->core->OpenSlots()) nodes_->data(*host).Say(SetSlotWords(open));
  }
  world_->After(kSecond / 2, [this] { TellOpenSlots(); });
}

// The value is deleted here, and the slot given away, when the target's replicas have it.
void Replay::FinishClassic(const Classic& move) {
  if (!BothAsTheyWere(move) || world_->now_us() > move.until_us) return EndClassic();
  Host* target = &world_->host(move.to);
  if (!nodes_->data(*target).ReplicasHave(move.offset)) {
    return world_->After(kClassicStepUs, [this, move] { FinishClassic(move); });
  }
  ShardData& source = nodes_->data(world_->host(move.from));
  if (source.value(move.slot) != 0) source.Put(move.slot, 0);
  const std::string target_id = target->core->MyId().str();
  SetSlot(target, {move.slot, cluster::SetSlotCommand::Kind::kNode, target_id}, [this, move, target_id](bool done) {
    if (!done) return EndClassic();
    // The others hear of it later, some slots' a good deal later: much may happen in between.
    const int64_t wait_us = (1 + move.slot % 8 * (move.slot % 5)) * kMs;
    world_->After(wait_us, [this, move, target_id] { TellOfClassic(move, target_id); });
  });
}

void Replay::TellOfClassic(const Classic& move, const std::string& target_id) {
  for (Host* master : ServingMasters()) {
    if (master->index() == move.to) continue;
    SetSlot(master, {move.slot, cluster::SetSlotCommand::Kind::kNode, target_id}, [](bool) {});
  }
  MoveClassic(move.from, move.to, move.slots, move.slots.Next(move.slot + 1));
}

// What `windlassctl fix` does: a slot that is open somewhere goes to who has its value.
void Replay::CloseOpenSlots() {
  using Kind = cluster::SetSlotCommand::Kind;
  const std::vector<Host*> masters = ServingOrNot();
  for (int s = 0; s < slot::kSlotCount; ++s) {
    const auto slot = static_cast<slot::SlotId>(s);
    bool open = false;
    Host* holder = nullptr;
    for (Host* master : masters) {
      const cluster::RouteKind kind = master->core->RouteOf(slot).kind;
      open = open || kind == cluster::RouteKind::kMigrating || kind == cluster::RouteKind::kImporting;
      const bool owns = master->core->OwnSlots().Contains(slot);
      const bool has = nodes_->data(*master).value(slot) > (holder == nullptr ? 0 : nodes_->data(*holder).value(slot));
      if (has || (holder == nullptr && owns)) holder = master;
    }
    if (!open || holder == nullptr) continue;
    world_->Trace(holder, "is given open slot " + std::to_string(s));
    for (Host* master : masters) {
      if (master != holder && nodes_->data(*master).value(slot) != 0) nodes_->data(*master).Put(slot, 0);
    }
    const std::string id = holder->core->MyId().str();
    const auto close = [this, slot, id](Host* at) {
      SetSlot(at, {slot, Kind::kNode, id}, [this, at, slot](bool) { SetSlot(at, {slot, Kind::kStable, ""}, [](bool) {}); });
    };
    close(holder);
    for (Host* master : masters) {
      if (master != holder) close(master);
    }
  }
  world_->After(5 * kSecond, [this] { CloseOpenSlots(); });
}

std::vector<Host*> Replay::ServingOrNot() {
  std::vector<Host*> masters;
  for (auto& host : world_->hosts()) {
    if (host->alive() && !host->frozen && !host->joining && host->core->IsMaster()) masters.push_back(host.get());
  }
  return masters;
}

std::vector<Host*> Replay::SoundReplicas() {
  std::vector<Host*> replicas;
  for (auto& host : world_->hosts()) {
    if (host->alive() && !host->frozen && !host->joining && !host->core->IsMaster() && host->link_up) replicas.push_back(host.get());
  }
  return replicas;
}

void Replay::Failover(const ScheduledFault& fault) {
  const std::vector<Host*> replicas = SoundReplicas();
  if (replicas.empty()) return world_->Trace(nullptr, "skipped: no replica in sync");
  Host* replica = replicas[fault.pick % replicas.size()];
  world_->Admin(replica, cluster::FailoverCommand{cluster::FailoverCommand::Kind::kDefault});
}

// Hands over where somebody is there to take it, ends, and starts again.
void Replay::Restart(Host* host) {
  if (!host->alive() || host->frozen) return;
  Host* successor = host->core->IsMaster() ? SoundReplicaOf(*host) : nullptr;
  if (successor != nullptr) world_->Admin(successor, cluster::FailoverCommand{cluster::FailoverCommand::Kind::kDefault});
  world_->After(successor == nullptr ? kMs : kHandoverUs, [this, host, life = host->life] {
    if (!host->alive() || host->life != life || administrator_.healed()) return;
    world_->Crash(host);
    StartLater(host, 200 * kMs);
  });
}

void Replay::MoveReplica(const ScheduledFault& fault) {
  std::map<int, std::vector<Host*>> followers;
  for (Host* master : ServingMasters()) followers[master->index()];
  for (Host* replica : SoundReplicas()) {
    if (Host* master = HostOf(replica->followed); master != nullptr && followers.count(master->index()) != 0) {
      followers[master->index()].push_back(replica);
    }
  }
  const auto rich = std::find_if(followers.begin(), followers.end(), [](const auto& shard) { return shard.second.size() > 1; });
  if (rich == followers.end() || followers.size() < 2) return world_->Trace(nullptr, "skipped: no shard has a replica to spare");
  std::vector<int> others;
  for (const auto& [master, replicas] : followers) {
    if (master != rich->first) others.push_back(master);
  }
  Host* replica = rich->second[fault.pick % rich->second.size()];
  const Host& target = world_->host(others[fault.pick / 7 % others.size()]);
  world_->Admin(replica, cluster::ReplicateCommand{target.core->MyId().str()});
}

}  // namespace windlass::sim
