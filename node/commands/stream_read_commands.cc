// XREAD and XREADGROUP: entries behind an id from several streams, waiting for them if
// asked.
#include <string>
#include <vector>

#include "node/commands/key_waits.h"
#include "node/commands/stream_arguments.h"
#include "node/commands/stream_commands.h"
#include "node/commands/stream_replies.h"
#include "node/resp/counted_reply.h"

namespace windlass::commands {

using types::Stream;
using types::StreamGroup;
using types::StreamId;

namespace {

struct ReadArguments {
  std::optional<int64_t> deadline_ms;  // BLOCK was given; 0: for ever
  uint64_t count = 0;                  // 0: all
  bool no_ack = false;
  std::optional<std::string_view> group;
  std::string_view consumer;
  std::span<const std::string_view> keys;
  std::span<const std::string_view> ids;  // as many as keys
};

std::optional<int64_t> ParseBlock(Call& call, std::string_view text) {
  const auto timeout_ms = ParseInt(call, text, "ERR timeout is not an integer or out of range");
  if (!timeout_ms) return std::nullopt;
  std::string_view error;
  if (*timeout_ms < 0) error = "ERR timeout is negative";
  if (*timeout_ms > INT64_MAX - call.now_ms) error = "ERR timeout is out of range";
  if (!error.empty()) {
    call.reply.Error(error);
    return std::nullopt;
  }
  // Far beyond any use, and far from overflow when added to a time in microseconds.
  constexpr int64_t kLongestMs = int64_t{100} * 365 * 24 * 3600 * 1000;
  return *timeout_ms == 0 ? 0 : call.now_ms + std::min(*timeout_ms, kLongestMs);
}

// Nothing: the error reply was written.
std::optional<ReadArguments> ParseRead(Call& call, bool for_group) {
  const auto refuse = [&call](std::string_view error) {
    call.reply.Error(error);
    return std::nullopt;
  };
  const auto only_for_group = [&](const char* option) {
    return refuse(std::string("ERR The ") + option + " option is only supported by XREADGROUP. You called XREAD instead.");
  };
  ReadArguments out;
  const auto args = call.args;
  for (size_t i = 1; i < args.size() && out.keys.empty(); ++i) {
    const size_t more = args.size() - i - 1;
    if (EqualsNoCase(args[i], "BLOCK") && more > 0) {
      // In a transaction it only does not wait; scripts are refused, up to Redis 7.2.
      if (call.client.Has(client::kScript)) {
        return refuse("ERR " + std::string(args[0]) + " command is not allowed with BLOCK option from scripts");
      }
      out.deadline_ms = ParseBlock(call, args[++i]);
      if (!out.deadline_ms) return std::nullopt;
    } else if (EqualsNoCase(args[i], "COUNT") && more > 0) {
      const auto count = ParseInt(call, args[++i]);
      if (!count) return std::nullopt;
      out.count = *count < 0 ? 0 : static_cast<uint64_t>(*count);
    } else if (EqualsNoCase(args[i], "STREAMS") && more > 0) {
      if (more % 2 != 0) {
        return refuse("ERR Unbalanced '" + std::string(call.spec.name) + "' list of streams: for each stream key an ID or '" +
                      (for_group ? ">" : "$") + "' must be specified.");
      }
      out.keys = args.subspan(i + 1, more / 2);
      out.ids = args.subspan(i + 1 + more / 2);
    } else if (EqualsNoCase(args[i], "GROUP") && more > 1) {
      if (!for_group) return only_for_group("GROUP");
      out.group = args[i + 1];
      out.consumer = args[i + 2];
      i += 2;
    } else if (EqualsNoCase(args[i], "NOACK")) {
      if (!for_group) return only_for_group("NOACK");
      out.no_ack = true;
    } else {
      return refuse(kSyntaxError);
    }
  }
  if (out.keys.empty()) return refuse(kSyntaxError);
  if (for_group && !out.group) return refuse("ERR Missing GROUP option for XREADGROUP");
  return out;
}

// The last possible id stands for ">": what nobody in the group has got yet.
constexpr StreamId kNewOnly = types::kLastStreamId;

// Behind which id each stream is read. Nothing: the error reply was written.
std::optional<std::vector<StreamId>> ResolveIds(Call& call, const ReadArguments& read) {
  const auto refuse = [&call](std::string_view error) {
    call.reply.Error(error);
    return std::nullopt;
  };
  std::vector<StreamId> ids;
  for (size_t i = 0; i < read.keys.size(); ++i) {
    const auto found = FindToRead<Stream>(call, read.keys[i]);
    if (found.refused) return std::nullopt;
    if (read.group && (found.object == nullptr || found.object->FindGroup(*read.group) == nullptr)) {
      return refuse("NOGROUP No such key '" + Shown(read.keys[i]) + "' or consumer group '" +
                    Shown(*read.group) + "' in XREADGROUP with GROUP option");
    }
    if (read.ids[i] == "$") {
      if (read.group) {
        return refuse(
            "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by "
            "specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.");
      }
      ids.push_back(found.object == nullptr ? StreamId{} : found.object->counters().last_id);
    } else if (read.ids[i] == ">") {
      if (!read.group) {
        return refuse(
            "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.");
      }
      ids.push_back(kNewOnly);
    } else {
      const auto id = ParseId(call, read.ids[i]);
      if (!id) return std::nullopt;
      ids.push_back(*id);
    }
  }
  return ids;
}

void BeginStream(Call& call, std::string_view key) {
  if (call.reply.protocol() == 2) call.reply.Array(2);
  call.reply.Bulk(key);
}

// Nobody may wait here, or nobody asked to.
bool Waits(Call& call, const ReadArguments& read, std::span<const std::string_view> command) {
  if (!read.deadline_ms) return false;
  return WaitForKeys(call, {read.keys, types::Type::kStream, *read.deadline_ms, read.group.has_value(), command});
}

// --- one stream of XREADGROUP

class GroupRead {
 public:
  GroupRead(Call& call, const ReadArguments& read, std::string_view key, keyspace::Entry& entry)
      : call_(call), read_(read), key_(key), edit_(call.db, call.slot, key, entry), effects_(call, key, *read.group) {}

  // False: there is nothing new, and nothing was written.
  bool Serve(StreamId behind) {
    Stream& stream = edit_.As<Stream>();
    StreamGroup* group = stream.FindGroup(*read_.group);
    bool created = false;
    types::StreamConsumer& consumer = SeenConsumer(call_, &edit_, group, read_.consumer, &created);
    const bool history = behind != kNewOnly;
    const bool news = !history && stream.size() > 0 && stream.LastEntryId() > group->last_id;
    // Claims make the consumer by themselves.
    if (created && (read_.no_ack || !news)) effects_.CreateConsumer(consumer.name);
    if (!history && !news) return false;
    BeginStream(call_, key_);
    if (history) {
      ReplyHistory(stream, consumer, behind);
    } else {
      Deliver(stream, group, consumer);
    }
    edit_.Counted(1);
    return true;
  }

 private:
  void Deliver(const Stream& stream, StreamGroup* group, types::StreamConsumer& consumer) {
    resp::CountedReply entries(call_.reply);
    const StreamId first = types::IdAfter(group->last_id).value_or(StreamId{});
    types::StreamRange range(stream, first, types::kLastStreamId);
    while ((read_.count == 0 || entries.count() < static_cast<int64_t>(read_.count)) && range.Next()) {
      const StreamId id = range.entry().id();
      stream.Advance(group, id);
      ReplyEntry(call_.reply, range.entry());
      entries.Add();
      if (!read_.no_ack) MakePending(group, id, consumer);
    }
    entries.EndArray();
    effects_.SetId(*group);
  }

  // It may be pending already: the group was set back.
  void MakePending(StreamGroup* group, StreamId id, types::StreamConsumer& consumer) {
    types::StreamPending* pending = group->FindPending(id);
    if (pending == nullptr) {
      pending = &group->AddPending(id, {call_.now_ms, 1, &consumer});
    } else {
      group->Give(id, pending, &consumer);
      pending->delivered_ms = call_.now_ms;
      pending->deliveries = 1;
    }
    consumer.active_ms = call_.now_ms;
    effects_.Claim(id, *pending, group->last_id);
  }

  void ReplyHistory(const Stream& stream, types::StreamConsumer& consumer, StreamId behind) {
    resp::CountedReply entries(call_.reply);
    for (auto it = consumer.pending.upper_bound(behind); it != consumer.pending.end(); ++it) {
      if (read_.count != 0 && entries.count() == static_cast<int64_t>(read_.count)) break;
      if (ReplyEntryAt(call_.reply, stream, it->first)) {
        it->second->delivered_ms = call_.now_ms;
        ++it->second->deliveries;
      } else {
        call_.reply.Array(2);
        ReplyId(call_.reply, it->first);
        call_.reply.NullArray();
      }
      entries.Add();
    }
    entries.EndArray();
  }

  Call& call_;
  const ReadArguments& read_;
  const std::string_view key_;
  keyspace::ObjectEdit edit_;
  GroupEffects effects_;
};

// The first half of what follows the first STREAMS from args[from] on; an option's value
// is taken for it too, as it is by peers.
bool KeysBehindStreams(std::span<const std::string_view> args, size_t from, KeyPositions* out) {
  size_t first = from;
  while (first + 1 < args.size() && !EqualsNoCase(args[first], "STREAMS")) ++first;
  ++first;
  if (first >= args.size()) return false;
  const size_t keys = (args.size() - first) / 2;
  for (size_t i = 0; i < keys; ++i) out->push_back({static_cast<int>(first + i), kKeyRO | kKeyAccess});
  return keys > 0;
}

// One stream of XREAD. False: there is nothing new, and nothing was written.
bool ServeRead(Call& call, const ReadArguments& read, std::string_view key, StreamId behind) {
  const auto found = FindToRead<Stream>(call, key);
  if (found.object == nullptr || found.object->size() == 0 || found.object->LastEntryId() <= behind) return false;
  BeginStream(call, key);
  ReplyRange(call.reply, types::StreamRange(*found.object, *types::IdAfter(behind), types::kLastStreamId), read.count);
  return true;
}

}  // namespace

bool XReadKeys(std::span<const std::string_view> args, KeyPositions* out) { return KeysBehindStreams(args, 1, out); }
bool XReadGroupKeys(std::span<const std::string_view> args, KeyPositions* out) { return KeysBehindStreams(args, 4, out); }

void XReadCommand(Call& call) {
  const auto read = ParseRead(call, false);
  if (!read) return;
  const auto ids = ResolveIds(call, *read);
  if (!ids) return;
  resp::CountedReply streams(call.reply);
  for (size_t i = 0; i < ids->size(); ++i) {
    if (ServeRead(call, *read, read->keys[i], (*ids)[i])) streams.Add();
  }
  if (streams.count() > 0) return streams.EndMapOrPairs();
  // "$" means the end as it is now, not as it is when the command runs again.
  std::vector<std::string> texts;
  std::vector<std::string_view> command(call.args.begin(), call.args.end());
  texts.reserve(ids->size());
  for (size_t i = 0; i < ids->size(); ++i) {
    if (read->ids[i] == "$") command[command.size() - ids->size() + i] = texts.emplace_back((*ids)[i].ToString());
  }
  if (!Waits(call, *read, command)) call.reply.NullArray();
}

void XReadGroupCommand(Call& call) {
  const auto read = ParseRead(call, true);
  if (!read) return;
  const auto ids = ResolveIds(call, *read);
  if (!ids) return;
  call.effects.Suppress();
  resp::CountedReply streams(call.reply);
  for (size_t i = 0; i < ids->size(); ++i) {
    const auto found = FindToRead<Stream>(call, read->keys[i]);
    if (found.object != nullptr && GroupRead(call, *read, read->keys[i], *found.entry).Serve((*ids)[i])) streams.Add();
  }
  if (streams.count() > 0) return streams.EndMapOrPairs();
  if (!Waits(call, *read, call.args)) call.reply.NullArray();
}

}  // namespace windlass::commands
