// RedisAdmin: one connection to one node, for administration.
//
// Every wait is bounded: connecting by connect_ms, each command (or pipeline)
// by command_ms or a deadline given with it. It connects and authenticates on
// first use, and anew if the connection was lost before a command was sent; a
// command that may have been executed is never sent twice.
// Not thread-safe: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operator/base/failure.h"
#include "operator/redis/reply.h"
#include "operator/topology/report.h"

namespace windlass::redis {

using topology::Address;

// No word (refused, reset, closed, or not in time): what the node did is unknown.
class ConnectionFailure : public base::Failure {
 public:
  using Failure::Failure;
};

class TimeoutFailure : public ConnectionFailure {
 public:
  using ConnectionFailure::ConnectionFailure;
};

// The node answered with an error; reply_text() is its own words.
class RefusedFailure : public base::Failure {
 public:
  RefusedFailure(const std::string& message, std::string reply_text)
      : Failure(message), reply_text_(std::move(reply_text)) {}
  const std::string& reply_text() const { return reply_text_; }

 private:
  std::string reply_text_;
};

struct Credentials {
  std::string user;      // empty: the default user, AUTH with one argument
  std::string password;  // empty and no user: no AUTH is sent
  bool operator==(const Credentials&) const = default;
  bool empty() const { return user.empty() && password.empty(); }
};

struct AdminOptions {
  Credentials credentials;
  int64_t connect_ms = 2000;
  int64_t command_ms = 5000;
  // Of before a change of passwords: tried where the credentials are not known yet.
  std::optional<Credentials> earlier = std::nullopt;
};

// What to say first over a new connection; nothing if there is nothing to log in with.
std::optional<Command> LoginCommand(const Credentials& credentials, bool had_earlier);

// A node without a password: what it guards is open to us anyway.
bool HasNoPassword(const Reply& login_reply);

class RedisAdmin {
 public:
  RedisAdmin(Address address, AdminOptions options);
  ~RedisAdmin();
  RedisAdmin(RedisAdmin&&) noexcept;
  RedisAdmin& operator=(RedisAdmin&&) noexcept;

  const Address& address() const;
  const AdminOptions& options() const;
  bool connected() const;
  void Connect();     // throws ConnectionFailure, RefusedFailure (AUTH)
  void Disconnect();

  // The reply, error replies included. Throws ConnectionFailure.
  Reply Call(const Command& command) { return Call(command, options().command_ms); }
  Reply Call(const Command& command, int64_t deadline_ms);
  // The reply, which is not an error. Throws RefusedFailure too.
  Reply Require(const Command& command) { return Require(command, options().command_ms); }
  Reply Require(const Command& command, int64_t deadline_ms);
  // Sends all, then reads all; one reply each, error replies included.
  std::vector<Reply> Pipeline(const std::vector<Command>& commands) {
    return Pipeline(commands, options().command_ms);
  }
  std::vector<Reply> Pipeline(const std::vector<Command>& commands, int64_t deadline_ms);
  // Its two halves, so that several connections can be waited for at once. What was begun
  // and not finished is given up by the next Begin, over a new connection.
  void Begin(const std::vector<Command>& commands, int64_t deadline_ms);
  std::vector<Reply> Finish();

  // For conversations that are not one reply to one command (SUBSCRIBE, MONITOR).
  void Send(const Command& command);
  Reply Read(int64_t deadline_ms);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass::redis
