// See trial.h.
#include "tests/sim/trial.h"

#include <utility>

namespace windlass::sim {

namespace {

constexpr int64_t kSecond = 1000000;
constexpr int64_t kFormLimitUs = 30 * kSecond;
constexpr int64_t kHealLimitUs = 120 * kSecond;

std::unique_ptr<World> MakeWorld(const TrialOptions& options) {
  cluster::Options core;
  core.node_timeout_ms = options.node_timeout_ms;
  core.repl_ping_period_ms = 1000;
  core.allow_replica_migration = false;
  return std::make_unique<World>(WorldOptions{options.seed, options.masters + options.replicas, options.verbose, true}, core);
}

}  // namespace

Trial::Trial(const TrialOptions& options)
    : options_(options),
      world_(MakeWorld(options)),
      nodes_(std::make_unique<Nodes>(world_.get())),
      random_(options.seed * 2654435761 + 1),
      administrator_(world_.get(), &random_) {
  world_->checks().AllowWithinShard([this](const cluster::NodeId& id) {
    for (auto& host : world_->hosts()) {
      if (host->alive() && !host->core->ShardOf(id).null()) return host->core->ShardOf(id);
    }
    return cluster::NodeId();
  });
}

Outcome Trial::Run() {
  Form();
  if (!Failed()) Suffer();
  if (!Failed()) Heal();
  if (!Failed()) Afterwards();
  if (Failed()) {
    for (auto& host : world_->hosts()) {
      if (!host->alive()) continue;
      world_->Trace(host.get(), std::string(host->core->StateOk() ? "ok" : "fail") + ", sees\n" + host->core->NodesText(0));
    }
  }
  Outcome outcome;
  outcome.seed = options_.seed;
  outcome.failure = world_->checks().failure();
  outcome.trace = world_->trace();
  outcome.healed_ms = (world_->now_us() - administrator_.healed_at_us()) / 1000;
  outcome.hash = world_->hash();
  return outcome;
}

void Trial::Form() {
  for (auto& host : world_->hosts()) world_->Start(host.get());
  for (int i = 0; i < options_.masters; ++i) {
    cluster::AddSlotsCommand add;
    add.slots.push_back({static_cast<slot::SlotId>(i * slot::kSlotCount / options_.masters),
                         static_cast<slot::SlotId>((i + 1) * slot::kSlotCount / options_.masters - 1)});
    world_->Admin(&world_->host(i), cluster::SetConfigEpochCommand{i + 1});
    world_->Admin(&world_->host(i), add);
  }
  const int hosts = options_.masters + options_.replicas;
  for (int i = 1; i < hosts; ++i) world_->Admin(&world_->host(0), MeetHost(world_->host(i)));
  for (int i = options_.masters; i < hosts; ++i) world_->host(i).joining = true;
  administrator_.Begin();
  world_->RunUntil(kFormLimitUs, [this] { return Checks::Disagreement(world_->hosts()).empty(); });
  const std::string problem = Checks::Disagreement(world_->hosts());
  if (!problem.empty()) world_->checks().Fail("the cluster did not form: " + problem);
}

std::string Trial::Unsettled() {
  const std::string problem = Checks::Disagreement(world_->hosts());
  return problem.empty() ? nodes_->Unsettled() : problem;
}

void Trial::Heal() {
  world_->Trace(nullptr, "all faults are healed");
  world_->network().Heal();
  world_->SetDiskFaults(0);
  for (auto& host : world_->hosts()) {
    host->skew_ms = 0;
    world_->Thaw(host.get());
    if (!host->alive()) world_->Start(host.get());
    nodes_->moves(*host).DieBefore("");
  }
  administrator_.Healed();
  world_->RunUntil(world_->now_us() + kHealLimitUs, [this] { return Unsettled().empty(); });
  if (Failed()) return;
  if (const std::string problem = Unsettled(); !problem.empty()) world_->checks().Fail("not settled after healing: " + problem);
  if (nodes_->confirmations() == 0) world_->checks().Fail("no write was confirmed to anybody");
}

Host* Trial::RandomLiving() {
  Host* host = &world_->host(static_cast<int>(random_.Below(world_->hosts().size())));
  return host->alive() && !host->joining ? host : nullptr;
}

Host* Trial::HostOf(const cluster::NodeId& id) {
  for (auto& host : world_->hosts()) {
    if (host->alive() && host->core->MyId() == id) return host.get();
  }
  return nullptr;
}

Host* Trial::SoundReplicaOf(const Host& master) {
  for (auto& host : world_->hosts()) {
    if (host->alive() && !host->frozen && !host->master && host->link_up && host->followed == master.core->MyId()) return host.get();
  }
  return nullptr;
}

bool Trial::ShardIsWhole(const Host& host) {
  const Host* head = host.master ? &host : HostOf(host.followed);
  if (head == nullptr || !head->core->IsMaster() || !head->core->StateOk() || head->frozen) return false;
  ShardData& data = nodes_->data(*head);
  int members = 0;
  for (auto& other : world_->hosts()) {
    if (!other->alive() || other->joining) return false;  // it may be of this shard
    if (other->master || !(other->followed == head->core->MyId())) continue;
    if (other->frozen || !other->link_up || !world_->network().Reachable(other->index(), head->index())) return false;
    ++members;
  }
  return members > 0 && data.Count() == members && data.AckedBy(data.offset()) == members;
}

std::vector<Host*> Trial::ServingMasters() {
  std::vector<Host*> masters;
  for (auto& host : world_->hosts()) {
    const bool serves = host->alive() && !host->frozen && host->core->IsMaster() && host->core->StateOk() && !host->core->OwnSlots().empty();
    if (serves) masters.push_back(host.get());
  }
  return masters;
}

void Trial::StartLater(Host* host, int64_t delay_us) {
  world_->After(delay_us, [this, host] {
    if (!host->alive()) world_->Start(host);
  });
}

slot::SlotSet Trial::SomeSlotsOf(const Host& master, uint64_t pick, int slots) {
  slot::SlotSet chosen;
  const std::vector<slot::SlotRange> ranges = master.core->OwnSlots().Ranges();
  if (ranges.empty()) return chosen;
  slot::SlotRange range = ranges[pick % ranges.size()];
  if (range.last - range.first >= slots) range.last = static_cast<slot::SlotId>(range.first + slots - 1);
  chosen.Add(range);
  return chosen;
}

}  // namespace windlass::sim
