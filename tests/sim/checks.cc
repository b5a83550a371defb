// The checks.
#include "tests/sim/checks.h"

#include <set>

namespace windlass::sim {

using cluster::MessageType;

namespace {
// A number of the last line of the nodes.conf on disk, 0 if there is none.
uint64_t OnDisk(const Host& host, const std::string& name) {
  if (!host.conf) return 0;
  const size_t at = host.conf->rfind(name + " ");
  return at == std::string::npos ? 0 : std::stoull(host.conf->substr(at + name.size() + 1));
}
}  // namespace

void Checks::Sent(const Host& from, const cluster::Message& message) {
  const cluster::Header& header = message.header;
  if (message.type == MessageType::kFailoverAuthRequest && OnDisk(from, "currentEpoch") < header.current_epoch) {
    Fail("host " + std::to_string(from.index()) + " asks for votes in an epoch that is not on its disk");
  }
  if (message.type == MessageType::kFailoverAuthAck) {
    if (OnDisk(from, "lastVoteEpoch") < header.current_epoch) {
      Fail("host " + std::to_string(from.index()) + " votes and its vote is not on its disk");
    }
    const auto vote = std::make_pair(header.sender, header.current_epoch);
    if (!votes_.emplace(vote, header.sender).second) {
      Fail("node " + header.sender.str() + " voted twice in epoch " + std::to_string(header.current_epoch));
    }
  }
  if (!std::holds_alternative<cluster::Heartbeat>(message.body)) return;
  if (!header.replica_of.null() || header.config_epoch == 0) return;
  std::vector<Claim>& claims = claims_[header.config_epoch];
  for (Claim& claim : claims) {
    if (claim.owner == header.sender && claim.slots == header.slots) return;
  }
  for (Claim& claim : claims) {
    if (claim.owner == header.sender || !claim.slots->Intersects(*header.slots)) continue;
    if (SameShard(claim.owner, header.sender)) continue;
    Fail("epoch " + std::to_string(header.config_epoch) + ": both " + claim.owner.str() + " and " +
         header.sender.str() + " claim slot(s)");
    return;
  }
  claims.push_back({header.sender, header.slots});
}

bool Checks::SameShard(const cluster::NodeId& a, const cluster::NodeId& b) const {
  if (!shard_of_) return false;
  const cluster::NodeId shard = shard_of_(a);
  return !shard.null() && shard == shard_of_(b);
}

void Checks::Synchronising(const Host& master, const Host& replica) {
  if (!master.data.tainted || replica.data.writes <= master.data.writes) return;
  Fail("host " + std::to_string(replica.index()) + " with " + std::to_string(replica.data.writes) +
       " writes was wiped by restarted host " + std::to_string(master.index()) + " with " +
       std::to_string(master.data.writes));
}

void Checks::Serving(const std::vector<std::unique_ptr<Host>>& hosts) {
  std::map<uint64_t, slot::SlotSet> served;
  for (const auto& host : hosts) {
    if (!host->alive() || !host->master || !host->core->StateOk()) continue;
    const slot::SlotSet& own = host->core->OwnSlots();
    if (own.empty()) continue;
    slot::SlotSet& same_epoch = served[host->core->Info().my_epoch];
    if (!shard_of_ && same_epoch.Intersects(own)) {
      Fail("host " + std::to_string(host->index()) + " serves a slot that another serves with the same epoch");
    }
    same_epoch |= own;
    if (!host->data.tainted) continue;
    for (const auto& other : hosts) {
      if (other->alive() && !other->master && other->followed == host->core->MyId() &&
          other->data.writes > host->data.writes && !other->DatasetEmpty() && other->synced_with == host->core->MyId()) {
        Fail("host " + std::to_string(host->index()) + " serves " + std::to_string(host->data.writes) +
             " writes, its replica " + std::to_string(other->index()) + " holds " +
             std::to_string(other->data.writes));
      }
    }
  }
}

namespace {

// Ids that a node's table lists, and what is wrong with it.
std::string TableProblem(const Host& host, const std::set<std::string>& living) {
  const std::string text = host.core->NodesText(0);
  std::set<std::string> listed;
  size_t start = 0;
  while (start < text.size()) {
    const size_t end = text.find('\n', start);
    const std::string line = text.substr(start, end - start);
    start = end + 1;
    const std::string id = line.substr(0, 40);
    if (line.find("fail") != std::string::npos || line.find("noaddr") != std::string::npos ||
        line.find("handshake") != std::string::npos || line.find("disconnected") != std::string::npos) {
      return "it sees: " + line;
    }
    listed.insert(id);
  }
  for (const std::string& id : living) {
    if (listed.count(id) == 0) return "it does not know " + id;
  }
  for (const std::string& id : listed) {
    if (living.count(id) == 0) return "it knows the dead " + id;
  }
  return "";
}

}  // namespace

std::string Checks::Disagreement(const std::vector<std::unique_ptr<Host>>& hosts) {
  std::set<std::string> living;
  for (const auto& host : hosts) {
    if (!host->alive()) return "host " + std::to_string(host->index()) + " is down";
    if (host->joining) return "host " + std::to_string(host->index()) + " has not joined";
    living.insert(host->core->MyId().str());
  }
  slot::SlotSet owned;
  for (const auto& host : hosts) {
    const std::string who = "host " + std::to_string(host->index()) + ": ";
    if (!host->core->StateOk()) return who + "state fail";
    if (const std::string problem = TableProblem(*host, living); !problem.empty()) return who + problem;
    if (host->core->IsMaster()) {
      if (owned.Intersects(host->core->OwnSlots())) return who + "owns another's slots";
      owned |= host->core->OwnSlots();
    } else if (!host->link_up) {
      return who + "does not replicate";
    }
  }
  if (owned.size() != slot::kSlotCount) return "slots without owner";
  for (const auto& host : hosts) {
    for (int s = 0; s < slot::kSlotCount; s += 16) {
      const auto slot = static_cast<slot::SlotId>(s);
      const cluster::Route route = host->core->RouteOf(slot);
      const cluster::NodeId owner =
          route.owner == cluster::kNoNode ? cluster::NodeId() : host->core->Endpoint(route.owner).id;
      for (const auto& other : hosts) {
        if (!(other->core->MyId() == owner)) continue;
        if (!other->core->OwnSlots().Contains(slot)) {
          return "host " + std::to_string(host->index()) + " takes slot " + std::to_string(s) + " for host " +
                 std::to_string(other->index()) + "'s";
        }
      }
    }
  }
  return "";
}

}  // namespace windlass::sim
