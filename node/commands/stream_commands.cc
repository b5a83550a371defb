// Streams: adding, trimming, deleting and reading ranges of entries, and the table of
// all commands on streams. See stream_commands.h for where the others are.
#include "node/commands/stream_commands.h"

#include <algorithm>
#include <string>
#include <vector>

#include "node/commands/container_families.h"
#include "node/commands/stream_arguments.h"
#include "node/commands/stream_replies.h"

namespace windlass::commands {

using types::Stream;
using types::StreamId;

namespace {

constexpr size_t kMostEntryBytes = size_t{1} << 30;

// The id a new entry gets; nothing: it would not be above the last.
std::optional<StreamId> NewId(const StreamAddArguments& arguments, StreamId last, int64_t now_ms) {
  if (!arguments.id) {
    const StreamId now{static_cast<uint64_t>(now_ms), 0};
    return now.ms > last.ms ? now : types::IdAfter(last);
  }
  StreamId id = arguments.id->id;
  if (!arguments.id->sequence_given && id.ms == last.ms) {
    if (last.seq == UINT64_MAX) return std::nullopt;
    id.seq = last.seq + 1;
  }
  return id > last ? std::optional<StreamId>(id) : std::nullopt;
}

void XAddCommand(Call& call) {
  const auto arguments = ParseStreamAdd(call, StreamCommand::kAdd);
  if (!arguments) return;
  const size_t content_at = std::min(arguments->id_at + 1, call.args.size());
  const auto content = call.args.subspan(content_at);
  if (content.empty() || content.size() % 2 != 0) {
    return call.reply.Error("ERR wrong number of arguments for 'xadd' command");
  }
  if (arguments->id && arguments->id->sequence_given && arguments->id->id.zero()) {
    return call.reply.Error("ERR The ID specified in XADD must be greater than 0-0");
  }
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<Stream>(call, key);
  if (found.refused) return;
  if (found.object == nullptr && arguments->no_make_stream) return call.reply.Null();
  const StreamId last = found.object == nullptr ? StreamId{} : found.object->counters().last_id;
  if (last == types::kLastStreamId) {
    return call.reply.Error("ERR The stream has exhausted the last possible ID, unable to add more items");
  }
  const auto id = NewId(*arguments, last, call.now_ms);
  if (!id) {
    return call.reply.Error("ERR The ID specified in XADD is equal or smaller than the target stream top item");
  }
  size_t bytes = 0;
  for (const std::string_view part : content) bytes += part.size();
  if (bytes > kMostEntryBytes) return call.reply.Error("ERR Elements are too large to be stored");

  const bool trims = arguments->trim.kind != types::StreamTrim::Kind::kNone;
  RewrittenCommand logged;
  uint64_t trimmed = 0;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, EntryOrNew(call, key, found));
    Stream& stream = edit.As<Stream>();
    stream.Append(*id, content, LimitsOf(call));
    if (trims) trimmed = stream.Trim(arguments->trim);
    if (arguments->trim.approximate && call.effects.read()) logged.SetTrim(*arguments, stream);
    edit.Changed();
  }
  Notify(call, NotifyClass::kStream, "xadd", key);
  if (trimmed > 0) Notify(call, NotifyClass::kStream, "xtrim", key);
  char buffer[StreamId::kMaxText];
  const std::string_view text(buffer, id->Format(buffer));
  const bool id_was_made = !arguments->id || !arguments->id->sequence_given;
  if (id_was_made && call.effects.read()) logged.Set(arguments->id_at, std::string(text));
  logged.Log(call);
  call.reply.Bulk(text);
}

void XTrimCommand(Call& call) {
  const auto arguments = ParseStreamAdd(call, StreamCommand::kTrim);
  if (!arguments) return;
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<Stream>(call, key);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Integer(0);
  uint64_t trimmed = 0;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    trimmed = edit.As<Stream>().Trim(arguments->trim);
    if (trimmed > 0) edit.Changed(trimmed);
  }
  if (trimmed > 0) {
    Notify(call, NotifyClass::kStream, "xtrim", key);
    RewrittenCommand logged;
    if (arguments->trim.approximate) logged.SetTrim(*arguments, *found.object);
    logged.Log(call);
  }
  call.reply.Integer(static_cast<int64_t>(trimmed));
}

void XDelCommand(Call& call) {
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<Stream>(call, key);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Integer(0);
  std::vector<StreamId> ids;
  for (const std::string_view text : call.args.subspan(2)) {
    const auto id = ParseId(call, text);
    if (!id) return;
    ids.push_back(*id);
  }
  uint64_t deleted = 0;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    for (const StreamId id : ids) deleted += edit.As<Stream>().Erase(id) ? 1 : 0;
    if (deleted > 0) edit.Changed(deleted);
  }
  if (deleted > 0) Notify(call, NotifyClass::kStream, "xdel", key);
  call.reply.Integer(static_cast<int64_t>(deleted));
}

void XLenCommand(Call& call) {
  const auto found = FindToRead<Stream>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Integer(found.object == nullptr ? 0 : static_cast<int64_t>(found.object->size()));
}

void Range(Call& call, bool backwards) {
  const auto first = ParseIntervalStart(call, call.args[backwards ? 3 : 2]);
  if (!first) return;
  const auto last = ParseIntervalEnd(call, call.args[backwards ? 2 : 3]);
  if (!last) return;
  std::optional<int64_t> count;
  for (size_t i = 4; i < call.args.size(); i += 2) {
    if (!EqualsNoCase(call.args[i], "COUNT") || i + 1 == call.args.size()) return call.reply.Error(kSyntaxError);
    count = ParseInt(call, call.args[i + 1]);
    if (!count) return;
  }
  const auto found = FindToRead<Stream>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Array(0);
  if (count && *count <= 0) return call.reply.NullArray();
  ReplyRange(call.reply, types::StreamRange(*found.object, *first, *last, backwards), static_cast<uint64_t>(count.value_or(0)));
}

void XRangeCommand(Call& call) { Range(call, false); }
void XRevRangeCommand(Call& call) { Range(call, true); }

void XSetIdCommand(Call& call) {
  const auto id = ParseId(call, call.args[2]);
  if (!id) return;
  std::optional<int64_t> entries_added;
  StreamId max_deleted;
  for (size_t i = 3; i < call.args.size(); i += 2) {
    const bool more = i + 1 < call.args.size();
    if (more && EqualsNoCase(call.args[i], "ENTRIESADDED")) {
      entries_added = ParseInt(call, call.args[i + 1]);
      if (!entries_added) return;
      if (*entries_added < 0) return call.reply.Error("ERR entries_added must be positive");
    } else if (more && EqualsNoCase(call.args[i], "MAXDELETEDID")) {
      const auto given = ParseId(call, call.args[i + 1]);
      if (!given) return;
      if (*id < *given) {
        return call.reply.Error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      }
      max_deleted = *given;
    } else {
      return call.reply.Error(kSyntaxError);
    }
  }
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<Stream>(call, key);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Error(kNoSuchKey);
  const Stream& stream = *found.object;
  if (*id < stream.counters().max_deleted_id) {
    return call.reply.Error("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
  }
  if (stream.size() > 0) {
    if (*id < stream.LastEntryId()) {
      return call.reply.Error("ERR The ID specified in XSETID is smaller than the target stream top item");
    }
    if (entries_added && stream.size() > static_cast<uint64_t>(*entries_added)) {
      return call.reply.Error("ERR The entries_added specified in XSETID is smaller than the target stream length");
    }
  }
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    edit.As<Stream>().SetLastId(*id, entries_added ? std::optional<uint64_t>(*entries_added) : std::nullopt,
                                max_deleted.zero() ? std::nullopt : std::optional<StreamId>(max_deleted));
    edit.Counted(1);
  }
  Notify(call, NotifyClass::kStream, "xsetid", key);
  call.reply.Ok();
}

const CommandSpec kRows[] = {
    {"xadd", -5, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyUpdate, nullptr}, kAclStream,
     {"Adds an entry to a stream, which is created if it does not exist.", "5.0.0", "stream", "O(1)"}, XAddCommand},
    {"xlen", 2, kReadonly | kFast, {1, 1, 1, kKeyRO, nullptr}, kAclStream,
     {"Returns how many entries there are.", "5.0.0", "stream", "O(1)"}, XLenCommand},
    {"xrange", -4, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclStream,
     {"Returns the entries between two ids.", "5.0.0", "stream", "O(N)"}, XRangeCommand},
    {"xrevrange", -4, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclStream,
     {"Returns the entries between two ids, the latest first.", "5.0.0", "stream", "O(N)"}, XRevRangeCommand},
    {"xdel", -3, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclStream,
     {"Deletes entries by id.", "5.0.0", "stream", "O(1)"}, XDelCommand},
    {"xtrim", -4, kWrite, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclStream,
     {"Deletes the oldest entries, down to a length or up to an id.", "5.0.0", "stream", "O(N)"}, XTrimCommand},
    {"xsetid", -3, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyUpdate, nullptr}, kAclStream,
     {"Sets the last id that a stream gave, and its counters.", "5.0.0", "stream", "O(1)"}, XSetIdCommand},
    {"xread", -4, kReadonly | kBlocking | kMovableKeys, {0, 0, 0, kKeyRO | kKeyAccess, XReadKeys}, kAclStream,
     {"Returns entries behind an id from each of several streams, waiting for them if asked.", "5.0.0", "stream", "O(N)"},
     XReadCommand},
    {"xreadgroup", -7, kWrite | kBlocking | kMovableKeys, {0, 0, 0, kKeyRO | kKeyAccess, XReadGroupKeys}, kAclStream,
     {"Gives entries to a consumer of a group, new ones or those it has not acknowledged.", "5.0.0", "stream", "O(M)"},
     XReadGroupCommand},
    {"xgroup", -2, 0, {}, 0, {"A container for commands on consumer groups.", "5.0.0", "stream", "Depends on subcommand."},
     nullptr, XGroupSubcommands()},
    {"xack", -4, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyUpdate, nullptr}, kAclStream,
     {"Acknowledges entries: they are pending in the group no more.", "5.0.0", "stream", "O(1)"}, XAckCommand},
    {"xpending", -3, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclStream,
     {"Returns what was delivered in a group and not acknowledged.", "5.0.0", "stream", "O(N)"}, XPendingCommand},
    {"xclaim", -6, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyUpdate, nullptr}, kAclStream,
     {"Gives pending entries to another consumer.", "5.0.0", "stream", "O(log N)"}, XClaimCommand},
    {"xautoclaim", -6, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclStream,
     {"Gives entries that are pending for long to another consumer.", "6.2.0", "stream", "O(1)"}, XAutoClaimCommand},
    {"xinfo", -2, 0, {}, 0, {"A container for commands that describe a stream.", "5.0.0", "stream", "Depends on subcommand."},
     nullptr, XInfoSubcommands()},
};

}  // namespace

std::span<const CommandSpec> StreamCommands() { return kRows; }

}  // namespace windlass::commands
