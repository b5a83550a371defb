// MODULE: this server loads none, and says so as a server does that could not load one.
#include <string>

#include "node/base/log.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"

namespace windlass::commands {

namespace {

void ModuleList(Call& call) { call.reply.Array(0); }

void ModuleLoad(Call& call) {
  call.node.log->Warning("Module " + std::string(call.args[2]) + " failed to load: this server has no module interface");
  call.reply.Error("ERR Error loading the extension. Please check the server logs.");
}

void ModuleUnload(Call& call) {
  call.reply.Error("ERR Error unloading module: no such module with that name");
}

void ModuleHelp(Call& call) {
  static constexpr std::string_view kLines[] = {
      "LIST",
      "    Return a list of loaded modules.",
      "LOAD <path> [<arg> ...]",
      "    Load a module library from <path>, passing to it any optional arguments.",
      "LOADEX <path> [[CONFIG NAME VALUE]...] [ARGS ...]",
      "    Load a module library from <path>, while passing it module configurations and optional arguments.",
      "UNLOAD <name>",
      "    Unload a module.",
  };
  ReplyHelp(call, "module", kLines);
}

constexpr uint64_t kChanges = kNoAsyncLoading | kAdmin | kNoScript | kProtectedCmd;

const CommandSpec kSubcommands[] = {
    {"module|help", 2, kLoading | kStale, {}, 0, {"Lists the subcommands.", "5.0.0", "server", "O(1)"}, ModuleHelp},
    {"module|list", 2, kAdmin | kNoScript, {}, 0, {"The loaded modules.", "4.0.0", "server", "O(N), N modules"}, ModuleList},
    {"module|load", -3, kChanges, {}, 0, {"Loads a module.", "4.0.0", "server", "O(1)"}, ModuleLoad},
    {"module|loadex", -3, kChanges, {}, 0, {"Loads a module with settings of its own.", "7.0.0", "server", "O(1)"}, ModuleLoad},
    {"module|unload", 3, kChanges, {}, 0, {"Unloads a module.", "4.0.0", "server", "O(1)"}, ModuleUnload},
};

const CommandSpec kRows[] = {
    {"module", -2, 0, {}, 0, {"Commands about modules.", "4.0.0", "server", "Each subcommand has its own."}, nullptr, kSubcommands},
};

}  // namespace

std::span<const CommandSpec> ModuleCommands() { return kRows; }

}  // namespace windlass::commands
