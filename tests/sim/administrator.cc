// See administrator.h.
#include "tests/sim/administrator.h"

#include <utility>

namespace windlass::sim {

namespace {

constexpr int64_t kSecond = 1000000;
constexpr int64_t kForceAfterUs = 20 * kSecond;

// Does the line of this id in the host's CLUSTER NODES end with slots?
bool OwnsSlots(const Host& host, const std::string& id) {
  const std::string text = host.core->NodesText(0);
  size_t at = text.find(id + " ");
  while (at != std::string::npos && at != 0 && text[at - 1] != '\n') at = text.find(id + " ", at + 1);
  if (at == std::string::npos) return false;
  const size_t end = text.find('\n', at);
  int spaces = 0;
  for (size_t i = at; i < end; ++i) spaces += text[i] == ' ' ? 1 : 0;
  return spaces > 7;
}

}  // namespace

cluster::MeetCommand MeetHost(const Host& host) {
  cluster::MeetCommand meet;
  meet.ip = host.ip();
  meet.port = 6379;
  return meet;
}

Host* Administrator::RandomLiving() {
  Host* host = &world_->host(static_cast<int>(random_->Below(world_->hosts().size())));
  return host->alive() && !host->joining ? host : nullptr;
}

// Its link is down for now: there is a copy under way, say.
bool Administrator::MasterServes(const Host& replica) const {
  for (const auto& host : world_->hosts()) {
    if (!host->alive() || !(host->core->MyId() == replica.followed)) continue;
    return host->core->IsMaster() && host->core->StateOk() && host->core->MayBeFollowed();
  }
  return false;
}

void Administrator::Administer() {
  for (auto& host : world_->hosts()) {
    if (!host->alive() || host.get() == unassisted_) continue;
    if (host->joining) AdmitNewcomer(host.get());
    bool known = host->joining || world_->now_us() == 0;
    for (auto& other : world_->hosts()) {
      known = known || (other != host && other->alive() && other->core->FindNode(host->core->MyId().str()));
    }
    // Those that knew it have been restarted with older files.
    if (Host* member = RandomLiving(); !known && member != nullptr && member != host.get()) {
      world_->Admin(member, MeetHost(*host));
    }
    ForgetDead(host.get());
  }
  if (healed_ && world_->now_us() - healed_at_us_ > kForceAfterUs) ForceFailovers();
  world_->After(kSecond / 2, [this] { Administer(); });
}

void Administrator::AdmitNewcomer(Host* newcomer) {
  // Its master: the one of the living with the fewest replicas that it knows.
  Host* best = nullptr;
  size_t fewest = 0;
  for (auto& master : world_->hosts()) {
    if (!master->alive() || !master->core->IsMaster() || master->core->OwnSlots().empty()) continue;
    const std::string id = master->core->MyId().str();
    if (!newcomer->core->FindNode(id)) continue;
    size_t count = 0;
    for (auto& host : world_->hosts()) count += host->alive() && !host->master && host->followed.str() == id;
    if (best == nullptr || count < fewest) {
      best = master.get();
      fewest = count;
    }
  }
  // An administrator looks whether the cluster knows it, not only it the cluster.
  const bool known = best != nullptr && best->core->FindNode(newcomer->core->MyId().str()).has_value();
  if (known && world_->Admin(newcomer, cluster::ReplicateCommand{best->core->MyId().str()}).empty()) {
    newcomer->joining = false;
    return;
  }
  Host* member = RandomLiving();
  if (member != nullptr && world_->now_us() > kSecond) world_->Admin(member, MeetHost(*newcomer));
}

void Administrator::ForgetDead(Host* host) {
  for (const std::string& id : dead_ids_) {
    if (!host->core->FindNode(id)) continue;
    bool owns = false;
    for (auto& other : world_->hosts()) owns = owns || (other->alive() && OwnsSlots(*other, id));
    if (owns || world_->Admin(host, cluster::ForgetCommand{id}).empty()) continue;
    // A replica of the dead, and nothing left to be elected for: it gets another master.
    host->joining = true;
  }
}

// No replica may stand (none knows how old its data is, say): a person decides.
void Administrator::ForceFailovers() {
  for (auto& host : world_->hosts()) {
    if (!host->alive() || host->core->IsMaster() || host->link_up || host->data.writes == 0) continue;
    if (host->core->ManualFailoverInProgress() || host->joining || MasterServes(*host)) continue;
    const std::string error = world_->Admin(host.get(), cluster::FailoverCommand{cluster::FailoverCommand::Kind::kForce});
    world_->Trace(host.get(), "is told to take over: " + (error.empty() ? "OK" : error));
    return;
  }
}

}  // namespace windlass::sim
