// SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF.
#include "node/commands/persistence_commands.h"

#include "node/commands/ports.h"
#include "node/persistence/aof.h"
#include "node/persistence/save_service.h"

namespace windlass::commands {
namespace {

constexpr std::string_view kSaveInProgress = "ERR Background save already in progress";

void Save(Call& call) {
  if (call.node.saves->in_progress()) return call.reply.Error(kSaveInProgress);
  const auto saved = call.node.saves->SaveNow();
  if (!saved.ok()) return call.reply.Error("ERR " + saved.error());
  call.reply.Ok();
}

void BackgroundSave(Call& call) {
  bool schedule = false;
  if (call.args.size() > 1) {
    if (call.args.size() != 2 || !EqualsNoCase(call.args[1], "schedule")) return call.reply.Error(kSyntaxError);
    schedule = true;
  }
  persistence::SaveService& saves = *call.node.saves;
  if (saves.in_progress()) return call.reply.Error(kSaveInProgress);
  if (call.node.aof->rewriting()) {
    if (!schedule) {
      return call.reply.Error(
          "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a "
          "BGSAVE whenever possible.");
    }
    saves.Schedule();
    return call.reply.Simple("Background saving scheduled");
  }
  const auto started = saves.StartBackground(nullptr);
  if (!started.ok()) return call.reply.Error("ERR " + started.error());
  call.reply.Simple("Background saving started");
}

void LastSave(Call& call) { call.reply.Integer(call.node.saves->last_save_unix_s()); }

void BackgroundRewriteAof(Call& call) {
  persistence::Aof& aof = *call.node.aof;
  if (aof.rewriting()) return call.reply.Error("ERR Background append only file rewriting already in progress");
  if (call.node.saves->in_progress()) {
    aof.Schedule();
    return call.reply.Simple("Background append only file rewriting scheduled");
  }
  const auto started = aof.StartRewrite();
  if (!started.ok()) return call.reply.Error("ERR Can't execute an AOF background rewriting: " + started.error());
  call.reply.Simple("Background append only file rewriting started");
}

constexpr uint64_t kSaveFlags = kAdmin | kNoScript | kNoAsyncLoading;
constexpr uint64_t kServerAcl = kAclAdmin | kAclDangerous | kAclSlow;

const CommandSpec kCommands[] = {
    {.name = "save", .arity = 1, .flags = kSaveFlags | kNoMulti, .keys = {}, .acl = kServerAcl,
     .docs = {"Writes all data to disk, and replies when that is done.", "1.0.0", "server", "O(N) where N is the number of keys"},
     .handler = Save},
    {.name = "bgsave", .arity = -1, .flags = kSaveFlags, .keys = {}, .acl = kServerAcl,
     .docs = {"Writes all data to disk in the background.", "1.0.0", "server", "O(1)"}, .handler = BackgroundSave},
    {.name = "lastsave", .arity = 1, .flags = kLoading | kStale | kFast, .keys = {}, .acl = kAclAdmin | kAclDangerous | kAclFast,
     .docs = {"Tells the Unix time of the last successful save.", "1.0.0", "server", "O(1)"}, .handler = LastSave},
    {.name = "bgrewriteaof", .arity = 1, .flags = kSaveFlags, .keys = {}, .acl = kServerAcl,
     .docs = {"Rewrites the append-only file in the background.", "1.0.0", "server", "O(1)"}, .handler = BackgroundRewriteAof},
};

}  // namespace

std::span<const CommandSpec> PersistenceCommands() { return kCommands; }

}  // namespace windlass::commands
