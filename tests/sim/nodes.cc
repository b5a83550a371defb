// See nodes.h.
#include "tests/sim/nodes.h"

#include <optional>

namespace windlass::sim {

namespace {
constexpr int64_t kTurnUs = 5000;
constexpr int kWritesPerTurn = 2;
}  // namespace

namespace {

// What SetSlotWords made, as a replica executes it.
std::optional<cluster::SetSlotCommand> SetSlotOf(const std::vector<std::string>& words) {
  if (words.size() != 4 || words[0] != kSetSlot) return std::nullopt;
  return cluster::SetSlotCommand{static_cast<slot::SlotId>(std::stoi(words[1])),
                                 static_cast<cluster::SetSlotCommand::Kind>(std::stoi(words[2])), words[3], true};
}

}  // namespace

std::vector<std::string> SetSlotWords(const cluster::SetSlotCommand& command) {
  return {kSetSlot, std::to_string(command.slot), std::to_string(static_cast<int>(command.kind)), command.id};
}

Nodes::Nodes(World* world) : world_(world), wires_(world) {
  for (auto& host : world->hosts()) {
    data_.push_back(std::make_unique<ShardData>(world, &wires_, &truth_, host.get()));
    moves_.push_back(std::make_unique<SlotMoves>(world, &wires_, data_.back().get(), host.get()));
    data_.back()->Bind([this](const Host& of) { return &data(of); },
                       [world, moves = moves_.back().get(), of = host.get()](const std::vector<std::string>& words) {
                         const auto command = SetSlotOf(words);
                         if (!command) return moves->LearnRecord(words);
                         world->Admin(of, *command);
                       });
    moves_.back()->Bind([this](const Host& of) { return &moves(of); });
  }
  reported_.resize(data_.size());
  world->set_companion(this);
}

// --- life

void Nodes::Starting(Host* host) {
  complete_[host->index()] = !host->data.tainted;
  data(*host).Starting();
  moves(*host).Starting();
}

void Nodes::Started(Host* host) {
  moves(*host).Started(complete_[host->index()]);
  world_->After(kTurnUs, [this, host, life = host->life] {
    if (host->alive() && host->life == life) Turn(host);
  });
}

void Nodes::Crashed(Host* host) {
  moves(*host).Crashed();
  data(*host).Crashed();
}

void Nodes::LoseDisk(const Host& host) {
  data(host).LoseDisk();
  moves(host).LoseDisk();
}

void Nodes::Turn(Host* host) {
  const uint64_t life = host->life;
  if (!host->frozen) {
    NoteNewest(*host);
    if (writing_) Write(host);
    moves(*host).AtTurnEnd();
    if (!host->alive() || host->life != life) return;
    data(*host).AtTurnEnd();
    HearOfReplication(host);
    if (!host->alive() || host->life != life) return;
  }
  world_->After(kTurnUs + static_cast<int64_t>(world_->random().Below(500)), [this, host, life] {
    if (host->alive() && host->life == life) Turn(host);
  });
}

void Nodes::Follows(Host* host) {
  master_since_us_.erase(host->core->MyId());
  data(*host).Follow();
}

// Also at the start of one that has been a master all the time.
void Nodes::IsMaster(Host* host) {
  master_since_us_.emplace(host->core->MyId(), world_->now_us());
  data(*host).BecomeMaster();
}

// What cannot wait for the core's next tick.
void Nodes::HearOfReplication(Host* host) {
  Reported& last = reported_[static_cast<size_t>(host->index())];
  const Reported now{data(*host).offset(), host->link_up, host->stream_held};
  const bool moved = host->core->ManualFailoverInProgress() && now.offset != last.offset;
  if (!moved && now.link_up == last.link_up && now.held == last.held) return;
  last = now;
  world_->Feed(host, host->Facts(world_->now_us()));
}

// --- clients

bool Nodes::Accepts(const Host& host, slot::SlotId slot) {
  if (!host.alive() || host.frozen || !host.master || !host.core->IsMaster() || !host.core->StateOk()) return false;
  if (host.core->OnProbation() || host.paused_until_us > world_->now_us()) return false;
  if (host.core->RouteOf(slot).kind != cluster::RouteKind::kOwn) return false;
  return !host.core->GrantedSlots().Contains(slot) && !moves(host).Holds(slot);
}

// A master that took slots by itself may have the epoch its replica was elected at meanwhile:
// the one that was elected is the newer one.
std::pair<uint64_t, int64_t> Nodes::RankOf(const Host& host) const {
  const auto since = master_since_us_.find(host.core->MyId());
  return {host.core->Info().my_epoch, since == master_since_us_.end() ? 0 : since->second};
}

void Nodes::NoteNewest(const Host& host) {
  if (!host.core->IsMaster()) return;
  auto& newest = newest_[host.core->MyShardId()];
  if (const auto rank = RankOf(host); rank > newest.first) newest = {rank, host.core->MyId()};
}

bool Nodes::Stale(const Host& host) {
  const auto newest = newest_.find(host.core->MyShardId());
  return newest != newest_.end() && newest->second.first > RankOf(host) && !(newest->second.second == host.core->MyId());
}

void Nodes::CheckAlone(const Host& host, slot::SlotId slot) {
  if (Stale(host)) return;
  for (const auto& other : world_->hosts()) {
    if (other->index() == host.index() || !Accepts(*other, slot)) continue;
    NoteNewest(*other);  // it may have been elected since its last turn
    if (Stale(host) || Stale(*other)) continue;
    world_->checks().Fail("hosts " + std::to_string(host.index()) + " and " + std::to_string(other->index()) +
                          " both accept writes to slot " + std::to_string(slot));
  }
}

void Nodes::Write(Host* host) {
  if (!host->master) return;
  constexpr int kValues = slot::kSlotCount / kSlotsPerValue;
  for (int i = 0; i < kWritesPerTurn; ++i) {
    const auto slot = static_cast<slot::SlotId>(world_->random().Below(kValues) * kSlotsPerValue);
    if (!Accepts(*host, slot)) continue;
    CheckAlone(*host, slot);
    // A master that was replaced and has not heard of it promises nothing.
    data(*host).Write(slot, !Stale(*host));
    if (const int64_t value = data(*host).value(slot); value != 0) moves(*host).Tap(slot, value);
  }
}

// --- the end

int Nodes::succeeded() const {
  int count = 0;
  for (const auto& moves : moves_) count += moves->succeeded();
  return count;
}

std::string Nodes::Unsettled() {
  for (const auto& host : world_->hosts()) {
    if (!host->alive()) continue;
    if (const std::string what = moves(*host).Unfinished(); !what.empty()) return "host " + std::to_string(host->index()) + ": " + what;
  }
  for (const auto& host : world_->hosts()) {
    if (!host->alive() || !host->core->IsMaster()) continue;
    for (int s = 0; s < slot::kSlotCount - kSlotsPerValue; s += kSlotsPerValue) {
      const auto slot = static_cast<slot::SlotId>(s);
      const int64_t value = data(*host).value(slot);
      if (!host->core->OwnSlots().Contains(slot)) {
        if (value != 0) return "host " + std::to_string(host->index()) + " holds slot " + std::to_string(s) + ", which is another's";
      } else if (value < truth_.confirmed(slot)) {
        return "slot " + std::to_string(s) + " has " + std::to_string(value) + " at its owner, host " + std::to_string(host->index()) +
               "; a client was told of " + std::to_string(truth_.confirmed(slot));
      }
    }
  }
  return "";
}

}  // namespace windlass::sim
