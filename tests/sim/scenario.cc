// Forming, suffering, healing.
#include "tests/sim/scenario.h"

#include <utility>

namespace windlass::sim {

namespace {

constexpr int kMasters = 10;
constexpr int kHosts = 20;
constexpr int64_t kMs = 1000;
constexpr int64_t kSecond = 1000000;
constexpr int64_t kFormLimitUs = 30 * kSecond;
constexpr int64_t kHealLimitUs = 120 * kSecond;

cluster::Options CoreOptions(uint64_t seed) {
  constexpr int64_t kTimeouts[] = {500, 1000, 2000};
  cluster::Options options;
  options.node_timeout_ms = kTimeouts[seed % 3];
  options.repl_ping_period_ms = 1000;
  options.allow_replica_migration = seed % 2 == 0;
  return options;
}

slot::SlotRange RangeOf(int shard) {
  const int first = shard * slot::kSlotCount / kMasters;
  const int last = (shard + 1) * slot::kSlotCount / kMasters - 1;
  return {static_cast<slot::SlotId>(first), static_cast<slot::SlotId>(last)};
}

}  // namespace

Scenario::Scenario(uint64_t seed, bool verbose)
    : seed_(seed),
      world_(WorldOptions{seed, kHosts, verbose}, CoreOptions(seed)),
      random_(seed * 2654435761 + 1),
      administrator_(&world_, &random_),
      timeout_us_(CoreOptions(seed).node_timeout_ms * kMs) {}

Outcome Scenario::Run() {
  Form();
  if (world_.checks().failure().empty() && seed_ % 4 == 0) LoseAnIntroducer();
  if (world_.checks().failure().empty() && seed_ % 4 == 1) LoseManyMasters();
  if (world_.checks().failure().empty()) Suffer();
  if (world_.checks().failure().empty()) Heal();
  if (!world_.checks().failure().empty()) {
    for (auto& host : world_.hosts()) {
      if (!host->alive()) continue;
      world_.Trace(host.get(), std::string(host->core->StateOk() ? "ok" : "fail") + ", sees\n" + host->core->NodesText(0));
    }
  }
  Outcome outcome;
  outcome.seed = seed_;
  outcome.failure = world_.checks().failure();
  outcome.trace = world_.trace();
  outcome.healed_ms = (world_.now_us() - administrator_.healed_at_us()) / kMs;
  return outcome;
}

void Scenario::Form() {
  for (auto& host : world_.hosts()) {
    host->data.lineage = host->index() % kMasters;
    world_.Start(host.get());
  }
  for (int i = 0; i < kMasters; ++i) {
    cluster::AddSlotsCommand add;
    add.slots.push_back(RangeOf(i));
    world_.Admin(&world_.host(i), cluster::SetConfigEpochCommand{i + 1});
    world_.Admin(&world_.host(i), add);
  }
  for (int i = 1; i < kHosts; ++i) world_.Admin(&world_.host(0), MeetHost(world_.host(i)));
  for (int i = kMasters; i < kHosts; ++i) world_.host(i).joining = true;
  administrator_.Begin();
  world_.RunUntil(kFormLimitUs, [this] { return Checks::Disagreement(world_.hosts()).empty(); });
  const std::string problem = Checks::Disagreement(world_.hosts());
  if (!problem.empty()) world_.checks().Fail("the cluster did not form: " + problem);
}

void Scenario::LoseAnIntroducer() {
  Host* newcomer = &world_.host(kMasters + static_cast<int>(random_.Below(kHosts - kMasters)));
  int other_shard = static_cast<int>(random_.Below(kMasters));
  if (other_shard == newcomer->data.lineage) other_shard = (other_shard + 1) % kMasters;
  Host* introducer = &world_.host(other_shard);
  hurt_lineages_.insert(newcomer->data.lineage);
  administrator_.AddDead(newcomer->core->MyId().str());
  world_.Crash(newcomer);
  newcomer->conf.reset();
  newcomer->data = Data{-1, 0, true};
  administrator_.LeaveAlone(newcomer);
  world_.Start(newcomer);
  world_.Trace(newcomer, "is new, introduced by host " + std::to_string(introducer->index()));
  world_.Admin(introducer, MeetHost(*newcomer));
  const std::string id = newcomer->core->MyId().str();
  const auto knows = [](const Host& host, const std::string& whom) { return host.core->FindNode(whom).has_value(); };
  const auto introduced = [&] {
    int told = 0;
    for (auto& host : world_.hosts()) told += host->alive() && knows(*newcomer, host->core->MyId().str()) ? 1 : 0;
    return told >= 4 && knows(*introducer, id);
  };
  const int64_t limit_us = world_.now_us() + 5 * kSecond;
  while (!introduced() && world_.now_us() < limit_us) world_.RunUntil(world_.now_us() + 5 * kMs);
  world_.Crash(introducer);
  const auto strangers = [&] {
    int count = 0;
    for (auto& host : world_.hosts()) count += host->alive() && host.get() != newcomer && !knows(*host, id) ? 1 : 0;
    return count;
  };
  world_.RunUntil(world_.now_us() + 10 * timeout_us_ + 5 * kSecond, [&] { return strangers() == 0; });
  if (strangers() != 0) {
    world_.checks().Fail(std::to_string(strangers()) + " hosts do not know the newcomer whose introducer died");
  }
  world_.Start(introducer);
  newcomer->joining = true;
  administrator_.LeaveAlone(nullptr);
}

void Scenario::LoseManyMasters() {
  constexpr int kLost = 4;
  // A failure is suspected after a timeout and a little; then it takes milliseconds, or
  // for those that meet in one epoch a second or two.
  const int64_t limit_us = 2 * timeout_us_ + 3 * kSecond;
  const auto masters_with_slots = [this] {
    int count = 0;
    for (auto& host : world_.hosts()) count += host->alive() && host->core->IsMaster() && !host->core->OwnSlots().empty() ? 1 : 0;
    return count;
  };
  const auto all_sound = [this] {
    for (int i = 0; i < kMasters; ++i) {
      if (!world_.host(i).alive() || !world_.host(i).core->IsMaster() || SoundReplicaOf(world_.host(i)) == nullptr) return false;
    }
    return true;
  };
  world_.RunUntil(world_.now_us() + 5 * kSecond, all_sound);
  if (!all_sound()) return;
  const int first = static_cast<int>(random_.Below(kMasters));
  for (int i = 0; i < kLost; ++i) world_.Crash(&world_.host((first + i) % kMasters));
  const int64_t died_us = world_.now_us();
  while (masters_with_slots() != kMasters && world_.now_us() < died_us + limit_us) world_.RunUntil(world_.now_us() + 10 * kMs);
  world_.Trace(nullptr, "of four masters that died together all are replaced after " + std::to_string((world_.now_us() - died_us) / kMs) + " ms");
  if (const int now = masters_with_slots(); now != kMasters) {
    world_.checks().Fail(std::to_string(kMasters - now) + " of four masters that died together are not replaced after " +
                         std::to_string(limit_us / kMs) + " ms");
  }
  for (int i = 0; i < kLost; ++i) world_.Start(&world_.host((first + i) % kMasters));
}

void Scenario::Suffer() {
  constexpr double kLoss[] = {0, 0.01, 0.05, 0.1};
  constexpr int64_t kDelayMs[] = {5, 30, 100};
  world_.network().SetFaults(kLoss[random_.Below(4)], kDelayMs[random_.Below(3)] * kMs);
  world_.SetDiskFaults(random_.Below(4) == 0 ? 30 : 0);
  world_.SetCriticalCrashes(random_.Below(2) == 0 ? 80 : 0);
  const int64_t end_us = world_.now_us() + 16 * kSecond;
  for (int64_t at = world_.now_us(); at < end_us;) {
    at += 100 * kMs + static_cast<int64_t>(random_.Below(1500)) * kMs;
    world_.At(at, [this] { Misfortune(); });
  }
  world_.RunUntil(end_us);
}

void Scenario::Heal() {
  world_.Trace(nullptr, "all faults are healed");
  world_.network().Heal();
  world_.SetDiskFaults(0);
  world_.SetCriticalCrashes(0);
  for (auto& host : world_.hosts()) {
    if (!host->alive()) world_.Start(host.get());
  }
  administrator_.Healed();
  world_.RunUntil(world_.now_us() + kHealLimitUs,
                  [this] { return Checks::Disagreement(world_.hosts()).empty(); });
  const std::string problem = Checks::Disagreement(world_.hosts());
  if (!problem.empty()) world_.checks().Fail("no agreement after healing: " + problem);
}

void Scenario::Misfortune() {
  if (administrator_.healed()) return;
  switch (random_.Below(8)) {
    case 0:
    case 1:
      return CrashSomeone();
    case 2:
      return LoseData();
    case 3:
      return LoseConf();
    case 4:
    case 5:
    case 6:
      return Partition();
    default:
      return ManualFailover();
  }
}

Host* Scenario::RandomLiving() {
  Host* host = &world_.host(static_cast<int>(random_.Below(kHosts)));
  return host->alive() && !host->joining ? host : nullptr;
}

Host* Scenario::SoundReplicaOf(const Host& master) {
  for (auto& host : world_.hosts()) {
    if (host->alive() && !host->master && host->link_up && host->followed == master.core->MyId()) {
      return host.get();
    }
  }
  return nullptr;
}

void Scenario::RestartLater(int index, int64_t delay_us) {
  world_.After(delay_us, [this, index] {
    if (!world_.host(index).alive()) world_.Start(&world_.host(index));
  });
}

void Scenario::CrashSomeone() {
  Host* host = RandomLiving();
  if (host == nullptr) return;
  world_.Crash(host);
  RestartLater(host->index(), static_cast<int64_t>(random_.Below(static_cast<uint64_t>(4 * timeout_us_))));
}

// A container restarted, its data gone: of a shard's copies only one, or nobody
// could bring it back.
void Scenario::LoseData() {
  Host* host = RandomLiving();
  if (host == nullptr || hurt_lineages_.count(host->data.lineage) != 0) return;
  if (host->master && SoundReplicaOf(*host) == nullptr) return;
  hurt_lineages_.insert(host->data.lineage);
  world_.Crash(host);
  // Empty, or what an old snapshot had.
  host->data.writes = random_.Below(2) == 0 ? 0 : host->data.writes / 2;
  host->data.tainted = true;
  world_.Trace(host, "loses data, has " + std::to_string(host->data.writes) + " writes");
  RestartLater(host->index(), static_cast<int64_t>(random_.Below(static_cast<uint64_t>(2 * timeout_us_))));
}

void Scenario::LoseConf() {
  Host* host = RandomLiving();
  if (host == nullptr || hurt_lineages_.count(host->data.lineage) != 0) return;
  if (host->master && SoundReplicaOf(*host) == nullptr) return;
  hurt_lineages_.insert(host->data.lineage);
  const std::string was = host->core->MyId().str();
  administrator_.AddDead(was);
  world_.Crash(host);
  world_.Trace(host, "loses nodes.conf and data, was " + was);
  host->conf.reset();
  host->data = Data{-1, 0, true};
  host->joining = true;
  RestartLater(host->index(), static_cast<int64_t>(random_.Below(static_cast<uint64_t>(3 * timeout_us_))));
}

void Scenario::Partition() {
  // One way: what these say does not reach those.
  std::vector<std::pair<int, int>> blocked;
  const uint64_t share = 1 + random_.Below(4);
  std::vector<bool> left;
  for (int i = 0; i < kHosts; ++i) left.push_back(random_.Below(8) < share);
  const bool both_ways = random_.Below(3) == 0;
  for (int a = 0; a < kHosts; ++a) {
    for (int b = 0; b < kHosts; ++b) {
      if (a == b || left[static_cast<size_t>(a)] == left[static_cast<size_t>(b)]) continue;
      if (left[static_cast<size_t>(a)] || both_ways) blocked.emplace_back(a, b);
    }
  }
  world_.Trace(nullptr, "partition of " + std::to_string(blocked.size()) + " paths");
  for (const auto& [a, b] : blocked) world_.network().Block(a, b);
  world_.After(static_cast<int64_t>(random_.Below(static_cast<uint64_t>(5 * timeout_us_))), [this, blocked] {
    if (administrator_.healed()) return;
    for (const auto& [a, b] : blocked) world_.network().Unblock(a, b);
  });
}

void Scenario::ManualFailover() {
  Host* host = RandomLiving();
  if (host == nullptr || host->core->IsMaster()) return;
  // FORCE throws away what the replica has not got: not where a copy is gone.
  const bool force = random_.Below(3) == 0 && hurt_lineages_.count(host->data.lineage) == 0 && host->link_up;
  using Kind = cluster::FailoverCommand::Kind;
  world_.Admin(host, cluster::FailoverCommand{force ? Kind::kForce : Kind::kDefault});
}

}  // namespace windlass::sim
