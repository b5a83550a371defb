// XINFO: a stream, its groups and their consumers described.
#include <algorithm>
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

namespace {

// Null: there is none, and the error reply was written.
const Stream* FindStream(Call& call) {
  const auto found = FindToRead<Stream>(call, call.args[2]);
  if (found.object == nullptr && !found.refused) call.reply.Error(kNoSuchKey);
  return found.object;
}

// How many bytes two master ids have in common from the front, in a file's order.
size_t CommonBytes(StreamId a, StreamId b) {
  constexpr size_t kHalf = sizeof a.ms;
  if (a.ms != b.ms) return static_cast<size_t>(__builtin_clzll(a.ms ^ b.ms)) / 8;
  if (a.seq != b.seq) return kHalf + static_cast<size_t>(__builtin_clzll(a.seq ^ b.seq)) / 8;
  return 2 * kHalf;
}

// How many nodes a radix tree with chains pressed together would have for the master
// ids: what clients are used to see. A leaf for each, a node where several part, and
// one for each chain between.
size_t RadixNodes(const Stream::Nodes& nodes) {
  constexpr size_t kKeyBytes = 16;
  if (nodes.empty()) return 1;
  size_t count = nodes.size();
  std::vector<size_t> forks;  // depths at which the path to the current key parts
  // A path from below `top` (a fork, or none) down to `depth` has a chain if it is
  // longer than the byte that leads away from the fork.
  const auto chain = [](std::optional<size_t> top, size_t depth) -> size_t {
    return depth > (top ? *top + 1 : 0) ? 1 : 0;
  };
  const auto above = [&forks]() { return forks.empty() ? std::nullopt : std::optional<size_t>(forks.back()); };
  size_t depth = kKeyBytes;  // of the lowest node on the current path whose chain is not counted yet
  for (auto it = std::next(nodes.begin()); it != nodes.end(); ++it) {
    const size_t common = CommonBytes(std::prev(it)->first, it->first);
    depth = kKeyBytes;
    while (!forks.empty() && forks.back() > common) {
      count += chain(above(), depth);
      depth = forks.back();
      forks.pop_back();
    }
    if (forks.empty() || forks.back() < common) {
      ++count;
      forks.push_back(common);
    }
    count += chain(common, depth);
  }
  depth = kKeyBytes;
  while (!forks.empty()) {
    count += chain(above(), depth);
    depth = forks.back();
    forks.pop_back();
  }
  return count + chain(std::nullopt, depth);
}

void ReplyCount(resp::ReplyWriter& reply, std::optional<int64_t> count) {
  count ? reply.Integer(*count) : reply.Null();
}

std::optional<int64_t> Known(int64_t entries_read) {
  return entries_read == StreamGroup::kUnknown ? std::nullopt : std::optional<int64_t>(entries_read);
}

// --- XINFO STREAM

// What both forms begin with: seven pairs.
void ReplyStream(resp::ReplyWriter& reply, const Stream& stream) {
  const Stream::Counters& counters = stream.counters();
  reply.Bulk("length");
  reply.Integer(static_cast<int64_t>(stream.size()));
  reply.Bulk("radix-tree-keys");
  reply.Integer(static_cast<int64_t>(stream.nodes().size()));
  reply.Bulk("radix-tree-nodes");
  reply.Integer(static_cast<int64_t>(RadixNodes(stream.nodes())));
  reply.Bulk("last-generated-id");
  ReplyId(reply, counters.last_id);
  reply.Bulk("max-deleted-entry-id");
  ReplyId(reply, counters.max_deleted_id);
  reply.Bulk("entries-added");
  reply.Integer(static_cast<int64_t>(counters.entries_added));
  reply.Bulk("recorded-first-entry-id");
  ReplyId(reply, counters.first_id);
}

void ReplyEdge(resp::ReplyWriter& reply, const Stream& stream, bool last) {
  types::StreamRange range(stream, {}, types::kLastStreamId, last);
  range.Next() ? ReplyEntry(reply, range.entry()) : reply.Null();
}

// `count` of each list at most; 0: all.
class FullReply {
 public:
  FullReply(resp::ReplyWriter& reply, const Stream& stream, uint64_t count)
      : reply_(reply), stream_(stream), count_(count) {}

  void Write() {
    reply_.Map(9);
    ReplyStream(reply_, stream_);
    reply_.Bulk("entries");
    ReplyRange(reply_, types::StreamRange(stream_, {}, types::kLastStreamId), count_);
    reply_.Bulk("groups");
    reply_.Array(static_cast<int64_t>(stream_.groups().size()));
    for (const auto& [name, group] : stream_.groups()) WriteGroup(name, group);
  }

 private:
  template <typename Pendings, typename F>
  void WritePendings(const Pendings& pendings, F&& write) {
    reply_.Bulk("pending");
    const size_t shown = count_ == 0 ? pendings.size() : std::min<size_t>(pendings.size(), count_);
    reply_.Array(static_cast<int64_t>(shown));
    auto it = pendings.begin();
    for (size_t i = 0; i < shown; ++i, ++it) write(*it);
  }

  void WriteGroup(std::string_view name, const StreamGroup& group) {
    reply_.Map(7);
    reply_.Bulk("name");
    reply_.Bulk(name);
    reply_.Bulk("last-delivered-id");
    ReplyId(reply_, group.last_id);
    reply_.Bulk("entries-read");
    ReplyCount(reply_, Known(group.entries_read));
    reply_.Bulk("lag");
    ReplyCount(reply_, stream_.LagOf(group));
    reply_.Bulk("pel-count");
    reply_.Integer(static_cast<int64_t>(group.pending().size()));
    WritePendings(group.pending(), [this](const auto& item) {
      reply_.Array(4);
      ReplyId(reply_, item.first);
      reply_.Bulk(item.second.consumer->name);
      reply_.Integer(item.second.delivered_ms);
      reply_.Integer(static_cast<int64_t>(item.second.deliveries));
    });
    reply_.Bulk("consumers");
    reply_.Array(static_cast<int64_t>(group.consumers().size()));
    for (const auto& [consumer_name, consumer] : group.consumers()) WriteConsumer(consumer);
  }

  void WriteConsumer(const StreamConsumer& consumer) {
    reply_.Map(5);
    reply_.Bulk("name");
    reply_.Bulk(consumer.name);
    reply_.Bulk("seen-time");
    reply_.Integer(consumer.seen_ms);
    reply_.Bulk("active-time");
    reply_.Integer(consumer.active_ms);
    reply_.Bulk("pel-count");
    reply_.Integer(static_cast<int64_t>(consumer.pending.size()));
    WritePendings(consumer.pending, [this](const auto& item) {
      reply_.Array(3);
      ReplyId(reply_, item.first);
      reply_.Integer(item.second->delivered_ms);
      reply_.Integer(static_cast<int64_t>(item.second->deliveries));
    });
  }

  resp::ReplyWriter& reply_;
  const Stream& stream_;
  const uint64_t count_;
};

void StreamCommand(Call& call) {
  const Stream* stream = FindStream(call);
  if (stream == nullptr) return;
  const auto options = call.args.subspan(3);
  if (options.empty()) {
    call.reply.Map(10);
    ReplyStream(call.reply, *stream);
    call.reply.Bulk("groups");
    call.reply.Integer(static_cast<int64_t>(stream->groups().size()));
    call.reply.Bulk("first-entry");
    ReplyEdge(call.reply, *stream, false);
    call.reply.Bulk("last-entry");
    return ReplyEdge(call.reply, *stream, true);
  }
  const bool with_count = options.size() == 3;
  if ((options.size() != 1 && !with_count) || !EqualsNoCase(options[0], "FULL") ||
      (with_count && !EqualsNoCase(options[1], "COUNT"))) {
    return ReplySubcommandSyntaxError(call);
  }
  constexpr int64_t kDefaultCount = 10;
  const auto count = with_count ? ParseInt(call, options[2]) : std::optional<int64_t>(kDefaultCount);
  if (!count) return;
  FullReply(call.reply, *stream, static_cast<uint64_t>(*count < 0 ? kDefaultCount : *count)).Write();
}

// --- XINFO GROUPS and CONSUMERS

void GroupsCommand(Call& call) {
  const Stream* stream = FindStream(call);
  if (stream == nullptr) return;
  call.reply.Array(static_cast<int64_t>(stream->groups().size()));
  for (const auto& [name, group] : stream->groups()) {
    call.reply.Map(6);
    call.reply.Bulk("name");
    call.reply.Bulk(name);
    call.reply.Bulk("consumers");
    call.reply.Integer(static_cast<int64_t>(group.consumers().size()));
    call.reply.Bulk("pending");
    call.reply.Integer(static_cast<int64_t>(group.pending().size()));
    call.reply.Bulk("last-delivered-id");
    ReplyId(call.reply, group.last_id);
    call.reply.Bulk("entries-read");
    ReplyCount(call.reply, Known(group.entries_read));
    call.reply.Bulk("lag");
    ReplyCount(call.reply, stream->LagOf(group));
  }
}

void ConsumersCommand(Call& call) {
  const Stream* stream = FindStream(call);
  if (stream == nullptr) return;
  const StreamGroup* group = stream->FindGroup(call.args[3]);
  if (group == nullptr) {
    return call.reply.Error("NOGROUP No such consumer group '" + Shown(call.args[3]) + "' for key name '" +
                            Shown(call.args[2]) + "'");
  }
  call.reply.Array(static_cast<int64_t>(group->consumers().size()));
  for (const auto& [name, consumer] : group->consumers()) {
    call.reply.Map(4);
    call.reply.Bulk("name");
    call.reply.Bulk(name);
    call.reply.Bulk("pending");
    call.reply.Integer(static_cast<int64_t>(consumer.pending.size()));
    call.reply.Bulk("idle");
    call.reply.Integer(std::max<int64_t>(0, call.now_ms - consumer.seen_ms));
    call.reply.Bulk("inactive");
    call.reply.Integer(consumer.active_ms < 0 ? -1 : std::max<int64_t>(0, call.now_ms - consumer.active_ms));
  }
}

void HelpCommand(Call& call) {
  static constexpr std::string_view kLines[] = {
      "CONSUMERS <key> <groupname>", "    Tell about the consumers of a group.",
      "GROUPS <key>", "    Tell about the groups of a stream.",
      "STREAM <key> [FULL [COUNT <count>]", "    Tell about a stream; in full, also its entries and groups.",
  };
  ReplyHelp(call, "xinfo", kLines);
}

const CommandSpec kSubcommands[] = {
    {"xinfo|consumers", 4, kReadonly, {2, 2, 1, kKeyRO | kKeyAccess, nullptr}, kAclStream,
     {"Describes the consumers of a group.", "5.0.0", "stream", "O(1)"}, ConsumersCommand},
    {"xinfo|groups", 3, kReadonly, {2, 2, 1, kKeyRO | kKeyAccess, nullptr}, kAclStream,
     {"Describes the consumer groups of a stream.", "5.0.0", "stream", "O(1)"}, GroupsCommand},
    {"xinfo|help", 2, kLoading | kStale, {}, kAclStream, {"Tells about the subcommands.", "5.0.0", "stream", "O(1)"}, HelpCommand},
    {"xinfo|stream", -3, kReadonly, {2, 2, 1, kKeyRO | kKeyAccess, nullptr}, kAclStream,
     {"Describes a stream.", "5.0.0", "stream", "O(1)"}, StreamCommand},
};

}  // namespace

std::span<const CommandSpec> XInfoSubcommands() { return kSubcommands; }

}  // namespace windlass::commands
