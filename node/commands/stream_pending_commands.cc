// What is pending in a consumer group: telling it, and giving it to other consumers.
#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "node/commands/stream_arguments.h"
#include "node/commands/stream_commands.h"
#include "node/commands/stream_replies.h"
#include "node/resp/counted_reply.h"

namespace windlass::commands {

using types::Stream;
using types::StreamConsumer;
using types::StreamGroup;
using types::StreamId;
using types::StreamPending;

namespace {

// The stream at args[1] and its group args[2].
struct GroupFound {
  keyspace::Entry* entry = nullptr;
  const Stream* stream = nullptr;
  const StreamGroup* group = nullptr;
};

// Nothing: the error reply was written.
keyspace::Entry* FindNamed(Call& call) {
  return call.db.FindRead(call.slot, call.args[1], call.now_ms, !call.client.Has(client::kNoTouch));
}

// In what FindNamed found.
std::optional<GroupFound> FindGroup(Call& call, keyspace::Entry* entry) {
  const auto found = CheckedContainer<Stream>(call, entry);
  if (found.refused) return std::nullopt;
  const StreamGroup* group = found.object == nullptr ? nullptr : found.object->FindGroup(call.args[2]);
  if (group != nullptr) return GroupFound{found.entry, found.object, group};
  call.reply.Error("NOGROUP No such key '" + Shown(call.args[1]) + "' or consumer group '" +
                   Shown(call.args[2]) + "'");
  return std::nullopt;
}

std::optional<GroupFound> FindGroup(Call& call) { return FindGroup(call, FindNamed(call)); }

// --- XPENDING

void ReplySummary(resp::ReplyWriter& reply, const StreamGroup& group) {
  reply.Array(4);
  reply.Integer(static_cast<int64_t>(group.pending().size()));
  if (group.pending().empty()) {
    reply.Null();
    reply.Null();
    return reply.NullArray();
  }
  ReplyId(reply, group.pending().begin()->first);
  ReplyId(reply, group.pending().rbegin()->first);
  resp::CountedReply consumers(reply);
  for (const auto& [name, consumer] : group.consumers()) {
    if (consumer.pending.empty()) continue;
    reply.Array(2);
    reply.Bulk(name);
    reply.BulkInteger(static_cast<int64_t>(consumer.pending.size()));
    consumers.Add();
  }
  consumers.EndArray();
}

struct PendingRange {
  int64_t min_idle_ms = 0;
  StreamId first;
  StreamId last;
  int64_t count = 0;
  std::optional<std::string_view> consumer;
};

// [IDLE ms] start end count [consumer], from args[3] on. Nothing: the error reply was written.
std::optional<PendingRange> ParsePendingRange(Call& call) {
  PendingRange range;
  size_t at = 3;
  if (EqualsNoCase(call.args[3], "IDLE")) {
    const auto idle = ParseInt(call, call.args[4]);
    if (!idle) return std::nullopt;
    range.min_idle_ms = *idle;
    if (call.args.size() < 8) {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
    at += 2;
  }
  const auto count = ParseInt(call, call.args[at + 2]);
  if (!count) return std::nullopt;
  range.count = std::max<int64_t>(*count, 0);
  const auto first = ParseIntervalStart(call, call.args[at]);
  if (!first) return std::nullopt;
  const auto last = ParseIntervalEnd(call, call.args[at + 1]);
  if (!last) return std::nullopt;
  range.first = *first;
  range.last = *last;
  if (at + 3 < call.args.size()) range.consumer = call.args[at + 3];
  return range;
}

const StreamPending& PendingOf(const StreamPending& pending) { return pending; }
const StreamPending& PendingOf(const StreamPending* pending) { return *pending; }

// `pendings`: a group's, or a consumer's.
template <typename Pendings>
void ReplyPendings(Call& call, const Pendings& pendings, const PendingRange& range) {
  resp::CountedReply entries(call.reply);
  for (auto it = pendings.lower_bound(range.first); it != pendings.end() && it->first <= range.last; ++it) {
    if (entries.count() == range.count) break;
    const StreamPending& pending = PendingOf(it->second);
    const int64_t idle_ms = call.now_ms - pending.delivered_ms;
    if (range.min_idle_ms != 0 && idle_ms < range.min_idle_ms) continue;
    call.reply.Array(4);
    ReplyId(call.reply, it->first);
    call.reply.Bulk(pending.consumer->name);
    call.reply.Integer(std::max<int64_t>(idle_ms, 0));
    call.reply.Integer(static_cast<int64_t>(pending.deliveries));
    entries.Add();
  }
  entries.EndArray();
}

}  // namespace

void XPendingCommand(Call& call) {
  const bool summary = call.args.size() == 3;
  if (!summary && (call.args.size() < 6 || call.args.size() > 9)) return call.reply.Error(kSyntaxError);
  const auto range = summary ? PendingRange() : ParsePendingRange(call);
  if (!range) return;
  const auto found = FindGroup(call);
  if (!found) return;
  if (summary) return ReplySummary(call.reply, *found->group);
  if (!range->consumer) return ReplyPendings(call, found->group->pending(), *range);
  const StreamConsumer* consumer = found->group->FindConsumer(*range->consumer);
  if (consumer == nullptr) return call.reply.Array(0);
  ReplyPendings(call, consumer->pending, *range);
}

// --- claiming

namespace {

struct ClaimOptions {
  std::vector<StreamId> ids;
  int64_t min_idle_ms = 0;
  std::optional<int64_t> delivered_ms;
  int64_t deliveries = -1;  // -1: not given
  bool force = false;
  bool just_id = false;
  StreamId last_id;
};

// Ids, then options, from args[5] on. Nothing: the error reply was written.
std::optional<ClaimOptions> ParseClaim(Call& call) {
  ClaimOptions options;
  const auto idle = ParseInt(call, call.args[4], "ERR Invalid min-idle-time argument for XCLAIM");
  if (!idle) return std::nullopt;
  options.min_idle_ms = std::max<int64_t>(*idle, 0);
  size_t at = 5;
  for (; at < call.args.size(); ++at) {
    const auto id = types::ParseStreamId(call.args[at], 0);
    if (!id) break;
    options.ids.push_back(*id);
  }
  for (; at < call.args.size(); ++at) {
    const std::string_view word = call.args[at];
    const bool more = at + 1 < call.args.size();
    if (EqualsNoCase(word, "FORCE")) {
      options.force = true;
    } else if (EqualsNoCase(word, "JUSTID")) {
      options.just_id = true;
    } else if (more && EqualsNoCase(word, "IDLE")) {
      const auto ms = ParseInt(call, call.args[++at], "ERR Invalid IDLE option argument for XCLAIM");
      if (!ms) return std::nullopt;
      int64_t delivered = 0;
      // A time out of range is taken for now, as any that makes no sense.
      options.delivered_ms = __builtin_sub_overflow(call.now_ms, *ms, &delivered) ? -2 : delivered;
    } else if (more && EqualsNoCase(word, "TIME")) {
      options.delivered_ms = ParseInt(call, call.args[++at], "ERR Invalid TIME option argument for XCLAIM");
      if (!options.delivered_ms) return std::nullopt;
    } else if (more && EqualsNoCase(word, "RETRYCOUNT")) {
      const auto count = ParseInt(call, call.args[++at], "ERR Invalid RETRYCOUNT option argument for XCLAIM");
      if (!count) return std::nullopt;
      options.deliveries = *count;
    } else if (more && EqualsNoCase(word, "LASTID")) {
      const auto id = ParseId(call, call.args[++at]);
      if (!id) return std::nullopt;
      options.last_id = *id;
    } else {
      call.reply.Error("ERR Unrecognized XCLAIM option '" + Shown(word) + "'");
      return std::nullopt;
    }
  }
  return options;
}

// Gives entries to one consumer, replying and telling the log as it goes.
class Claimer {
 public:
  Claimer(Call& call, const GroupFound& found, bool just_id)
      : call_(call),
        just_id_(just_id),
        edit_(call.db, call.slot, call.args[1], *found.entry),
        effects_(call, call.args[1], call.args[2]),
        stream_(edit_.As<Stream>()),
        group_(*stream_.FindGroup(call.args[2])) {
    call.effects.Suppress();
  }

  StreamGroup& group() { return group_; }
  const Stream& stream() const { return stream_; }

  void Begin() { consumer_ = &SeenConsumer(call_, &edit_, &group_, call_.args[3], &created_); }
  // A claim makes the consumer by itself.
  void End() {
    if (created_ && consumer_->active_ms < 0) effects_.CreateConsumer(consumer_->name);
  }

  // The entry is no more: neither is it pending.
  void Drop(StreamId id, const StreamPending& pending) {
    effects_.Claim(id, pending, group_.last_id);
    told_last_id_ = true;
    group_.Forget(id);
    edit_.Counted(1);
  }

  struct Delivery {
    int64_t delivered_ms;
    int64_t deliveries = -1;  // -1: one more, or as many if only the id is asked for
  };
  // REQUIRES: the stream has the entry
  void Take(StreamId id, StreamPending* pending, Delivery delivery) {
    group_.Give(id, pending, consumer_);
    pending->delivered_ms = delivery.delivered_ms;
    if (delivery.deliveries >= 0) {
      pending->deliveries = static_cast<uint64_t>(delivery.deliveries);
    } else if (!just_id_) {
      ++pending->deliveries;
    }
    if (just_id_) {
      ReplyId(call_.reply, id);
    } else {
      ReplyEntryAt(call_.reply, stream_, id);
    }
    consumer_->active_ms = call_.now_ms;
    effects_.Claim(id, *pending, group_.last_id);
    told_last_id_ = true;
    edit_.Counted(1);
  }

  // For XCLAIM's FORCE.
  StreamPending* Make(StreamId id) { return &group_.AddPending(id, {call_.now_ms, 1, consumer_}); }

  // The group's last id was raised: told if no claim has.
  void TellLastId() {
    if (told_last_id_) return;
    effects_.SetId(group_);
    edit_.Counted(1);
  }

 private:
  Call& call_;
  const bool just_id_;
  keyspace::ObjectEdit edit_;
  GroupEffects effects_;
  Stream& stream_;
  StreamGroup& group_;
  StreamConsumer* consumer_ = nullptr;
  bool created_ = false;
  bool told_last_id_ = false;
};

}  // namespace

void XClaimCommand(Call& call) {
  const auto found = FindGroup(call);
  if (!found) return;
  const auto options = ParseClaim(call);
  if (!options) return;
  int64_t delivered_ms = options->delivered_ms.value_or(call.now_ms);
  if (delivered_ms < 0 || delivered_ms > call.now_ms) delivered_ms = call.now_ms;

  Claimer claimer(call, *found, options->just_id);
  StreamGroup& group = claimer.group();
  const bool raises = options->last_id > group.last_id;
  if (raises) group.last_id = options->last_id;
  claimer.Begin();
  resp::CountedReply claimed(call.reply);
  for (const StreamId id : options->ids) {
    StreamPending* pending = group.FindPending(id);
    if (!claimer.stream().Contains(id)) {
      if (pending != nullptr) claimer.Drop(id, *pending);
      continue;
    }
    if (pending == nullptr) {
      if (!options->force) continue;
      pending = claimer.Make(id);
    } else if (options->min_idle_ms != 0 && call.now_ms - pending->delivered_ms < options->min_idle_ms) {
      continue;
    }
    claimer.Take(id, pending, {delivered_ms, options->deliveries});
    claimed.Add();
  }
  if (raises) claimer.TellLastId();
  claimer.End();
  claimed.EndArray();
}

namespace {

struct AutoClaimOptions {
  int64_t min_idle_ms = 0;
  StreamId first;
  int64_t count = 100;
  bool just_id = false;
};

constexpr int64_t kAttemptsPerEntry = 10;

// Nothing: the error reply was written.
std::optional<AutoClaimOptions> ParseAutoClaim(Call& call) {
  constexpr int64_t kMostCount = LONG_MAX / 16;
  AutoClaimOptions options;
  const auto idle = ParseInt(call, call.args[4], "ERR Invalid min-idle-time argument for XAUTOCLAIM");
  if (!idle) return std::nullopt;
  options.min_idle_ms = std::max<int64_t>(*idle, 0);
  const auto first = ParseIntervalStart(call, call.args[5]);
  if (!first) return std::nullopt;
  options.first = *first;
  for (size_t at = 6; at < call.args.size(); ++at) {
    if (EqualsNoCase(call.args[at], "COUNT") && at + 1 < call.args.size()) {
      const auto count = types::ParseInteger(call.args[++at]);
      if (!count || *count < 1 || *count > kMostCount) {
        call.reply.Error("ERR COUNT must be > 0");
        return std::nullopt;
      }
      options.count = *count;
    } else if (EqualsNoCase(call.args[at], "JUSTID")) {
      options.just_id = true;
    } else {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
  }
  return options;
}

}  // namespace

void XAutoClaimCommand(Call& call) {
  keyspace::Entry* entry = FindNamed(call);  // a miss is told whatever the options are
  const auto options = ParseAutoClaim(call);
  if (!options) return;
  const auto found = FindGroup(call, entry);
  if (!found) return;
  Claimer claimer(call, *found, options->just_id);
  claimer.Begin();
  StreamGroup& group = claimer.group();
  std::vector<StreamId> gone;
  call.reply.Array(3);
  const size_t cursor_at = call.reply.out()->size();
  resp::CountedReply claimed(call.reply);
  int64_t attempts = options->count * kAttemptsPerEntry;
  int64_t left = options->count;
  auto it = group.pending().lower_bound(options->first);
  while (attempts-- > 0 && left > 0 && it != group.pending().end()) {
    const StreamId id = it->first;
    ++it;  // dropping an entry leaves the others' places
    StreamPending* pending = group.FindPending(id);
    if (!claimer.stream().Contains(id)) {
      claimer.Drop(id, *pending);
      gone.push_back(id);
      --left;
      continue;
    }
    if (options->min_idle_ms != 0 && call.now_ms - pending->delivered_ms < options->min_idle_ms) continue;
    claimer.Take(id, pending, {call.now_ms});
    claimed.Add();
    --left;
  }
  claimer.End();
  claimed.EndArray();
  std::string cursor;
  resp::ReplyWriter writer(&cursor, call.reply.protocol());
  ReplyId(writer, it == group.pending().end() ? StreamId{} : it->first);
  call.reply.out()->insert(cursor_at, cursor);
  call.reply.Array(static_cast<int64_t>(gone.size()));
  for (const StreamId id : gone) ReplyId(call.reply, id);
}

}  // namespace windlass::commands
