// See shard_data.h.
#include "tests/sim/shard_data.h"

#include <algorithm>
#include <utility>

namespace windlass::sim {

namespace {
constexpr int64_t kRetryUs = 100000;
}  // namespace

// --- life and roles

// A process that was killed has its data, and a history of its own: those who follow it
// copy it whole.
void ShardData::Starting() {
  previous_ = 0;
  start_ = static_cast<int64_t>(world_->random().Below(1000)) + 1;
  log_.clear();
  copies_ = 0;
  replicas_.clear();
  unconfirmed_.clear();
  wire_ = 0;
  connecting_ = loading_ = mute_ = false;
  acked_ = -1;
  not_before_us_ = 0;
  synced_from_ = cluster::NodeId();
  host_->history = world_->random().Next() | 1;
  host_->keys = this;
  hidden_.Clear();
  start_ = std::max(start_, host_->data.writes);
  NoteOffset();
}

void ShardData::Crashed() { wires_->Crashed(*host_); }

void ShardData::Follow() {
  Disconnect();
  if (!(synced_from_ == host_->followed)) host_->synced_with = cluster::NodeId();
  for (const auto& [index, replica] : replicas_) wires_->Close(replica.wire, *host_);
  replicas_.clear();
  unconfirmed_.clear();  // their clients are told nothing
}

void ShardData::BecomeMaster() {
  Disconnect();
  if (loading_) values_.clear();
  loading_ = false;
  host_->link_up = false;
  previous_ = host_->history;
  previous_end_ = offset();
  host_->history = world_->random().Next() | 1;
  host_->synced_with = synced_from_ = cluster::NodeId();
}

void ShardData::HoldStream() {
  if (host_->stream_held) Disconnect();
}

void ShardData::Flush() {
  values_.clear();
  NoteOffset();
}

void ShardData::Disconnect() {
  if (wire_ != 0) wires_->Close(wire_, *host_);
  wire_ = 0;
  loading_ = false;
  host_->link_up = false;
}

// --- data

void ShardData::Append(LogEntry entry) {
  log_.push_back(std::move(entry));
  NoteOffset();
}

void ShardData::Apply(const LogEntry& entry) {
  if (!entry.record.empty()) return learn_(entry.record);
  if (entry.value == 0) {
    values_.erase(entry.slot);
  } else {
    values_[entry.slot] = entry.value;
  }
}

void ShardData::Put(slot::SlotId slot, int64_t value) {
  LogEntry entry{slot, value, {}};
  Apply(entry);
  Append(std::move(entry));
}

void ShardData::Say(std::vector<std::string> record) { Append(LogEntry{0, 0, std::move(record)}); }

void ShardData::Write(slot::SlotId slot, bool current) {
  if (current && value(slot) < truth_->confirmed(slot)) {
    world_->checks().Fail("host " + std::to_string(host_->index()) + " serves slot " + std::to_string(slot) + " with " +
                          std::to_string(value(slot)) + ", a client was told of " + std::to_string(truth_->confirmed(slot)));
    return;
  }
  const int64_t next = truth_->NextValue();
  Put(slot, next);
  unconfirmed_.push_back({offset(), slot, next});
}

// --- as the master

int ShardData::AckedBy(int64_t offset) const {
  int count = 0;
  for (const auto& [index, replica] : replicas_) count += replica.online && replica.acked >= offset ? 1 : 0;
  return count;
}

bool ShardData::ReplicasHave(int64_t offset) const {
  return AckedBy(offset) >= std::max(host_->core->HealthyReplicas(), Count());
}

void ShardData::AskedToSync(Host* replica, uint64_t wire, uint64_t history, int64_t from) {
  if (following() || !host_->core->MayBeFollowed()) return wires_->Close(wire, *host_);
  const int index = replica->index();
  Replica& entry = replicas_[index];
  if (entry.wire != 0) wires_->Close(entry.wire, *host_);
  entry = Replica{replica->life, wire, false, from, 0};
  wires_->OnClosed(wire, *host_, [this, index, wire] {
    const auto it = replicas_.find(index);
    if (it != replicas_.end() && it->second.wire == wire) replicas_.erase(it);
  });
  ShardData* theirs = find_(*replica);
  const uint64_t mine = host_->history;
  const bool same = history == mine || (history == previous_ && from <= previous_end_);
  if (same && from >= start_ && from <= offset()) {
    entry.online = true;
    entry.acked = from;
    wires_->Send(wire, *host_, [theirs, wire, mine] {
      if (theirs->wire_ != wire) return;
      theirs->host_->history = mine;
      theirs->OnSynced();
    });
    return;
  }
  ++copies_;
  entry.sent = offset();
  wires_->Send(wire, *host_, [theirs, wire, values = values_, mine, at = offset()] { theirs->TakeCopy(wire, values, mine, at); });
}

void ShardData::Confirm() {
  const auto whole = [this](const Unconfirmed& write) {
    return Count() > 0 && AckedBy(write.offset) > 0 && ReplicasHave(write.offset);
  };
  size_t done = 0;
  while (done < unconfirmed_.size() && whole(unconfirmed_[done])) {
    truth_->Confirmed(unconfirmed_[done].slot, unconfirmed_[done].value);
    ++done;
  }
  unconfirmed_.erase(unconfirmed_.begin(), unconfirmed_.begin() + static_cast<std::ptrdiff_t>(done));
}

// --- as a replica

void ShardData::Connect() {
  Host* master = world_->HostOfIp(host_->follow_ip);
  if (master == nullptr || connecting_ || world_->now_us() < not_before_us_) return;
  connecting_ = true;
  wires_->Open(host_, master, [this, master, whom = host_->followed](uint64_t wire) {
    connecting_ = false;
    not_before_us_ = world_->now_us() + kRetryUs;
    if (wire == 0) return;
    if (!following() || host_->stream_held || mute_ || !(host_->followed == whom) || wire_ != 0) return wires_->Close(wire, *host_);
    wire_ = wire;
    wires_->OnClosed(wire, *host_, [this, wire] {
      if (wire_ != wire) return;
      wire_ = 0;
      host_->link_up = false;
      if (std::exchange(loading_, false)) host_->synced_with = synced_from_ = cluster::NodeId();
    });
    ShardData* theirs = find_(*master);
    Host* me = host_;
    wires_->Send(wire, *host_, [theirs, me, wire, history = host_->history, from = offset()] {
      theirs->AskedToSync(me, wire, history, from);
    });
  });
}

// A copy takes a while to load; what follows it in the stream waits.
void ShardData::TakeCopy(uint64_t wire, const std::map<slot::SlotId, int64_t>& values, uint64_t history, int64_t offset) {
  if (wire_ != wire) return;
  loading_ = true;
  host_->synced_with = synced_from_ = cluster::NodeId();
  const int64_t ready_us = world_->now_us() + 5000 + static_cast<int64_t>(world_->random().Below(200000));
  wires_->SetBusy(wire, *host_, [this, ready_us] { return world_->now_us() < ready_us; });
  world_->At(ready_us, [this, wire, values, history, offset, life = host_->life] {
    if (!host_->alive() || host_->life != life || wire_ != wire) return;
    loading_ = false;
    values_ = values;
    log_.clear();
    start_ = offset;
    previous_ = 0;
    host_->history = history;
    NoteOffset();
    OnSynced();
  });
}

void ShardData::OnSynced() {
  host_->link_up = true;
  host_->last_sync_us = world_->now_us();
  host_->synced_with = synced_from_ = host_->followed;
  host_->data.tainted = false;
  acked_ = -1;
}

void ShardData::AtTurnEnd() {
  if (following()) {
    if (wire_ == 0 && !host_->stream_held && !mute_) Connect();
    if (!host_->link_up) return;
    host_->last_sync_us = world_->now_us();
    Host* master = world_->HostOfIp(host_->follow_ip);
    if (master == nullptr || !master->alive() || acked_ == offset() || mute_) return;
    acked_ = offset();
    ShardData* theirs = find_(*master);
    wires_->Send(wire_, *host_, [theirs, me = host_->index(), wire = wire_, at = acked_] {
      const auto it = theirs->replicas_.find(me);
      if (it == theirs->replicas_.end() || it->second.wire != wire) return;
      it->second.online = true;
      it->second.acked = std::max(it->second.acked, at);
    });
    return;
  }
  for (auto& [index, replica] : replicas_) {
    ShardData* theirs = find_(world_->host(index));
    if (replica.sent >= offset()) continue;
    const auto first = log_.begin() + static_cast<std::ptrdiff_t>(replica.sent - start_);
    std::vector<LogEntry> entries(first, log_.end());
    replica.sent = offset();
    wires_->Send(replica.wire, *host_, [theirs, wire = replica.wire, entries = std::move(entries)] {
      if (theirs->wire_ != wire || theirs->loading_) return;
      for (const LogEntry& entry : entries) {
        theirs->Apply(entry);
        theirs->Append(entry);
      }
    });
  }
  Confirm();
}

}  // namespace windlass::sim
