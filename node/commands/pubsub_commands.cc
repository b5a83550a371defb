// SUBSCRIBE, PUBLISH and their kin; PUBSUB.
#include "node/commands/pubsub_commands.h"

#include <string>
#include <vector>

#include "node/base/glob.h"
#include "node/client/listener.h"
#include "node/commands/cluster_port.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"
#include "node/pubsub/broker.h"

namespace windlass::commands {

using pubsub::Kind;

namespace {

struct Words {
  std::string_view subscribed;
  std::string_view unsubscribed;
};
constexpr Words kWords[pubsub::kKinds] = {
    {"subscribe", "unsubscribe"}, {"psubscribe", "punsubscribe"}, {"ssubscribe", "sunsubscribe"}};

const Words& WordsOf(Kind kind) { return kWords[static_cast<size_t>(kind)]; }

// Sharded channels are counted apart from the others.
int64_t CountTold(const pubsub::Subscriber& who, Kind kind) {
  if (kind == Kind::kShard) return static_cast<int64_t>(who.Count(kind));
  return static_cast<int64_t>(who.Count(Kind::kChannel) + who.Count(Kind::kPattern));
}

void RefreshFlag(client::Client& client) {
  if (client.listener->subscribed()) {
    client.Set(client::kPubSub);
  } else {
    client.Clear(client::kPubSub);
  }
}

void Subscribe(Call& call, Kind kind) {
  client::Listener& listener = client::ListenerOf(call.client);
  for (const std::string_view name : call.args.subspan(1)) {
    call.node.pubsub->Subscribe(listener, kind, name);
    call.reply.Push(3);
    call.reply.Bulk(WordsOf(kind).subscribed);
    call.reply.Bulk(name);
    call.reply.Integer(CountTold(listener, kind));
  }
  RefreshFlag(call.client);
}

void TellUnsubscribed(Call& call, const client::Listener& listener, Kind kind, const std::string_view* name) {
  call.reply.Push(3);
  call.reply.Bulk(WordsOf(kind).unsubscribed);
  if (name != nullptr) {
    call.reply.Bulk(*name);
  } else {
    call.reply.Null();
  }
  call.reply.Integer(CountTold(listener, kind));
}

void Unsubscribe(Call& call, Kind kind) {
  client::Listener& listener = client::ListenerOf(call.client);
  const auto leave = [&](std::string_view name) {
    call.node.pubsub->Unsubscribe(listener, kind, name);
    TellUnsubscribed(call, listener, kind, &name);
  };
  if (call.args.size() > 1) {
    for (const std::string_view name : call.args.subspan(1)) leave(name);
  } else {
    const std::vector<std::string> names = call.node.pubsub->NamesOf(listener, kind);
    for (const std::string& name : names) leave(name);
    if (names.empty()) TellUnsubscribed(call, listener, kind, nullptr);
  }
  RefreshFlag(call.client);
}

template <Kind kind>
void SubscribeTo(Call& call) {
  Subscribe(call, kind);
}
template <Kind kind>
void UnsubscribeFrom(Call& call) {
  Unsubscribe(call, kind);
}

// In a cluster the bus tells the others, replicas too; outside one, the log does.
template <bool sharded>
void PublishTo(Call& call) {
  const std::string_view channel = call.args[1];
  const std::string_view message = call.args[2];
  pubsub::Broker& broker = *call.node.pubsub;
  const size_t given = sharded ? broker.PublishToShard(channel, message) : broker.Publish(channel, message);
  if (call.node.cluster != nullptr) {
    call.node.cluster->Publish(channel, message, sharded);
  } else {
    call.effects.ForReplicasOnly();
  }
  call.reply.Integer(static_cast<int64_t>(given));
}

template <Kind kind>
void Channels(Call& call) {
  if (call.args.size() > 3) return ReplySubcommandSyntaxError(call);
  std::vector<std::string_view> names;
  call.node.pubsub->ForEachTopic(kind, [&](const pubsub::Topic& topic) {
    if (call.args.size() == 2 || base::GlobMatch(call.args[2], topic.name)) names.push_back(topic.name);
  });
  call.reply.Strings(names.data(), names.size());
}

template <Kind kind>
void NumSub(Call& call) {
  const auto names = call.args.subspan(2);
  call.reply.Array(static_cast<int64_t>(names.size()) * 2);
  for (const std::string_view name : names) {
    call.reply.Bulk(name);
    call.reply.Integer(static_cast<int64_t>(call.node.pubsub->SubscriberCount(kind, name)));
  }
}

void NumPat(Call& call) {
  call.reply.Integer(static_cast<int64_t>(call.node.pubsub->TopicCount(Kind::kPattern)));
}

void Help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "CHANNELS [<pattern>]", "    List the channels somebody listens to that match the pattern (default: all).",
      "NUMPAT", "    Count the patterns subscribed to.",
      "NUMSUB [<channel> ...]", "    Count the subscribers of each channel, those by pattern left out.",
      "SHARDCHANNELS [<pattern>]", "    List the sharded channels that match the pattern (default: all).",
      "SHARDNUMSUB [<shardchannel> ...]", "    Count the subscribers of each sharded channel.",
  };
  ReplyHelp(call, "pubsub", kLines);
}

constexpr uint64_t kListen = kPubSub | kNoScript | kLoading | kStale | kPushesReply;
constexpr uint64_t kPublish = kPubSub | kLoading | kStale | kFast | kMayReplicate;
constexpr uint64_t kAsk = kPubSub | kLoading | kStale;

#define PUBSUB_SUBCOMMAND(name, arity, flags, since, summary, complexity, handler) \
  { "pubsub|" name, arity, flags, {}, 0, {summary, since, "pubsub", complexity}, handler }

const CommandSpec kSubcommands[] = {
    PUBSUB_SUBCOMMAND("channels", -2, kAsk, "2.8.0", "Returns the channels that have subscribers.",
                      "O(N) where N is the number of active channels", Channels<Kind::kChannel>),
    PUBSUB_SUBCOMMAND("help", 2, kLoading | kStale, "6.2.0", "Returns helpful text about the different subcommands.",
                      "O(1)", Help),
    PUBSUB_SUBCOMMAND("numpat", 2, kAsk, "2.8.0", "Returns how many patterns are subscribed to.", "O(1)", NumPat),
    PUBSUB_SUBCOMMAND("numsub", -2, kAsk, "2.8.0", "Returns how many subscribers each channel has.",
                      "O(N) for the number of requested channels", NumSub<Kind::kChannel>),
    PUBSUB_SUBCOMMAND("shardchannels", -2, kAsk, "7.0.0", "Returns the sharded channels that have subscribers.",
                      "O(N) where N is the number of active sharded channels", Channels<Kind::kShard>),
    PUBSUB_SUBCOMMAND("shardnumsub", -2, kAsk, "7.0.0", "Returns how many subscribers each sharded channel has.",
                      "O(N) for the number of requested sharded channels", NumSub<Kind::kShard>),
};

#undef PUBSUB_SUBCOMMAND

const CommandSpec kSpecs[] = {
    {"subscribe", -2, kListen, {}, 0,
     {"Listens for messages published to channels.", "2.0.0", "pubsub", "O(N) where N is the number of channels"},
     SubscribeTo<Kind::kChannel>},
    {"unsubscribe", -1, kListen, {}, 0,
     {"Stops listening to channels.", "2.0.0", "pubsub", "O(N) where N is the number of channels"},
     UnsubscribeFrom<Kind::kChannel>},
    {"psubscribe", -2, kListen, {}, 0,
     {"Listens for messages published to channels that match patterns.", "2.0.0", "pubsub",
      "O(N) where N is the number of patterns"},
     SubscribeTo<Kind::kPattern>},
    {"punsubscribe", -1, kListen, {}, 0,
     {"Stops listening to channels that match patterns.", "2.0.0", "pubsub", "O(N) where N is the number of patterns"},
     UnsubscribeFrom<Kind::kPattern>},
    {"ssubscribe", -2, kListen, {1, -1, 1, kKeyNotKey}, 0,
     {"Listens for messages published to sharded channels.", "7.0.0", "pubsub",
      "O(N) where N is the number of sharded channels"},
     SubscribeTo<Kind::kShard>},
    {"sunsubscribe", -1, kListen, {1, -1, 1, kKeyNotKey}, 0,
     {"Stops listening to sharded channels.", "7.0.0", "pubsub", "O(N) where N is the number of sharded channels"},
     UnsubscribeFrom<Kind::kShard>},
    {"publish", 3, kPublish, {}, 0,
     {"Posts a message to a channel.", "2.0.0", "pubsub",
      "O(N+M) where N is the number of the channel's subscribers and M the number of patterns"},
     PublishTo<false>},
    {"spublish", 3, kPublish, {1, 1, 1, kKeyNotKey}, 0,
     {"Posts a message to a sharded channel.", "7.0.0", "pubsub",
      "O(N) where N is the number of the channel's subscribers"},
     PublishTo<true>},
    {"pubsub", -2, 0, {}, 0, {"A container for Pub/Sub commands.", "2.8.0", "pubsub", "Depends on subcommand."}, nullptr,
     kSubcommands},
};

}  // namespace

void LeaveLostShardChannels(Node& node, const std::function<bool(slot::SlotId)>& left) {
  if (node.pubsub->TopicCount(Kind::kShard) == 0) return;
  node.pubsub->DropShardTopics(left, [](pubsub::Subscriber& subscriber, std::string_view channel) {
    std::string frame;
    resp::ReplyWriter writer(&frame, subscriber.protocol());
    writer.Push(3);
    writer.Bulk(WordsOf(Kind::kShard).unsubscribed);
    writer.Bulk(channel);
    writer.Integer(CountTold(subscriber, Kind::kShard));
    subscriber.Push(frame);
    RefreshFlag(static_cast<client::Listener&>(subscriber).client());
  });
}

std::span<const CommandSpec> PubSubCommands() { return kSpecs; }

}  // namespace windlass::commands
