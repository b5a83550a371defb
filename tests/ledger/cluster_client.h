// A well-behaved cluster client on hiredis: slot map, MOVED, ASK, TRYAGAIN,
// CLUSTERDOWN, READONLY, LOADING. Commands go out in rounds, a batch per node;
// what could not be done stays for the next round, so that one shard without a
// master holds up its own keys alone. One client per thread.
#pragma once

#include <hiredis/hiredis.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace windlass::ledger {

using Clock = std::chrono::steady_clock;

struct ErrorCounts {
  uint64_t moved = 0, ask = 0, try_again = 0, cluster_down = 0, read_only = 0, loading = 0, other = 0,
           disconnects = 0;
  void Add(const ErrorCounts& more);
};

enum class Outcome {
  kPending,  // not done yet
  kReply,    // a reply arrived (`type`, `integer`, `text`)
  kUnknown,  // sent, but the connection went before the reply; not retried
  kFailed,   // given up at the deadline, or refused for good
};

struct Command {
  std::vector<std::string> argv;
  uint16_t slot = 0;
  bool idempotent = true;  // may be sent again when its fate is unknown

  Outcome outcome = Outcome::kPending;
  int type = 0;  // REDIS_REPLY_*
  long long integer = 0;
  std::string text;
  bool confirmed = false;  // WAIT 1 behind it was answered with at least 1
  Clock::time_point started, ended;
};

struct ClientOptions {
  std::vector<std::pair<std::string, int>> seeds;
  std::string password;
  std::chrono::milliseconds command_timeout{1500};
  std::chrono::milliseconds give_up_after{10000};
  int wait_ms = 300;  // timeout of the WAIT behind each batch; 0: no WAIT
};

uint16_t SlotOf(const std::string& key);

class ClusterClient {
 public:
  explicit ClusterClient(ClientOptions options);

  // Sends each pending command once; those without an outcome stay pending.
  // A command that has been pending for `give_up_after` has failed.
  void Round(const std::vector<Command*>& commands);
  // Rounds until nothing is pending.
  void Finish(const std::vector<Command*>& commands);
  // Whether the slot has an owner that has not failed us lately: worth new commands.
  bool Healthy(uint16_t slot) const;
  ErrorCounts TakeErrors();
  const std::string& last_error() const { return last_error_; }

  using Address = std::string;  // ip:port
  // Nodes that may be asked who owns what, beside those given at the start.
  const std::vector<Address>& known() const { return known_; }
  void AlsoAsk(const std::vector<Address>& nodes) { known_.insert(known_.end(), nodes.begin(), nodes.end()); }

 private:
  struct FreeContext {
    void operator()(redisContext* c) const { redisFree(c); }
  };
  using Connection = std::unique_ptr<redisContext, FreeContext>;

  redisContext* Connect(const Address& address);
  void Drop(const Address& address);
  void Shun(const Address& address);
  bool Usable(uint16_t slot) const;
  void RefreshSlots();
  bool RefreshFrom(const Address& address);
  bool Send(const Address& address, const std::vector<Command*>& batch);
  bool ReadReplies(redisContext* context, const Address& address, const std::vector<Command*>& batch);
  // Sends WAIT 1 / reads its answer: whether a replica has what went before.
  void AppendWait(redisContext* context, const Address& address);
  bool ReadWait(redisContext* context, const Address& address, bool* confirmed);
  bool Take(redisReply* reply, const Address& from, Command* command);
  void ExecuteAsking(const Address& address, Command* command);
  void Lost(const std::vector<Command*>& batch, size_t from);

  ClientOptions options_;
  std::map<Address, Connection> connections_;
  std::map<Address, Clock::time_point> shunned_until_;  // failed a moment ago: not even retries
  std::map<Address, Clock::time_point> troubled_until_; // failed lately, no success since: only retries
  std::map<Address, Clock::time_point> no_wait_until_;  // its last WAIT was not met
  std::map<Address, bool> waiting_;                     // a WAIT stands behind the batch
  std::array<Address, 16384> owner_;
  std::vector<Address> known_;
  Clock::time_point last_refresh_{};
  bool refresh_wanted_ = true;
  std::vector<std::pair<Command*, Address>> asked_;     // redirected by ASK in this round
  ErrorCounts errors_;
  std::string last_error_;
};

}  // namespace windlass::ledger
