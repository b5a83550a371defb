// See migration_story.h.
#include "tests/sim/migration_story.h"

#include <iterator>

namespace windlass::sim {

namespace {

constexpr int64_t kMs = 1000;
constexpr int64_t kSecond = 1000000;
constexpr int64_t kLastTryUs = 20 * kSecond;
constexpr int kLastTries = 3;

const char* const kSourceSteps[] = {"connect", "send-establish", "start-snapshot", "hold", "send-paused", "save-grant", "send-grant",
                                    "ask-outcome", "withdraw-grant", "take-back", "close-export", "end-export"};
const char* const kTargetSteps[] = {"wait-replicas", "send-ready", "save-import-grant", "tell-replicas", "take-slots",
                                    "close-import", "drop", "end-import"};

TrialOptions OptionsOf(uint64_t seed, bool verbose) {
  constexpr int64_t kTimeouts[] = {500, 1000, 2000};
  TrialOptions options;
  options.seed = seed;
  options.node_timeout_ms = kTimeouts[seed % 3];
  options.verbose = verbose;
  return options;
}

}  // namespace

MigrationStory::MigrationStory(uint64_t seed, bool verbose) : Trial(OptionsOf(seed, verbose)) {}

void MigrationStory::Suffer() {
  constexpr double kLoss[] = {0, 0, 0.02, 0.05};
  constexpr int64_t kDelayMs[] = {2, 10, 60};
  world_->network().SetFaults(kLoss[random_.Below(4)], kDelayMs[random_.Below(3)] * kMs);
  world_->SetDiskFaults(random_.Below(4) == 0 ? 50 : 0);
  const int64_t end_us = world_->now_us() + 16 * kSecond;
  for (int64_t at = world_->now_us(); at < end_us;) {
    at += 50 * kMs + static_cast<int64_t>(random_.Below(900)) * kMs;
    world_->At(at, [this] {
      if (administrator_.healed()) return;
      random_.Below(2) == 0 ? BeginMove() : Misfortune();
    });
  }
  world_->RunUntil(end_us);
}

void MigrationStory::BeginMove() {
  const std::vector<Host*> masters = ServingMasters();
  if (masters.size() < 2) return;
  Host* source = masters[random_.Below(masters.size())];
  Host* target = masters[random_.Below(masters.size())];
  if (source == target) return;
  const slot::SlotSet slots = SomeSlotsOf(*source, random_.Below(64), 100 + static_cast<int>(random_.Below(3000)));
  if (slots.empty() || slots.size() == source->core->OwnSlots().size()) return;
  const uint64_t fate = random_.Below(3);
  if (fate == 0) nodes_->moves(*source).DieBefore(kSourceSteps[random_.Below(std::size(kSourceSteps))]);
  if (fate == 1) nodes_->moves(*target).DieBefore(kTargetSteps[random_.Below(std::size(kTargetSteps))]);
  parties_ = {source->index(), target->index()};
  if (Host* replica = SoundReplicaOf(*source)) parties_.push_back(replica->index());
  if (Host* replica = SoundReplicaOf(*target)) parties_.push_back(replica->index());
  const std::string refused = nodes_->moves(*source).Migrate(slots, *target);
  if (!refused.empty()) world_->Trace(source, "moves nothing: " + refused);
  // Whoever died by itself comes back, at once or after it was replaced.
  const int64_t back_us = static_cast<int64_t>(random_.Below(4 * static_cast<uint64_t>(options_.node_timeout_ms))) * kMs;
  for (Host* host : {source, target}) StartLater(host, 300 * kMs + back_us);
}

Host* MigrationStory::Victim() {
  if (parties_.empty() || random_.Below(5) == 0) return RandomLiving();
  Host* host = &world_->host(parties_[random_.Below(parties_.size())]);
  return host->alive() ? host : nullptr;
}

void MigrationStory::Misfortune() {
  Host* host = Victim();
  if (host == nullptr) return;
  const int64_t lasts_us = static_cast<int64_t>(random_.Below(4 * static_cast<uint64_t>(options_.node_timeout_ms))) * kMs;
  switch (random_.Below(6)) {
    case 0:
    case 1:
      world_->Crash(host);
      return StartLater(host, lasts_us);
    case 2:
      world_->Freeze(host);
      return world_->After(lasts_us, [this, host] { world_->Thaw(host); });
    case 3:
    case 4:
      return CutOff(host);
    default:
      if (host->core->IsMaster()) host = SoundReplicaOf(*host);
      if (host != nullptr) world_->Admin(host, cluster::FailoverCommand{cluster::FailoverCommand::Kind::kDefault});
  }
}

// From some or all others, one way or both.
void MigrationStory::CutOff(Host* host) {
  const uint64_t way = random_.Below(3);
  const uint64_t share = 1 + random_.Below(4);
  std::vector<std::pair<int, int>> paths;
  for (auto& other : world_->hosts()) {
    if (other.get() == host || random_.Below(4) >= share) continue;
    if (way != 1) paths.emplace_back(host->index(), other->index());
    if (way != 0) paths.emplace_back(other->index(), host->index());
  }
  world_->Trace(host, "is cut off, " + std::to_string(paths.size()) + " paths");
  for (const auto& [a, b] : paths) world_->network().Block(a, b);
  const int64_t lasts_us = static_cast<int64_t>(random_.Below(4 * static_cast<uint64_t>(options_.node_timeout_ms))) * kMs;
  world_->After(lasts_us, [this, paths] {
    if (administrator_.healed()) return;
    for (const auto& [a, b] : paths) world_->network().Unblock(a, b);
  });
}

// Nothing is left that would stand in the way of the next one.
void MigrationStory::Afterwards() {
  // A failover that was asked for may still come between: then it is tried again.
  const int before = nodes_->succeeded();
  for (int i = 0; i < kLastTries && nodes_->succeeded() == before && !Failed(); ++i) {
    const std::vector<Host*> masters = ServingMasters();
    if (masters.empty()) return world_->checks().Fail("no master serves");
    Host* source = masters[0];
    for (Host* host : masters) source = host->core->OwnSlots().size() > source->core->OwnSlots().size() ? host : source;
    Host* target = nullptr;
    for (auto& host : world_->hosts()) {
      if (host->alive() && host.get() != source && host->core->IsMaster()) target = host.get();
    }
    if (target == nullptr) return world_->checks().Fail("no second master is left");
    nodes_->moves(*source).Migrate(SomeSlotsOf(*source, 0, 500), *target);
    world_->RunUntil(world_->now_us() + kLastTryUs, [&] { return nodes_->succeeded() > before && Unsettled().empty(); });
  }
  if (Failed()) return;
  if (nodes_->succeeded() == before) return world_->checks().Fail("a move after all others does not succeed");
  if (const std::string problem = Unsettled(); !problem.empty()) world_->checks().Fail("not settled after the last move: " + problem);
}

}  // namespace windlass::sim
