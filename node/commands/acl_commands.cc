// ACL: users and their rules. What only reports is in acl_report_commands.cc.
#include "node/commands/acl_commands.h"

#include <string>
#include <vector>

#include "node/acl/password.h"
#include "node/acl/users.h"
#include "node/acl/words.h"
#include "node/base/atomic_file.h"
#include "node/commands/access.h"
#include "node/commands/command_table.h"
#include "node/commands/families.h"
#include "node/commands/ports.h"
#include "node/config/config.h"

namespace windlass::commands {
namespace {

constexpr int64_t kMostPasswordBits = 4096;
constexpr int64_t kPasswordBits = 256;

void WhoAmI(Call& call) {
  if (call.client.user == nullptr) return call.reply.Null();
  call.reply.Bulk(call.client.user->name());
}

void SetUser(Call& call) {
  const std::string_view name = call.args[2];
  if (acl::HasBlank(name)) return call.reply.Error("ERR Usernames can't contain spaces or null characters");
  const std::vector<std::string_view> rules(call.args.begin() + 3, call.args.end());
  acl::User changed = call.node.users->Fresh(name);
  acl::User::RuleError error;
  if (!call.node.users->Prepare(name, rules, &changed, &error)) {
    if (error.rule.empty()) return call.reply.Error("ERR " + error.reason);
    return call.reply.Error("ERR Error in ACL SETUSER modifier '" + error.rule + "': " + error.reason);
  }
  call.node.users->Put(std::move(changed));
  ApplyUserChange(call.node, call.node.users->Find(name), &call.client);
  call.reply.Ok();
}

void DelUser(Call& call) {
  for (const std::string_view name : call.args.subspan(2)) {
    if (name == "default") return call.reply.Error("ERR The 'default' user cannot be removed");
  }
  int64_t deleted = 0;
  for (const std::string_view name : call.args.subspan(2)) {
    const acl::UserPtr user = call.node.users->Find(name);
    if (user == nullptr) continue;
    call.node.users->Remove(name);
    EndClientsOf(call.node, *user, &call.client);
    ++deleted;
  }
  call.reply.Integer(deleted);
}

void GenPass(Call& call) {
  int64_t bits = kPasswordBits;
  if (call.args.size() > 3) return ReplySubcommandSyntaxError(call);
  if (call.args.size() == 3 && !ParseInt64(call.args[2], &bits)) return call.reply.Error(kNotInteger);
  if (bits <= 0 || bits > kMostPasswordBits) {
    return call.reply.Error(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096");
  }
  call.reply.Bulk(acl::GeneratePassword(static_cast<int>(bits)));
}

void DryRun(Call& call) {
  const acl::UserPtr user = call.node.users->Find(call.args[2]);
  if (user == nullptr) return call.reply.Error("ERR User '" + std::string(call.args[2]) + "' not found");
  const auto args = call.args.subspan(3);
  const CommandSpec* spec = call.node.commands->Resolve(args);
  if (spec == nullptr) return call.reply.Error("ERR Command '" + std::string(args[0]) + "' not found");
  const int count = static_cast<int>(args.size());
  if (spec->arity > 0 ? count != spec->arity : count < -spec->arity) {
    return call.reply.Error("ERR wrong number of arguments for '" + std::string(spec->name) + "' command");
  }
  const acl::Verdict verdict = CheckAccess(*user, *spec, args);
  if (verdict.denial == acl::Denial::kNone) return call.reply.Ok();
  call.reply.Bulk(DenialText(*user, *spec, verdict.denial, args[static_cast<size_t>(verdict.argument)], true));
}

// --- the ACL file

bool HasFile(Call& call) {
  if (!call.node.config->Text("aclfile").empty()) return true;
  call.reply.Error(
      "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
      "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store "
      "users in the Redis configuration.");
  return false;
}

void Save(Call& call) {
  if (!HasFile(call)) return;
  const std::string& path = call.node.config->Text("aclfile");
  const auto written = base::WriteFileAtomically(path, call.node.users->ToText());
  if (written) return call.reply.Ok();
  call.node.log->Warning("Saving ACL file " + path + ": " + written.error());
  call.reply.Error(
      "ERR There was an error trying to save the ACLs. Please check the server logs for more information");
}

void Load(Call& call) {
  if (!HasFile(call)) return;
  const auto loaded = LoadAclFile(call.node);
  if (!loaded) return call.reply.Error("ERR " + loaded.error());
  AdoptUsers(call.node, &call.client);
  call.reply.Ok();
}

void Help(Call& call) {
  static constexpr std::string_view kLines[] = {
      "CAT [<category>]", "    The categories, or the commands in one.",
      "DELUSER <username> [<username> ...]", "    Delete users.",
      "DRYRUN <username> <command> [<arg> ...]", "    Tell whether the user may run the command, without running it.",
      "GETUSER <username>", "    The rules of a user.",
      "GENPASS [<bits>]", "    A random password of 256 bits, or of so many.",
      "LIST", "    The users, as lines of an ACL file.",
      "LOAD", "    Take the users from the ACL file.",
      "LOG [<count> | RESET]", "    What was refused of late.",
      "SAVE", "    Write the users to the ACL file.",
      "SETUSER <username> <attribute> [<attribute> ...]", "    Make a user, or change its rules.",
      "USERS", "    The names of the users.",
      "WHOAMI", "    The user of this connection.",
  };
  ReplyHelp(call, "acl", kLines);
}

constexpr uint64_t kOpen = kNoScript | kLoading | kStale;
constexpr uint64_t kGuarded = kAdmin | kNoScript | kLoading | kStale;

const CommandSpec kSubcommands[] = {
    {"acl|cat", -2, kOpen, {}, 0, {}, AclCat},
    {"acl|deluser", -3, kGuarded, {}, 0, {}, DelUser},
    {"acl|dryrun", -4, kGuarded, {}, 0, {}, DryRun},
    {"acl|genpass", -2, kOpen, {}, 0, {}, GenPass},
    {"acl|getuser", 3, kGuarded, {}, 0, {}, AclGetUser},
    {"acl|help", 2, kLoading | kStale, {}, 0, {}, Help},
    {"acl|list", 2, kGuarded, {}, 0, {}, AclList},
    {"acl|load", 2, kGuarded, {}, 0, {}, Load},
    {"acl|log", -2, kGuarded, {}, 0, {}, AclLog},
    {"acl|save", 2, kGuarded, {}, 0, {}, Save},
    {"acl|setuser", -3, kGuarded, {}, 0, {}, SetUser},
    {"acl|users", 2, kGuarded, {}, 0, {}, AclUsers},
    {"acl|whoami", 2, kOpen, {}, 0, {}, WhoAmI},
};

const CommandSpec kSpecs[] = {
    {"acl", -2, 0, {}, 0, {}, nullptr, kSubcommands},
};

}  // namespace

base::Result<void> LoadAclFile(Node& node) {
  const std::string& path = node.config->Text("aclfile");
  const auto text = base::ReadFileIfExists(path);
  if (!text || !text->has_value()) {
    return base::Error{"Error loading ACLs, opening file '" + path + "': " +
                       (text ? "No such file or directory" : text.error())};
  }
  auto table = node.users->Parse(**text, path);
  if (!table) return base::Error{table.error()};
  node.users->Replace(std::move(*table));
  return {};
}

std::span<const CommandSpec> AclCommands() { return kSpecs; }

}  // namespace windlass::commands
