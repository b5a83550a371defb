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

struct RequestBatch;
class SessionTable;

// What replies may wait for: a position of the append-only file, a save of nodes.conf,
// and a position of the history that replicas have acknowledged. Each covers all
// before it.
struct ReplyGate {
  int64_t log_offset = 0;
  uint64_t conf_ticket = 0;
  int64_t acked_offset = -1;  // -1: waits for no replica
  bool wrote = false;         // of what waits: a reply in it is a write's
  // Of what is released: the file cannot be written. Who only reads need not wait until
  // the disk is well again.
  bool log_failed = false;
  bool Covers(const ReplyGate& other) const {
    const bool logged = log_offset >= other.log_offset || (log_failed && !other.wrote);
    return logged && conf_ticket >= other.conf_ticket && acked_offset >= other.acked_offset;
  }
};

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
  void PauseInput(bool paused) override;
  void HoldReplyForSave(uint64_t ticket, size_t bytes) override;

 private:
  friend class SessionTable;
  size_t RunRequests(std::string_view bytes);
  resp::ParseStatus ParseAhead(std::string_view bytes, RequestBatch* batch);
  void TakeCutRequest(std::string_view bytes);
  // What was read ahead for a request that is done, or will never be.
  void DropPayload();
  bool RunBatch(RequestBatch& batch, size_t* position);
  bool CheckOutputLimit();
  // In the turn's end. What was written up to now waits for the file up to `end`, for
  // the saves its replies depend on and, if one is of a write, for the acknowledgement
  // of the history up to `end`. True: some output is held.
  bool HoldFresh(const ReplyGate& released, const ReplyGate& end);
  // Lets go what no longer has to wait. True: some output is still held.
  bool ReleaseHeld(const ReplyGate& released);
  bool WaitsForAcks(int64_t acked_offset) const {
    return !held_.empty() && held_.back().gate.acked_offset > acked_offset;
  }
  // The save with this ticket failed: the replies that told of it become errors.
  void FailReplies(uint64_t ticket);
  void CountBytes();
  // What this client holds has changed; `input`: bytes of unused input it will have.
  void NoteMemory(size_t input);

  SessionTable* table_;
  std::unique_ptr<net::Connection> connection_;
  client::Client client_;
  resp::RequestParser parser_;
  uint64_t counted_in_ = 0;   // of the connection's bytes, already in the statistics
  uint64_t counted_out_ = 0;
  int64_t noted_bytes_ = 0;   // of memory, in the table's sum
  // Output before stream position `end` leaves when the gate is passed. In order.
  struct Held {
    uint64_t end;
    ReplyGate gate;
  };
  std::vector<Held> held_;
  // Replies that wait for a save, by their place in the stream. In order.
  struct SaveReply {
    uint64_t ticket;
    uint64_t begin;
    size_t bytes;
  };
  std::vector<SaveReply> save_replies_;
  bool resume_queued_ = false;
  bool listed_as_held_ = false;
  bool output_noted_ = false;  // in the table's list of sessions with fresh output
};

}  // namespace windlass::server
