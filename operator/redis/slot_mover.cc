// The classic slot migration as a resumable loop: open a window of slots, move
// their keys a bounded batch at a time, close the slots that have been emptied.
#include "operator/redis/slot_mover.h"

#include <algorithm>
#include <chrono>

namespace windlass::redis {
namespace {

constexpr int kFirstBatch = 64;
constexpr int kMinBatch = 8;
constexpr int kMaxBatch = 1024;
// What one round trip of MIGRATEs should take: both nodes stand still for it.
constexpr int64_t kBatchTargetUs = 10000;
constexpr int kMaxMigrateFailures = 3;
constexpr int kMaxStuck = 20;
// Slots whose new owner the other masters are told together.
constexpr size_t kTellTogether = 64;

int64_t MonotonicUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Command SetSlot(slot::SlotId slot, const char* what, const std::string& id) {
  return {"CLUSTER", "SETSLOT", std::to_string(slot), what, id};
}

bool Says(const Reply& reply, const char* words) {
  return reply.error() && reply.text.find(words) != std::string::npos;
}

[[noreturn]] void Refuse(const MoverNode& node, const std::string& what, const std::string& reply_text) {
  throw RefusedFailure(topology::ToString(node.address) + ": " + what + ": " + reply_text, reply_text);
}

}  // namespace

SlotMover::SlotMover(NodePool& pool, MoverNode source, MoverNode target, std::vector<MoverNode> others,
                     std::vector<slot::SlotId> slots, SlotMoverOptions options)
    : pool_(pool),
      source_(std::move(source)),
      target_(std::move(target)),
      others_(std::move(others)),
      slots_(std::move(slots)),
      options_(options),
      batch_(options.pipeline > 0 ? options.pipeline : kFirstBatch) {
  progress_.slots_total = static_cast<int>(slots_.size());
}

bool SlotMover::Step(int max_slots, int64_t max_ms) {
  const int64_t end_us = MonotonicUs() + max_ms * 1000;
  if (!target_up_ && !progress_.finished()) RequireTargetUp();
  int done = 0;
  while (!progress_.finished() && done < max_slots) {
    if (window_.empty()) OpenWindow(std::min(max_slots - done, options_.window));
    MoveSomeKeys();
    done += CloseEmptied();
    if (untold_.size() >= kTellTogether) TellOthers();
    if (MonotonicUs() >= end_us) break;
  }
  TellOthers();
  return progress_.finished();
}

// A target that thinks the cluster is down (it joined less than two seconds ago,
// say) would refuse every key and every client sent to it: no slot is opened.
void SlotMover::RequireTargetUp() {
  const Reply info = pool_.At(target_.address).Require({"CLUSTER", "INFO"});
  if (info.text.find("cluster_state:ok") == std::string::npos) {
    Refuse(target_, "it says that the cluster is down and cannot take slots", "CLUSTERDOWN");
  }
  target_up_ = true;
}

void SlotMover::OpenWindow(int max_slots) {
  std::vector<slot::SlotId> slots;
  while (next_ < slots_.size() && static_cast<int>(slots.size()) < max_slots) slots.push_back(slots_[next_++]);
  for (const slot::SlotId slot : slots) {
    if (on_slot_start) on_slot_start(slot);
    OpenSlot open;
    open.slot = slot;
    window_.push_back(std::move(open));
  }
}

// Marks every slot of the window that has not been asked for its keys. Doing it
// again is harmless, so a Step after a failure starts here.
void SlotMover::MarkImporting(const std::vector<slot::SlotId>& slots) {
  std::vector<Command> commands;
  for (const slot::SlotId slot : slots) commands.push_back(SetSlot(slot, "IMPORTING", source_.id));
  const std::vector<Reply> replies = PipelineSetSlots(pool_, target_.address, commands, 1, options_.patience);
  for (size_t i = 0; i < slots.size(); ++i) {
    // A mover before us got as far as giving the slot to the target.
    const bool owned = Says(replies[i], "already the owner of hash slot");
    if (replies[i].error() && !owned) {
      Refuse(target_, "it does not import slot " + std::to_string(slots[i]), replies[i].text);
    }
    if (!owned) continue;
    for (OpenSlot& open : window_) {
      if (open.slot == slots[i]) open.asked = true;  // nothing to move: only to be closed
    }
  }
}

void SlotMover::MarkMigrating() {
  std::vector<Command> commands;
  std::vector<OpenSlot*> asked;
  for (OpenSlot& open : window_) {
    if (open.asked) continue;
    asked.push_back(&open);
    commands.push_back(SetSlot(open.slot, "MIGRATING", target_.id));
    commands.push_back({"CLUSTER", "GETKEYSINSLOT", std::to_string(open.slot), std::to_string(batch_)});
  }
  if (commands.empty()) return;
  // A slot's keys count only when they were asked for after its mark was set.
  const std::vector<Reply> replies = PipelineSetSlots(pool_, source_.address, commands, 2, options_.patience);
  for (size_t i = 0; i < asked.size(); ++i) {
    const Reply& mark = replies[2 * i];
    if (mark.error()) {
      UnmarkRefused(asked[i]->slot);
      Refuse(source_, "it does not give slot " + std::to_string(asked[i]->slot) + " away", mark.text);
    }
    TakeKeys(*asked[i], replies[2 * i + 1]);
  }
}

// The source would not let go: take the target's mark back, unless keys came
// over already, which would then be out of reach.
void SlotMover::UnmarkRefused(slot::SlotId slot) {
  const std::string number = std::to_string(slot);
  RedisAdmin& target = pool_.At(target_.address);
  const Reply count = target.Call({"CLUSTER", "COUNTKEYSINSLOT", number});
  if (count.type == Reply::kInteger && count.integer == 0) {
    target.Call({"CLUSTER", "SETSLOT", number, "STABLE"});
  }
}

void SlotMover::TakeKeys(OpenSlot& open, const Reply& reply) {
  if (reply.type != Reply::kArray) {
    Refuse(source_, "GETKEYSINSLOT " + std::to_string(open.slot) + " was refused", reply.text);
  }
  std::vector<std::string> keys;
  for (const Reply& key : reply.elements) keys.push_back(key.text);
  open.stuck = open.asked && !keys.empty() && keys == open.keys ? open.stuck + 1 : 0;
  if (open.stuck > kMaxStuck) {
    Refuse(source_, "slot " + std::to_string(open.slot) + " cannot be emptied", "its key " + keys.front() + " stays");
  }
  open.keys = std::move(keys);
  open.asked = true;
}

Command SlotMover::MigrateCommand(const OpenSlot& open) const {
  Command command{"MIGRATE", target_.address.host, std::to_string(target_.address.port),
                  "", "0", std::to_string(options_.migrate_timeout_ms)};
  if (options_.replace || open.replace) command.push_back("REPLACE");
  const Credentials& credentials = pool_.options().credentials;
  if (!credentials.user.empty()) {
    command.insert(command.end(), {"AUTH2", credentials.user, credentials.password});
  } else if (!credentials.password.empty()) {
    command.insert(command.end(), {"AUTH", credentials.password});
  }
  command.push_back("KEYS");
  command.insert(command.end(), open.keys.begin(), open.keys.end());
  return command;
}

void SlotMover::MoveSomeKeys() {
  std::vector<slot::SlotId> unmarked;
  for (const OpenSlot& open : window_) {
    if (!open.asked) unmarked.push_back(open.slot);
  }
  if (!unmarked.empty()) {
    MarkImporting(unmarked);
    MarkMigrating();
  }
  std::vector<OpenSlot*> moving;
  std::vector<Command> commands;
  int keys = 0;
  for (OpenSlot& open : window_) {
    if (open.keys.empty() || keys >= batch_) continue;
    moving.push_back(&open);
    keys += static_cast<int>(open.keys.size());
    commands.push_back(MigrateCommand(open));
    commands.push_back({"CLUSTER", "GETKEYSINSLOT", std::to_string(open.slot), std::to_string(batch_)});
  }
  if (moving.empty()) return;
  // Whatever ends this round trip early leaves keys that may be at both ends;
  // the source's are the ones clients see, so they may overwrite.
  std::vector<bool> replaced;
  for (OpenSlot* open : moving) {
    replaced.push_back(open->replace);
    open->replace = true;
    open->asked = false;
  }
  const int64_t start_us = MonotonicUs();
  const int64_t deadline_ms = options_.migrate_timeout_ms * static_cast<int64_t>(moving.size()) +
                              pool_.options().command_ms;
  const std::vector<Reply> replies = pool_.At(source_.address).Pipeline(commands, deadline_ms);
  for (size_t i = 0; i < moving.size(); ++i) {
    moving[i]->replace = replaced[i];
    moving[i]->asked = true;
  }
  int64_t moved = 0;
  for (size_t i = 0; i < moving.size(); ++i) {
    OpenSlot& open = *moving[i];
    JudgeMigrate(open, replies[2 * i]);
    if (!replies[2 * i].error()) moved += static_cast<int64_t>(open.keys.size());
    TakeKeys(open, replies[2 * i + 1]);
  }
  AdaptBatch(MonotonicUs() - start_us, keys);
  progress_.keys_moved += moved;
  if (on_keys_moved && moved > 0) on_keys_moved(moved);
}

// OK and NOKEY (expired meanwhile) are success; an I/O error between the nodes
// is tried again; anything else is for the caller.
void SlotMover::JudgeMigrate(OpenSlot& open, const Reply& reply) {
  if (!reply.error()) {
    open.failures = 0;
    return;
  }
  const std::string what = "MIGRATE of slot " + std::to_string(open.slot) + " to " +
                           topology::ToString(target_.address) + " failed";
  if (reply.ErrorIs("IOERR") && ++open.failures < kMaxMigrateFailures) {
    open.replace = true;
    return;
  }
  if (Says(reply, "BUSYKEY")) {
    Refuse(source_, what + ": a key exists at both ends; look at it, or let the source's overwrite with --replace",
           reply.text);
  }
  Refuse(source_, what, reply.text);
}

int SlotMover::CloseEmptied() {
  std::vector<slot::SlotId> emptied;
  for (const OpenSlot& open : window_) {
    if (open.Emptied()) emptied.push_back(open.slot);
  }
  if (emptied.empty()) return 0;
  std::vector<Command> commands;
  for (const slot::SlotId slot : emptied) commands.push_back(SetSlot(slot, "NODE", target_.id));
  for (const MoverNode* node : {&target_, &source_}) {
    const std::vector<Reply> replies = PipelineSetSlots(pool_, node->address, commands, 1, options_.patience);
    for (size_t i = 0; i < replies.size(); ++i) {
      // A source that heard of it on the bus first, and owned nothing else, follows
      // the target by now: a replica has no marks.
      if (node == &source_ && Says(replies[i], "use SETSLOT only with masters")) continue;
      if (replies[i].error()) {
        Refuse(*node, "slot " + std::to_string(emptied[i]) + " was not given to " + target_.id, replies[i].text);
      }
    }
  }
  window_.erase(std::remove_if(window_.begin(), window_.end(), [](const OpenSlot& o) { return o.Emptied(); }),
                window_.end());
  progress_.slots_done += static_cast<int>(emptied.size());
  untold_.insert(untold_.end(), emptied.begin(), emptied.end());
  return static_cast<int>(emptied.size());
}

void SlotMover::TellOthers() {
  if (untold_.empty()) return;
  std::vector<Command> commands;
  for (const slot::SlotId slot : untold_) commands.push_back(SetSlot(slot, "NODE", target_.id));
  untold_.clear();
  std::vector<MoverNode> answering;
  for (MoverNode& other : others_) {
    try {
      // An error reply (it became a replica) is no concern of the move.
      (void)PipelineSetSlots(pool_, other.address, commands, 1, {});
      answering.push_back(std::move(other));
    } catch (const base::Failure&) {
      // Silent: it will hear by gossip, and is not waited for again.
    }
  }
  others_ = std::move(answering);
}

void SlotMover::AdaptBatch(int64_t took_us, int keys) {
  if (options_.pipeline > 0) return;
  if (took_us > 2 * kBatchTargetUs) batch_ = std::max(kMinBatch, batch_ / 2);
  if (took_us < kBatchTargetUs && keys >= batch_) batch_ = std::min(kMaxBatch, batch_ * 2);
}

}  // namespace windlass::redis
