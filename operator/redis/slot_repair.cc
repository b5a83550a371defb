// Repairing one slot: who holds keys, who should own it, then finish or gather.
#include "operator/redis/slot_repair.h"

#include <algorithm>

#include "operator/topology/planner.h"

namespace windlass::redis {
namespace {

constexpr int kKeysAtOnce = 100;

bool IsBusyKey(const std::string& text) { return text.find("BUSYKEY") != std::string::npos; }

Command Cluster(const char* what, slot::SlotId slot) { return {"CLUSTER", what, std::to_string(slot)}; }

Command SetSlot(slot::SlotId slot, const char* state) { return {"CLUSTER", "SETSLOT", std::to_string(slot), state}; }

Command SetSlot(slot::SlotId slot, const char* state, const std::string& id) {
  return {"CLUSTER", "SETSLOT", std::to_string(slot), state, id};
}

void Note(std::map<slot::SlotId, std::string>& found, slot::SlotId slot, const std::string& what) {
  std::string& text = found[slot];
  text += (text.empty() ? "" : ", ") + what;
}

}  // namespace

std::map<slot::SlotId, std::string> SlotRepair::Find() {
  std::map<slot::SlotId, std::string> found;
  for (const topology::OpenSlot& open : view_.OpenSlots()) {
    Note(found, open.slot, (open.kind == topology::OpenSlot::kMigrating ? "migrating at " : "importing at ") +
                               view_.Find(open.node)->name());
  }
  for (const auto& [slot, owners] : view_.MultipleOwners()) {
    Note(found, slot, std::to_string(owners.size()) + " owners");
  }
  for (int s = 0; s < slot::kSlotCount; ++s) {
    const auto slot = static_cast<slot::SlotId>(s);
    if (!view_.SelfClaimants(slot).empty()) continue;
    if (!Unreachable(slot)) {
      Note(found, slot, "not covered");
    } else if (options_.give_up_unreachable) {
      Note(found, slot, "its owner does not answer");
    }
  }
  FindStrayKeys(found);
  return found;
}

void SlotRepair::FindStrayKeys(std::map<slot::SlotId, std::string>& found) {
  for (const Node* master : view_.Masters()) {
    const topology::NodeReport* report = view_.ReportOf(master->id);
    if (report == nullptr || report->keys.value_or(1) == 0) continue;
    std::vector<Command> commands;
    std::vector<slot::SlotId> slots;
    for (int s = 0; s < slot::kSlotCount; ++s) {
      const auto slot = static_cast<slot::SlotId>(s);
      if (master->slots.Contains(slot)) continue;
      slots.push_back(slot);
      commands.push_back(Cluster("COUNTKEYSINSLOT", slot));
    }
    if (commands.empty()) continue;
    const std::vector<Reply> counts = At(*master).Pipeline(commands);
    for (size_t i = 0; i < slots.size(); ++i) {
      if (counts[i].type != Reply::kInteger || counts[i].integer == 0) continue;
      Note(found, slots[i], std::to_string(counts[i].integer) + " keys at " + master->name() + ", which does not own it");
    }
  }
}

bool SlotRepair::Unreachable(slot::SlotId slot) const {
  for (const Node* master : view_.Masters()) {
    if (!master->reported && master->slots.Contains(slot)) return true;
  }
  return false;
}

std::map<const topology::Node*, int64_t> SlotRepair::Holders(slot::SlotId slot) {
  std::map<const Node*, int64_t> holders;
  for (const Node* master : view_.Masters()) {
    if (!master->reported) continue;
    const int64_t keys = At(*master).Require(Cluster("COUNTKEYSINSLOT", slot)).integer;
    if (keys > 0) holders[master] = keys;
  }
  return holders;
}

const topology::Node* SlotRepair::ChooseOwner(slot::SlotId slot, const std::map<const Node*, int64_t>& holders) const {
  const std::vector<const Node*> claimants = view_.SelfClaimants(slot);
  if (claimants.size() == 1) return claimants.front();
  const Node* best = nullptr;
  int64_t most = -1;
  const auto consider = [&](const Node* node, int64_t keys) {
    if (keys < most || (keys == most && best != nullptr && node->config_epoch <= best->config_epoch)) return;
    best = node;
    most = keys;
  };
  for (const Node* claimant : claimants) {
    const auto held = holders.find(claimant);
    consider(claimant, held == holders.end() ? 0 : held->second);
  }
  if (!claimants.empty()) return best;
  for (const auto& [holder, keys] : holders) consider(holder, keys);
  if (best != nullptr) return best;
  // Nobody has a key of it: whoever owns least.
  for (const Node* master : view_.Masters()) {
    if (master->reported && (best == nullptr || master->slots.size() < best->slots.size())) best = master;
  }
  return best;
}

// The target, if owner and target both know of the move (or keys have arrived
// there already) and nobody else has a part in it.
const topology::Node* SlotRepair::MoveInFlight(slot::SlotId slot, const Node& owner,
                                               const std::map<const Node*, int64_t>& holders) const {
  const auto mark = owner.migrating.find(slot);
  if (mark == owner.migrating.end()) return nullptr;
  const Node* target = view_.Find(mark->second);
  if (target == nullptr || !target->reported || !target->master) return nullptr;
  const auto back = target->importing.find(slot);
  const bool agreed = back != target->importing.end() && back->second == owner.id;
  if (!agreed && holders.count(target) == 0) return nullptr;
  for (const auto& [holder, keys] : holders) {
    if (holder != &owner && holder != target) return nullptr;
  }
  return target;
}

void SlotRepair::Repair(slot::SlotId slot) {
  const std::string number = std::to_string(slot);
  if (view_.SelfClaimants(slot).empty() && Unreachable(slot) && !options_.give_up_unreachable) {
    throw RefusedFailure("the owner of slot " + number + " does not answer; it may come back with its keys", "");
  }
  const auto holders = Holders(slot);
  const Node* owner = ChooseOwner(slot, holders);
  if (owner == nullptr) throw RefusedFailure("no master answers that could own slot " + number, "");
  if (view_.SelfClaimants(slot).size() == 1) {
    if (const Node* target = MoveInFlight(slot, *owner, holders)) {
      Say("Moving slot " + number + " from " + owner->name() + " to " + target->name());
      FinishMove(slot, *owner, *target);
      return;
    }
  }
  // Marked importing, a node keeps its keys whatever it hears of the new owner.
  for (const auto& [holder, keys] : holders) {
    if (holder == owner) continue;
    if (holder->slots.Contains(slot)) At(*holder).Require(Cluster("DELSLOTS", slot));
    At(*holder).Call(SetSlot(slot, "STABLE"));
    RequireSetSlot(At(*holder), SetSlot(slot, "IMPORTING", owner->id), Patience());
  }
  TakeOwnership(slot, *owner);
  // While it is migrating, a node answers the RESTORE of a key it lacks by ASK.
  if (owner->migrating.count(slot) != 0) RequireSetSlot(At(*owner), SetSlot(slot, "STABLE"), Patience());
  for (const auto& [holder, keys] : holders) {
    if (holder != owner) Gather(slot, *holder, *owner);
  }
  ClearMarks(slot, *owner);
}

void SlotRepair::FinishMove(slot::SlotId slot, const Node& owner, const Node& target) {
  std::vector<MoverNode> others;
  for (const Node* master : view_.Masters()) {
    if (master->reported && master != &owner && master != &target) others.push_back({master->id, master->address});
  }
  SlotMoverOptions options;
  options.migrate_timeout_ms = options_.migrate_timeout_ms;
  options.replace = options_.replace;
  options.patience = Patience();
  const auto move = [&] {
    SlotMover mover(pool_, {owner.id, owner.address}, {target.id, target.address}, others, {slot}, options);
    while (!mover.Step(1, 1000)) Say("   " + std::to_string(mover.progress().keys_moved) + " keys moved");
  };
  try {
    move();
  } catch (const RefusedFailure& failure) {
    if (options_.replace || !IsBusyKey(failure.reply_text())) throw;
    RequireEqualValues(slot, owner, target);
    options.replace = true;
    move();
  }
}

// Makes `owner` the one node that claims the slot. REQUIRES: other claimants
// hold no key of it any more, or are marked importing.
void SlotRepair::TakeOwnership(slot::SlotId slot, const Node& owner) {
  const std::vector<const Node*> claimants = view_.SelfClaimants(slot);
  if (claimants.size() == 1) return;
  Say("Giving slot " + std::to_string(slot) + " to " + owner.name());
  for (const Node* claimant : claimants) {
    // Refused where it was done above already.
    if (claimant != &owner) At(*claimant).Call(Cluster("DELSLOTS", slot));
  }
  if (!owner.slots.Contains(slot)) {
    At(owner).Call(Cluster("DELSLOTS", slot));  // it may think the slot is somebody's
    At(owner).Require(Cluster("ADDSLOTS", slot));
  }
  RequireSetSlot(At(owner), SetSlot(slot, "STABLE"), Patience());
  // A higher epoch than anyone's, so that the claim is believed everywhere.
  At(owner).Require({"CLUSTER", "BUMPEPOCH"});
}

void SlotRepair::Gather(slot::SlotId slot, const Node& from, const Node& owner) {
  Say("Moving keys of slot " + std::to_string(slot) + " from " + from.name() + " to " + owner.name());
  MigrateKeys(slot, from, owner);
  RequireSetSlot(At(from), SetSlot(slot, "STABLE"), Patience());
}

void SlotRepair::MigrateKeys(slot::SlotId slot, const Node& from, const Node& to) {
  bool replace = options_.replace;
  const Credentials& credentials = pool_.options().credentials;
  // Bounded: each round moves the keys it was given, or throws.
  const int64_t keys = At(from).Require(Cluster("COUNTKEYSINSLOT", slot)).integer;
  for (int64_t round = 0; round <= keys + 10; ++round) {
    const Reply list =
        At(from).Require({"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), std::to_string(kKeysAtOnce)});
    if (list.elements.empty()) return;
    Command migrate{"MIGRATE", to.address.host, std::to_string(to.address.port), "", "0",
                    std::to_string(options_.migrate_timeout_ms)};
    if (replace) migrate.push_back("REPLACE");
    if (!credentials.user.empty()) {
      migrate.insert(migrate.end(), {"AUTH2", credentials.user, credentials.password});
    } else if (!credentials.password.empty()) {
      migrate.insert(migrate.end(), {"AUTH", credentials.password});
    }
    migrate.push_back("KEYS");
    for (const Reply& key : list.elements) migrate.push_back(key.text);
    const Reply reply = At(from).Call(migrate, options_.migrate_timeout_ms + pool_.options().command_ms);
    if (!reply.error()) continue;
    if (replace || !IsBusyKey(reply.text)) {
      throw RefusedFailure(from.name() + ": MIGRATE of slot " + std::to_string(slot) + " failed: " + reply.text,
                           reply.text);
    }
    RequireEqualValues(slot, from, to);
    replace = true;
  }
  throw RefusedFailure(from.name() + ": slot " + std::to_string(slot) + " cannot be emptied", "");
}

// Throws, naming the key, unless every key that is at both ends has one value.
void SlotRepair::RequireEqualValues(slot::SlotId slot, const Node& from, const Node& to) {
  const int64_t count = At(from).Require(Cluster("COUNTKEYSINSLOT", slot)).integer;
  const Reply keys =
      At(from).Require({"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), std::to_string(count)});
  for (const Reply& key : keys.elements) {
    const std::vector<Command> dump{{"ASKING"}, {"DUMP", key.text}};
    const Reply here = std::move(At(from).Pipeline(dump).back());
    const Reply there = std::move(At(to).Pipeline(dump).back());
    if (there.nil() || here.nil()) continue;
    if (here.error() || there.error() || here.text != there.text) {
      throw RefusedFailure("key '" + key.text + "' of slot " + std::to_string(slot) + " has different values at " +
                               from.name() + " and " + to.name() +
                               ": delete the wrong one, or let the first overwrite with --replace",
                           "BUSYKEY");
    }
  }
}

void SlotRepair::ClearMarks(slot::SlotId slot, const Node& owner) {
  for (const Node* master : view_.Masters()) {
    if (!master->reported) continue;
    if (master->migrating.count(slot) != 0 || master->importing.count(slot) != 0) {
      Say("Setting slot " + std::to_string(slot) + " as STABLE in " + master->name());
      RequireSetSlot(At(*master), SetSlot(slot, "STABLE"), Patience());
    }
    // Best effort: gossip tells it too.
    if (master != &owner) At(*master).Call(SetSlot(slot, "NODE", owner.id));
  }
  // Where masters hand their marks on to their replicas (Valkey), one that was away when
  // its master's was taken off has it still. It takes SETSLOT from its master alone.
  for (const auto& [id, node] : view_.nodes()) {
    if (node.master || !node.reported) continue;
    const Node* master = view_.Find(node.master_id);
    if (master == nullptr || !master->reported || master->migrating.count(slot) + master->importing.count(slot) != 0) continue;
    if (node.migrating.count(slot) + node.importing.count(slot) == 0) continue;
    Say("Setting slot " + std::to_string(slot) + " as STABLE in " + master->name() + " for its replica " + node.name());
    RequireSetSlot(At(*master), SetSlot(slot, "STABLE"), Patience());
  }
}

}  // namespace windlass::redis
