// A non-blocking byte stream over TCP or a Unix socket. It knows nothing of RESP.
//
// Input is read into the loop's shared buffer and offered to the handler, which
// says how many bytes it used; only the rest is kept. Output is appended to
// output() and sent once, at the end of the turn, by one write.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "node/base/result.h"
#include "node/net/event_loop.h"

namespace windlass::net {

class Connection;

class ByteHandler {
 public:
  virtual ~ByteHandler() = default;
  // `bytes` is all that is unconsumed, oldest first. Returns how many leading
  // bytes were used; the rest comes again, with more behind it, when more has
  // arrived. The view dies with the return.
  virtual size_t OnBytes(Connection& connection, std::string_view bytes) = 0;
  // All output has been handed to the kernel after some of it had to wait.
  virtual void OnWritable(Connection& connection) {}
  // The last call; the connection is closed already. The owner may destroy the
  // connection by loop.DeleteLater, not directly.
  virtual void OnClosed(Connection& connection, std::string_view reason) = 0;
};

struct ConnectOptions {
  std::string host;     // an address; names are resolved with getaddrinfo, blocking
  int port = 0;         // 0: host is the path of a Unix socket
  std::string bind_ip;  // empty: any
  int64_t timeout_ms = 5000;
};

class Connection final : public FdHandler {
 public:
  Connection(EventLoop* loop, int fd);  // takes fd; starts watching with SetHandler
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  using OnConnected = std::function<void(base::Result<std::unique_ptr<Connection>>)>;
  // Connects in the background; `done` is called exactly once, in a later turn.
  static void Connect(EventLoop* loop, const ConnectOptions& options, OnConnected done);

  void SetHandler(ByteHandler* handler);

  void Write(std::string_view bytes);
  // For writers that append in place; call OutputChanged after.
  std::string& output() { return output_; }
  void OutputChanged() {
    if (!flush_queued_) QueueFlush();
  }
  size_t pending_output() const { return output_.size() - output_begin_; }
  size_t pending_input() const { return inbox_.size(); }
  size_t output_capacity() const { return output_.capacity(); }
  // Sends now what the kernel takes, and watches for the rest.
  void Flush();

  // Bytes beyond this position of the stream (written in all, counted from the
  // connection's start) stay back: a reply waits for its log offset so.
  uint64_t stream_end() const { return sent_total_ + pending_output(); }
  void HoldOutputFrom(uint64_t stream_position) { hold_from_ = stream_position; }
  void ReleaseOutput(uint64_t up_to) {
    if (up_to > hold_from_) hold_from_ = up_to;
    OutputChanged();
  }
  // Puts `text` in the place of `bytes` bytes at a position of the stream. False:
  // some of them have been sent.
  bool ReplaceOutput(uint64_t stream_position, size_t bytes, std::string_view text);
  static constexpr uint64_t kNoHold = ~uint64_t{0};
  uint64_t hold_from() const { return hold_from_; }
  // Offers unconsumed input to the handler again (after it was blocked), at once.
  void ResumeParsing();

  // Close calls OnClosed (once) before it returns; the descriptor is gone then.
  void Close(std::string_view reason = "closed by this side");
  void CloseAfterFlush();
  bool closed() const { return fd_ < 0; }
  // Gives the descriptor away, unwatched and open; this object is then closed,
  // without OnClosed. Unsent output is dropped: Flush first. -1 if closed.
  int Detach(std::string* unconsumed);

  // What the peer sent before it went is still delivered when a write has failed
  // already: for who must not lose it. The connection closes when all was read.
  void ReadToTheEnd() { reads_to_the_end_ = true; }

  void PauseReading();
  void ResumeReading();

  int fd() const { return fd_; }
  bool is_unix() const { return is_unix_; }
  const std::string& peer_ip() const { return peer_ip_; }  // a path for Unix sockets
  int peer_port() const { return peer_port_; }
  const std::string& local_ip() const { return local_ip_; }
  int local_port() const { return local_port_; }
  std::string peer() const;   // "ip:port" or "path:0"
  std::string local() const;
  uint64_t bytes_in() const { return bytes_in_; }
  uint64_t bytes_out() const { return sent_total_; }
  EventLoop* loop() const { return loop_; }
  // Grow the inbox once to this many bytes (a large argument is on its way).
  void ReserveInput(size_t bytes);

  void SetKeepAlive(int interval_s);
  void SetNoDelay(bool on);

  void OnReady(uint32_t events) override;

 private:
  void ReadSome();
  void Deliver(std::string_view fresh);
  void UpdateWatch();
  void LearnAddresses();
  void QueueFlush();

  EventLoop* loop_;
  int fd_;
  ByteHandler* handler_ = nullptr;
  std::string inbox_;    // what the handler has not used yet
  std::string output_;
  size_t output_begin_ = 0;  // output_[0, output_begin_) has been sent
  uint64_t sent_total_ = 0;
  uint64_t bytes_in_ = 0;
  uint64_t hold_from_ = kNoHold;
  bool flush_queued_ = false;
  bool want_write_ = false;
  bool reading_ = true;
  bool reads_to_the_end_ = false;
  bool watched_ = false;
  bool close_after_flush_ = false;
  bool delivering_ = false;
  bool is_unix_ = false;
  std::string peer_ip_;
  int peer_port_ = 0;
  std::string local_ip_;
  int local_port_ = 0;
};

}  // namespace windlass::net
