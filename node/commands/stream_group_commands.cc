// Consumer groups of streams: making, moving and dropping them and their consumers,
// and acknowledging. What is told of them to the log.
#include <string>
#include <vector>

#include "node/commands/key_waits.h"
#include "node/commands/stream_arguments.h"
#include "node/commands/stream_commands.h"
#include "node/types/number.h"

namespace windlass::commands {

using types::Stream;
using types::StreamGroup;
using types::StreamId;

// --- the log

void GroupEffects::Claim(StreamId id, const types::StreamPending& pending, StreamId last_id) {
  call_.effects.Replace({"XCLAIM", key_, group_, pending.consumer->name, "0", id.ToString(), "TIME",
                         std::to_string(pending.delivered_ms), "RETRYCOUNT", std::to_string(pending.deliveries), "FORCE",
                         "JUSTID", "LASTID", last_id.ToString()});
}

void GroupEffects::SetId(const StreamGroup& group) {
  call_.effects.Replace({"XGROUP", "SETID", key_, group_, group.last_id.ToString(), "ENTRIESREAD",
                         std::to_string(group.entries_read)});
}

void GroupEffects::CreateConsumer(std::string_view consumer) {
  call_.effects.Replace({"XGROUP", "CREATECONSUMER", key_, group_, consumer});
}

types::StreamConsumer& SeenConsumer(Call& call, keyspace::ObjectEdit* edit, StreamGroup* group, std::string_view name,
                                    bool* created) {
  types::StreamConsumer* consumer = group->FindConsumer(name);
  if (created != nullptr) *created = consumer == nullptr;
  if (consumer == nullptr) {
    consumer = &group->AddConsumer(name, call.now_ms);
    edit->Counted(1);
    Notify(call, NotifyClass::kStream, "xgroup-createconsumer", edit->key());
  }
  consumer->seen_ms = call.now_ms;
  return *consumer;
}

namespace {

// --- XGROUP

constexpr std::string_view kKeyMustExist =
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option "
    "to create an empty stream automatically.";

// The stream at args[2] and its group args[3].
struct GroupFound {
  Found<Stream> stream;
  const StreamGroup* group = nullptr;
};

// Nothing: the error reply was written, as it is for a group that must be there.
std::optional<GroupFound> FindGroup(Call& call, bool must_exist) {
  GroupFound found{FindToWrite<Stream>(call, call.args[2])};
  if (found.stream.refused) return std::nullopt;
  if (found.stream.object == nullptr) {
    call.reply.Error(kKeyMustExist);
    return std::nullopt;
  }
  found.group = found.stream.object->FindGroup(call.args[3]);
  if (found.group == nullptr && must_exist) {
    call.reply.Error("NOGROUP No such consumer group '" + Shown(call.args[3]) + "' for key name '" +
                     Shown(call.args[2]) + "'");
    return std::nullopt;
  }
  return found;
}

struct GroupOptions {
  bool make_stream = false;
  int64_t entries_read = StreamGroup::kUnknown;
};

// From args[5] on. Nothing: the error reply was written.
std::optional<GroupOptions> ParseGroupOptions(Call& call, bool creates) {
  GroupOptions options;
  for (size_t i = 5; i < call.args.size(); ++i) {
    if (creates && EqualsNoCase(call.args[i], "MKSTREAM")) {
      options.make_stream = true;
    } else if (EqualsNoCase(call.args[i], "ENTRIESREAD") && i + 1 < call.args.size()) {
      const auto count = ParseInt(call, call.args[++i]);
      if (!count) return std::nullopt;
      if (*count < 0 && *count != StreamGroup::kUnknown) {
        call.reply.Error("ERR value for ENTRIESREAD must be positive or -1");
        return std::nullopt;
      }
      options.entries_read = *count;
    } else {
      ReplySubcommandSyntaxError(call);
      return std::nullopt;
    }
  }
  return options;
}

void CreateCommand(Call& call) {
  constexpr size_t kMostArguments = 8;
  const auto options = ParseGroupOptions(call, true);
  if (!options) return;
  const std::string_view key = call.args[2];
  const auto found = FindToWrite<Stream>(call, key);
  if (found.refused) return;
  if (found.object == nullptr && !options->make_stream) return call.reply.Error(kKeyMustExist);
  if (call.args.size() > kMostArguments) return ReplySubcommandSyntaxError(call);
  std::optional<StreamId> id = found.object == nullptr ? StreamId{} : found.object->counters().last_id;
  if (call.args[4] != "$") id = ParseId(call, call.args[4]);
  if (!id) return;
  bool created = false;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, EntryOrNew(call, key, found));
    created = edit.As<Stream>().AddGroup(call.args[3], *id, options->entries_read) != nullptr;
    if (found.object == nullptr) {
      edit.Changed();
    } else if (created) {
      edit.Counted(1);
    }
  }
  if (!created) return call.reply.Error("BUSYGROUP Consumer Group name already exists");
  Notify(call, NotifyClass::kStream, "xgroup-create", key);
  call.reply.Ok();
}

void SetIdCommand(Call& call) {
  const auto options = ParseGroupOptions(call, false);
  if (!options) return;
  const auto found = FindGroup(call, true);
  if (!found) return;
  if (call.args.size() != 5 && call.args.size() != 7) return ReplySubcommandSyntaxError(call);
  std::optional<StreamId> id = found->stream.object->counters().last_id;
  if (call.args[4] != "$") id = ParseIdOrEnd(call, call.args[4], 0);
  if (!id) return;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, call.args[2], *found->stream.entry);
    StreamGroup* group = edit.As<Stream>().FindGroup(call.args[3]);
    group->last_id = *id;
    group->entries_read = options->entries_read;
    edit.Counted(1);
  }
  Notify(call, NotifyClass::kStream, "xgroup-setid", call.args[2]);
  call.reply.Ok();
}

void DestroyCommand(Call& call) {
  const auto found = FindGroup(call, false);
  if (!found) return;
  if (found->group == nullptr) return call.reply.Integer(0);
  {
    keyspace::ObjectEdit edit(call.db, call.slot, call.args[2], *found->stream.entry);
    edit.As<Stream>().RemoveGroup(call.args[3]);
    edit.Counted(1);
  }
  // Who waits in this group waits in vain.
  call.node.key_waits->MarkReady(call.db.index(), call.args[2]);
  Notify(call, NotifyClass::kStream, "xgroup-destroy", call.args[2]);
  call.reply.Integer(1);
}

void CreateConsumerCommand(Call& call) {
  const auto found = FindGroup(call, true);
  if (!found) return;
  if (found->group->FindConsumer(call.args[4]) != nullptr) return call.reply.Integer(0);
  {
    keyspace::ObjectEdit edit(call.db, call.slot, call.args[2], *found->stream.entry);
    edit.As<Stream>().FindGroup(call.args[3])->AddConsumer(call.args[4], call.now_ms);
    edit.Counted(1);
  }
  Notify(call, NotifyClass::kStream, "xgroup-createconsumer", call.args[2]);
  call.reply.Integer(1);
}

void DeleteConsumerCommand(Call& call) {
  const auto found = FindGroup(call, true);
  if (!found) return;
  if (found->group->FindConsumer(call.args[4]) == nullptr) return call.reply.Integer(0);
  int64_t pending = 0;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, call.args[2], *found->stream.entry);
    pending = edit.As<Stream>().FindGroup(call.args[3])->RemoveConsumer(call.args[4]);
    edit.Counted(1);
  }
  Notify(call, NotifyClass::kStream, "xgroup-delconsumer", call.args[2]);
  call.reply.Integer(pending);
}

void HelpCommand(Call& call) {
  static constexpr std::string_view kLines[] = {
      "CREATE <key> <groupname> <id|$> [option]",
      "    Make a consumer group. The options:",
      "    * MKSTREAM",
      "      Make an empty stream if there is none.",
      "    * ENTRIESREAD entries_read",
      "      How many entries the group has read, as XINFO tells it.",
      "CREATECONSUMER <key> <groupname> <consumer>",
      "    Make a consumer in a group.",
      "DELCONSUMER <key> <groupname> <consumer>",
      "    Drop a consumer and what is pending for it.",
      "DESTROY <key> <groupname>",
      "    Drop a group.",
      "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
      "    Set the last id delivered to a group, and how many entries it has read.",
  };
  ReplyHelp(call, "xgroup", kLines);
}

const CommandSpec kSubcommands[] = {
    {"xgroup|create", -5, kWrite | kDenyOom, {2, 2, 1, kKeyRW | kKeyInsert, nullptr}, kAclStream,
     {"Makes a consumer group.", "5.0.0", "stream", "O(1)"}, CreateCommand},
    {"xgroup|createconsumer", 5, kWrite | kDenyOom, {2, 2, 1, kKeyRW | kKeyInsert, nullptr}, kAclStream,
     {"Makes a consumer in a group.", "6.2.0", "stream", "O(1)"}, CreateConsumerCommand},
    {"xgroup|delconsumer", 5, kWrite, {2, 2, 1, kKeyRW | kKeyDelete, nullptr}, kAclStream,
     {"Drops a consumer of a group.", "5.0.0", "stream", "O(1)"}, DeleteConsumerCommand},
    {"xgroup|destroy", 4, kWrite, {2, 2, 1, kKeyRW | kKeyDelete, nullptr}, kAclStream,
     {"Drops a consumer group.", "5.0.0", "stream", "O(N)"}, DestroyCommand},
    {"xgroup|help", 2, kLoading | kStale, {}, kAclStream, {"Tells about the subcommands.", "5.0.0", "stream", "O(1)"}, HelpCommand},
    {"xgroup|setid", -5, kWrite, {2, 2, 1, kKeyRW | kKeyUpdate, nullptr}, kAclStream,
     {"Sets the last id delivered to a group.", "5.0.0", "stream", "O(1)"}, SetIdCommand},
};

}  // namespace

std::span<const CommandSpec> XGroupSubcommands() { return kSubcommands; }

void XAckCommand(Call& call) {
  const auto found = FindToRead<Stream>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr || found.object->FindGroup(call.args[2]) == nullptr) return call.reply.Integer(0);
  std::vector<StreamId> ids;
  for (const std::string_view text : call.args.subspan(3)) {
    const auto id = ParseId(call, text);
    if (!id) return;
    ids.push_back(*id);
  }
  uint64_t acknowledged = 0;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, call.args[1], *found.entry);
    StreamGroup* group = edit.As<Stream>().FindGroup(call.args[2]);
    for (const StreamId id : ids) acknowledged += group->Forget(id) ? 1 : 0;
    edit.Counted(acknowledged);
  }
  call.reply.Integer(static_cast<int64_t>(acknowledged));
}

}  // namespace windlass::commands
