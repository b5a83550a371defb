// One connected client: bytes in, requests out to the dispatcher, replies back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/client/client.h"
#include "node/net/connection.h"
#include "node/resp/request_parser.h"

namespace windlass::server {

class SessionTable;

class Session final : public net::ByteHandler, public client::Transport {
 public:
  Session(SessionTable* table, std::unique_ptr<net::Connection> connection, uint64_t id);
  ~Session() override;

  client::Client& client() { return client_; }
  net::Connection& connection() { return *connection_; }
  // Limits and authentication may have changed: the parser is told.
  void RefreshLimits();
  // Looks at unconsumed input again.
  void Resume();

  // net::ByteHandler
  size_t OnBytes(net::Connection& connection, std::string_view bytes) override;
  void OnClosed(net::Connection& connection, std::string_view reason) override;

  // client::Transport
  std::string PeerAddress() const override { return connection_->peer(); }
  std::string LocalAddress() const override { return connection_->local(); }
  std::string PeerIp() const override { return connection_->peer_ip(); }
  int Descriptor() const override { return connection_->fd(); }
  size_t PendingOutput() const override { return connection_->pending_output(); }
  size_t OutputCapacity() const override { return connection_->output_capacity(); }
  size_t PendingInput() const override { return connection_->pending_input(); }
  void OutputChanged() override;
  void Close(std::string_view reason) override;
  void CloseAfterReplies() override;
  void ResumeInput() override;

  // Position of the stream up to which replies were gated at the last turn's end.
  uint64_t gated_to = 0;

 private:
  friend class SessionTable;
  size_t RunRequests(std::string_view bytes);
  bool CheckOutputLimit();
  void CountBytes();

  SessionTable* table_;
  std::unique_ptr<net::Connection> connection_;
  client::Client client_;
  resp::RequestParser parser_;
  uint64_t counted_in_ = 0;   // of the connection's bytes, already in the statistics
  uint64_t counted_out_ = 0;
  bool resume_queued_ = false;
  bool output_noted_ = false;  // in the table's list of sessions with fresh output
};

}  // namespace windlass::server
