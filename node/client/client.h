// What is remembered of one client: identity, session state, and where its
// replies go. Holds no socket: a Transport (the connection handler, or nothing
// for AOF replay and scripts) stands behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/pubsub/subscriber.h"
#include "node/resp/reply_writer.h"

namespace windlass::acl {
class User;
}
namespace windlass::persistence {
class PayloadReader;
}

namespace windlass::client {

// Bits of Client::flags.
enum ClientFlag : uint64_t {
  kReadonlyMode = 1ull << 0,     // READONLY: a replica may serve its reads
  kAsking = 1ull << 1,           // ASKING: for the next command only
  kReplica = 1ull << 2,          // a replica attached to this server
  kMasterLink = 1ull << 3,       // the pseudo-client that applies our master's stream
  kMonitor = 1ull << 4,
  kBlocked = 1ull << 5,
  kCloseAfterReply = 1ull << 6,
  kPubSub = 1ull << 7,
  kMulti = 1ull << 8,
  kDirtyExec = 1ull << 9,        // a queued command was refused
  kDirtyCas = 1ull << 10,        // a watched key changed
  kReplyOff = 1ull << 11,
  kReplySkipNext = 1ull << 12,   // set by CLIENT REPLY SKIP
  kReplySkip = 1ull << 13,       // this command's reply is dropped
  kNoEvict = 1ull << 14,
  kNoTouch = 1ull << 15,
  kUnixSocket = 1ull << 16,
  kAofLoader = 1ull << 17,       // replay: everything is allowed, nothing is propagated
  kInternal = 1ull << 18,        // no person behind it: nested and administrative execution
  kDenyBlocking = 1ull << 19,    // inside EXEC or a script
  kTracking = 1ull << 20,
  kPaused = 1ull << 21,          // held by CLIENT PAUSE
  kExecuting = 1ull << 22,       // its command runs: what is pushed to it waits for the reply
  kImporting = 1ull << 23,       // data arriving by a migration: slot ownership is not asked
  kPushIsReply = 1ull << 24,     // the command that runs answers by pushes: SUBSCRIBE
  kReprocessing = 1ull << 25,    // woken: it runs a command that monitors have seen
  kRestricted = 1ull << 26,      // its user may not do everything: each command is checked
  kScript = 1ull << 27,          // a script's: stands for the client that called the script
  kWrote = 1ull << 28,           // ran a command that writes, and the reply is not yet out or held for it
};

// What a client needs of whatever carries its bytes.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual std::string PeerAddress() const = 0;   // "ip:port"
  virtual std::string LocalAddress() const = 0;
  virtual std::string PeerIp() const = 0;
  virtual int Descriptor() const = 0;
  virtual size_t PendingOutput() const = 0;      // bytes not yet given to the kernel
  virtual size_t OutputCapacity() const = 0;
  virtual size_t PendingInput() const = 0;
  // Replies were appended to the client's output outside its own turn.
  virtual void OutputChanged() = 0;
  // Closes soon; never destroys the client before the current call returns.
  virtual void Close(std::string_view reason) = 0;
  virtual void CloseAfterReplies() = 0;
  // The last `bytes` of output are the reply to a change of nodes.conf: neither they
  // nor what follows leave before the save with this ticket is done. If it fails,
  // an error takes their place.
  virtual void HoldReplyForSave(uint64_t ticket, size_t bytes) = 0;
  // Reading from the connection stops, or goes on.
  virtual void PauseInput(bool paused) = 0;
  // Unconsumed input is looked at again, in a coming turn: after a block or pause.
  virtual void ResumeInput() = 0;
};

// What a MULTI remembers; absent outside one.
struct QueuedCommand {
  std::vector<std::string> args;
};
struct WatchedKey {
  int db;
  std::string key;
};
struct Transaction {
  std::vector<QueuedCommand> commands;
  std::vector<WatchedKey> watched;
  int first_slot = -1;  // cluster mode
  bool writes = false;  // a queued command may write
  bool deny_oom = false;  // a queued command may grow the data
};

class Listener;
struct TrackingState;

struct Client {
  Client(uint64_t client_id, std::string* out);
  ~Client();

  const uint64_t id;
  resp::ReplyWriter reply;
  Transport* transport = nullptr;  // null: no connection

  int db = 0;
  uint64_t flags = 0;
  bool authenticated = false;
  std::shared_ptr<acl::User> user;  // null: the server itself
  std::string name;
  std::string lib_name;
  std::string lib_version;

  int64_t created_ms = 0;           // unix time
  int64_t last_interaction_ms = 0;  // unix time
  const char* last_command = "NULL";  // "get", "client|list"; points into the table
  uint64_t commands_executed = 0;
  uint64_t output_soft_since_ms = 0;  // over the soft output limit since, 0 no

  std::unique_ptr<Transaction> transaction;
  std::unique_ptr<Listener> listener;  // null: has never subscribed
  std::unique_ptr<TrackingState> tracking;  // null: keys it reads are not noted
  std::shared_ptr<persistence::PayloadReader> payload;  // of the large RESTORE it is sending; usually null
  std::string pushed_meanwhile;        // goes out after the reply to the command that runs

  size_t Subscriptions(pubsub::Kind kind) const;
  // Appends a message that is no reply: a publication, an invalidation. While a
  // command of this client runs it is kept back until that has replied.
  void Push(std::string_view bytes);

  bool Has(uint64_t bits) const { return (flags & bits) != 0; }
  void Set(uint64_t bits) { flags |= bits; }
  void Clear(uint64_t bits) { flags &= ~bits; }
};

}  // namespace windlass::client
