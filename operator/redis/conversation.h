// Conversation: a connection to one node that is asked the same things look after look,
// without waiting for it: whoever owns it waits for many at once.
//
// In a look: connect and log in, unless it is connected already; ask; read all replies. A
// connection of an earlier look that fails, or says nothing for kPatienceMs, tells nothing
// of the node: it is asked once more over a new one. All that is asked only reads, so
// asking twice does no harm.
#pragma once

#include <poll.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operator/redis/node_tables.h"
#include "operator/redis/observe.h"
#include "operator/redis/socket_target.h"
#include "operator/redis/wire.h"

namespace windlass::redis {

class Conversation {
 public:
  explicit Conversation(Address address) : address_(std::move(address)) {}
  ~Conversation() { Close(); }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // A look begins. Times are of a clock that does not jump; `options` and `tables` must
  // last until it is over.
  void Begin(const ObserveOptions& options, NodeTables* tables, int64_t now_ms, int64_t end_ms);
  bool over() const { return state_ == State::kOver; }
  int64_t began_ms() const { return began_ms_; }
  // What to wait for, and until when; then what has come.
  pollfd Wanted() const;
  int64_t DueMs() const;
  void OnReady(short events, int64_t now_ms);
  void OnTime(int64_t now_ms);
  // REQUIRES: over()
  topology::NodeReport TakeReport() { return std::move(report_); }

  bool connected() const { return fd_ >= 0; }
  void Close();

 private:
  enum class State { kOver, kConnecting, kLogin, kEarlierLogin, kAsked, kInfoAgain, kExports };

  void Open();
  void ConnectNext();
  void OnConnected();
  void Say(State state, const std::vector<Command>& commands);
  void Ask();
  void Flush();
  void Receive();
  void OnReplies();
  void OnLogin();
  void OnAnswers();
  void OnExports(const Reply& reply);
  void Finish();
  void Rest();
  // The connection is of no use any more: once more over a new one, if it is an old one.
  void Lost(const std::string& what);
  void Fail(const std::string& what);
  const std::string& Doing() const { return doing_; }

  const Address address_;
  int fd_ = -1;
  int64_t opened_ms_ = 0;
  std::optional<ReplyReader> reader_;
  bool knows_exports_ = false;  // by what it answered over this connection

  // Of the look under way:
  const ObserveOptions* options_ = nullptr;
  NodeTables* tables_ = nullptr;
  State state_ = State::kOver;
  bool kept_ = false;      // the connection is of an earlier look
  bool received_ = false;  // anything, over it
  int64_t began_ms_ = 0, now_ms_ = 0, end_ms_ = 0, connect_end_ms_ = 0, patience_end_ms_ = 0;
  std::vector<SocketTarget> targets_;  // that are left to be tried
  std::string out_;
  size_t sent_ = 0;
  size_t expected_ = 0;
  std::string doing_;
  std::vector<Reply> replies_;
  topology::NodeReport report_;
};

}  // namespace windlass::redis
