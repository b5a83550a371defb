// Pages of the group pubsub. See page.h for the notation.
#include "node/manual/pages.h"

namespace windlass::manual {
namespace {

constexpr Page kPages[] = {
    {.name = "psubscribe", .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N), N patterns",
     .summary = "Listens to every channel whose name fits a pattern.",
     .arguments = "pattern:pattern*"},
    {.name = "publish", .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N+M), N subscribers of the channel, M patterns",
     .summary = "Sends a message to a channel.",
     .arguments = "channel message"},
    {.name = "pubsub", .group = "pubsub", .since = "2.8.0",
     .complexity = "Each subcommand has its own.",
     .summary = "Commands that tell who listens to what."},
    {.name = "pubsub|channels", .group = "pubsub", .since = "2.8.0",
     .complexity = "O(N), N channels",
     .summary = "Channels that somebody listens to.",
     .arguments = "pattern:pattern?"},
    {.name = "pubsub|help", .group = "pubsub", .since = "6.2.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
    {.name = "pubsub|numpat", .group = "pubsub", .since = "2.8.0",
     .complexity = "O(1)",
     .summary = "How many patterns are listened to."},
    {.name = "pubsub|numsub", .group = "pubsub", .since = "2.8.0",
     .complexity = "O(N), N channels",
     .summary = "How many listen to each of the named channels.",
     .arguments = "channel?*"},
    {.name = "pubsub|shardchannels", .group = "pubsub", .since = "7.0.0",
     .complexity = "O(N), N channels",
     .summary = "Shard channels that somebody listens to.",
     .arguments = "pattern:pattern?"},
    {.name = "pubsub|shardnumsub", .group = "pubsub", .since = "7.0.0",
     .complexity = "O(N), N channels",
     .summary = "How many listen to each of the named shard channels.",
     .arguments = "shardchannel?*"},
    {.name = "punsubscribe", .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N), N patterns",
     .summary = "No longer listens to patterns.",
     .arguments = "pattern:pattern?*"},
    {.name = "spublish", .group = "pubsub", .since = "7.0.0",
     .complexity = "O(N), N subscribers of the channel",
     .summary = "Sends a message to a shard channel.",
     .arguments = "shardchannel message",
     .keys = "not_key: index 1, range 0 1 0"},
    {.name = "ssubscribe", .group = "pubsub", .since = "7.0.0",
     .complexity = "O(N), N channels",
     .summary = "Listens to shard channels.",
     .arguments = "shardchannel*",
     .keys = "not_key: index 1, range -1 1 0"},
    {.name = "subscribe", .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N), N channels",
     .summary = "Listens to channels.",
     .arguments = "channel*"},
    {.name = "sunsubscribe", .group = "pubsub", .since = "7.0.0",
     .complexity = "O(N), N channels",
     .summary = "No longer listens to shard channels.",
     .arguments = "shardchannel?*",
     .keys = "not_key: index 1, range -1 1 0"},
    {.name = "unsubscribe", .group = "pubsub", .since = "2.0.0",
     .complexity = "O(N), N channels",
     .summary = "No longer listens to channels.",
     .arguments = "channel?*"},
};

}  // namespace

std::span<const Page> PubsubPages() { return kPages; }

}  // namespace windlass::manual
