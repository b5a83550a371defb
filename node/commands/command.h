// One command: its row in the table, and one execution of it.
//
// A family is a file `<family>_commands.cc` with one function
// `std::span<const CommandSpec> <Family>Commands()`; command_table.cc collects
// them. A handler parses its arguments into a struct, then executes, then writes
// exactly one reply (or blocks the client through ports.h).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "node/base/letter_case.h"
#include "node/client/client.h"
#include "node/commands/effects.h"
#include "node/resp/reply_writer.h"
#include "node/slot/slot.h"

namespace windlass::keyspace {
class Database;
}

namespace windlass::commands {

struct Node;
struct Call;
using Handler = void (*)(Call&);

// Bits of CommandSpec::flags; the words of COMMAND INFO stand beside them.
enum CommandFlag : uint64_t {
  kWrite = 1ull << 0,            // write
  kReadonly = 1ull << 1,         // readonly
  kDenyOom = 1ull << 2,          // denyoom
  kAdmin = 1ull << 3,            // admin
  kPubSub = 1ull << 4,           // pubsub
  kNoScript = 1ull << 5,         // noscript
  kBlocking = 1ull << 6,         // blocking
  kLoading = 1ull << 7,          // loading: allowed while the data set loads
  kStale = 1ull << 8,            // stale: allowed on a replica whose link is down
  kSkipMonitor = 1ull << 9,      // skip_monitor
  kSkipSlowlog = 1ull << 10,     // skip_slowlog
  kAskingFlag = 1ull << 11,      // asking: served as if ASKING came before
  kFast = 1ull << 12,            // fast
  kNoAuth = 1ull << 13,          // no_auth: allowed before AUTH
  kMovableKeys = 1ull << 14,     // movablekeys
  kMayReplicate = 1ull << 15,    // not told
  kNoMulti = 1ull << 16,         // no_multi
  kAllowBusy = 1ull << 17,       // allow_busy
  kNoAsyncLoading = 1ull << 18,  // no_async_loading
  kNoMandatoryKeys = 1ull << 19, // no_mandatory_keys
  kProtectedCmd = 1ull << 20,    // CONFIG enable-*-command guards it
  kSentinelOnly = 1ull << 21,
  kRunsCommands = 1ull << 23,    // EXEC and scripts: what their commands do is one unit of the log
  kPushesReply = 1ull << 22,     // its reply is pushes, which leave whatever CLIENT REPLY says
};

// ACL categories.
enum AclCategory : uint64_t {
  kAclKeyspace = 1ull << 0, kAclRead = 1ull << 1, kAclWrite = 1ull << 2, kAclSet = 1ull << 3,
  kAclSortedSet = 1ull << 4, kAclList = 1ull << 5, kAclHash = 1ull << 6, kAclString = 1ull << 7,
  kAclBitmap = 1ull << 8, kAclHyperLogLog = 1ull << 9, kAclGeo = 1ull << 10, kAclStream = 1ull << 11,
  kAclPubSub = 1ull << 12, kAclAdmin = 1ull << 13, kAclFast = 1ull << 14, kAclSlow = 1ull << 15,
  kAclBlocking = 1ull << 16, kAclDangerous = 1ull << 17, kAclConnection = 1ull << 18,
  kAclTransaction = 1ull << 19, kAclScripting = 1ull << 20,
};

// How a key is used, for COMMAND GETKEYSANDFLAGS and key specs.
enum KeyFlag : uint16_t {
  kKeyRO = 1, kKeyRW = 2, kKeyOW = 4, kKeyRM = 8,
  kKeyAccess = 16, kKeyUpdate = 32, kKeyInsert = 64, kKeyDelete = 128,
  kKeyNotKey = 256, kKeyIncomplete = 512, kKeyVariableFlags = 1024,
};

// Where the keys are: args[first], then every step-th up to last; a negative last
// counts from the end; first 0 means no keys. `find`, if set, decides instead.
struct KeyPosition {
  int index;  // into args
  uint16_t flags;
};
using KeyPositions = std::vector<KeyPosition>;
using FindKeys = bool (*)(std::span<const std::string_view> args, std::vector<KeyPosition>* out);
struct KeySpec {
  int first = 0;
  int last = 0;
  int step = 0;
  uint16_t flags = 0;       // KeyFlag of these keys
  FindKeys find = nullptr;  // false: the arguments make no sense
};

struct CommandDocs {
  std::string_view summary;
  std::string_view since;
  std::string_view group;  // "string", "generic", "server", "connection", "cluster", ...
  std::string_view complexity;
};

struct CommandSpec {
  std::string_view name;  // lower case; for a subcommand "config|get"
  int arity = 0;          // counts the name; negative: at least
  uint64_t flags = 0;
  KeySpec keys;
  uint64_t acl = 0;       // categories, besides those the flags imply
  CommandDocs docs;
  Handler handler = nullptr;
  // A container dispatches by args[1]; its own handler is then used only when
  // there is no args[1] (may be null).
  std::span<const CommandSpec> subcommands = {};
  // Filled by the table.
  mutable int id = -1;
};

struct Call {
  const CommandSpec& spec;
  std::span<const std::string_view> args;  // args[0] is the name as typed
  client::Client& client;
  resp::ReplyWriter& reply;
  keyspace::Database& db;   // the client's selected database
  slot::SlotId slot;        // of the keys in cluster mode; 0 otherwise
  int64_t now_ms;           // frozen for the whole command
  Node& node;
  Effects& effects;
};

// How a deletion is written to the log: as the lazyfree setting of its kind says.
std::string_view LoggedDeletion(const Call& call, std::string_view setting);

// Replies every family uses.
inline constexpr std::string_view kSyntaxError = "ERR syntax error";
inline constexpr std::string_view kNotInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotFloat = "ERR value is not a valid float";
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kOutOfRange = "ERR index out of range";

using base::EqualsNoCase;
// Strict decimal int64, as Redis takes it: no blanks, no plus, no leading zeros.
bool ParseInt64(std::string_view text, int64_t* value);
// For HELP subcommands: heading, the lines, and the common footer, as an array.
void ReplyHelp(Call& call, std::string_view container, std::span<const std::string_view> lines);
// "ERR unknown subcommand or wrong number of arguments for ..." as Redis words it.
void ReplySubcommandSyntaxError(Call& call);

}  // namespace windlass::commands
