// See http_endpoint.h.
#include "node/observe/http_endpoint.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace windlass::observe {
namespace {

constexpr int kBacklog = 64;
constexpr int64_t kSweepMs = 1000;

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

std::string_view TakeWord(std::string_view* line) {
  const size_t blank = line->find(' ');
  const std::string_view word = line->substr(0, blank);
  *line = blank == std::string_view::npos ? std::string_view() : line->substr(blank + 1);
  return word;
}

// Whether the headers, names and values without case, have this line.
bool HasHeader(std::string_view headers, std::string_view wanted) {
  const auto same = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); };
  const auto at = std::search(headers.begin(), headers.end(), wanted.begin(), wanted.end(),
                              [same](char in, char want) { return same(want, in); });
  return at != headers.end();
}

}  // namespace

HttpEndpoint::HttpEndpoint(net::EventLoop* loop, Serve serve) : loop_(loop), serve_(std::move(serve)) {}

HttpEndpoint::~HttpEndpoint() { Close(); }

base::Result<void> HttpEndpoint::Listen(const std::vector<std::string>& addresses, int port) {
  std::vector<std::unique_ptr<net::Listener>> opened;
  if (port == 0) {
    Close();
    return {};
  }
  if (port == port_) listeners_.clear();
  for (const std::string& address : addresses) {
    // As for the data port: a leading dash means that the address need not exist.
    const bool optional = !address.empty() && address[0] == '-';
    auto listener = net::Listener::Tcp(loop_, optional ? address.substr(1) : address, port, kBacklog,
                                       [this](int fd) { Accept(fd); });
    if (listener) {
      opened.push_back(std::move(*listener));
    } else if (!optional) {
      return base::Error{listener.error()};
    }
  }
  listeners_ = std::move(opened);
  port_ = port;
  if (timer_ == 0) timer_ = loop_->Every(kSweepMs, [this] { CloseSlow(); });
  return {};
}

void HttpEndpoint::Close() {
  listeners_.clear();
  port_ = 0;
  while (!peers_.empty()) peers_.back().connection->Close("endpoint closed");
  if (timer_ != 0) loop_->Cancel(timer_);
  timer_ = 0;
}

void HttpEndpoint::Accept(int fd) {
  if (peers_.size() >= kMaxConnections) {
    close(fd);
    return;
  }
  Peer peer{std::make_unique<net::Connection>(loop_, fd), loop_->NowMs(), false};
  net::Connection& connection = *peer.connection;
  peers_.push_back(std::move(peer));
  connection.SetHandler(this);
}

HttpEndpoint::Peer* HttpEndpoint::Find(const net::Connection& connection) {
  const auto it = std::find_if(peers_.begin(), peers_.end(),
                               [&connection](const Peer& peer) { return peer.connection.get() == &connection; });
  return it == peers_.end() ? nullptr : &*it;
}

void HttpEndpoint::CloseSlow() {
  std::vector<net::Connection*> slow;
  for (const Peer& peer : peers_) {
    const bool busy = peer.inside || peer.connection->pending_output() > 0;
    if (loop_->NowMs() - peer.since_ms > (busy ? kAnswerMs : kIdleMs)) slow.push_back(peer.connection.get());
  }
  for (net::Connection* connection : slow) connection->Close("too slow");
}

size_t HttpEndpoint::OnBytes(net::Connection& connection, std::string_view bytes) {
  Peer* peer = Find(connection);
  if (peer == nullptr) return bytes.size();
  if (!peer->inside) peer->since_ms = loop_->NowMs();
  size_t used = 0;
  // One answer at a time: the next request waits until the last answer has left.
  while (used < bytes.size() && connection.pending_output() == 0) {
    const size_t taken = AnswerOne(connection, bytes.substr(used));
    if (connection.closed()) return bytes.size();  // the peer is gone from the list
    if (taken == 0) break;
    used += taken;
  }
  peer->inside = used < bytes.size() || connection.pending_output() > 0;
  return used;
}

void HttpEndpoint::OnWritable(net::Connection& connection) {
  Peer* peer = Find(connection);
  if (peer == nullptr) return;
  peer->inside = false;
  peer->since_ms = loop_->NowMs();
  connection.ResumeParsing();
}

void HttpEndpoint::OnClosed(net::Connection& connection, std::string_view) {
  const auto it = std::find_if(peers_.begin(), peers_.end(),
                               [&connection](const Peer& peer) { return peer.connection.get() == &connection; });
  if (it == peers_.end()) return;
  loop_->DeleteLater(std::move(it->connection));
  peers_.erase(it);
}

size_t HttpEndpoint::AnswerOne(net::Connection& connection, std::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() < kMaxRequestBytes) return 0;
    Send(connection, {431, "text/plain; charset=utf-8", "request too long\n"}, false, false);
    return bytes.size();
  }
  std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  const std::string_view headers = bytes.substr(line.size(), end - line.size());
  const std::string_view method = TakeWord(&line);
  std::string_view path = TakeWord(&line);
  path = path.substr(0, path.find('?'));
  const bool modern = line == "HTTP/1.1";
  if (path.empty() || line.substr(0, 5) != "HTTP/") {
    Send(connection, {400, "text/plain; charset=utf-8", "bad request\n"}, false, false);
    return bytes.size();
  }
  const bool keep = modern ? !HasHeader(headers, "\nconnection: close") : HasHeader(headers, "\nconnection: keep-alive");
  const bool head = method == "HEAD";
  if (!head && method != "GET") {
    Send(connection, {405, "text/plain; charset=utf-8", "GET only\n"}, false, false);
    return bytes.size();
  }
  Send(connection, serve_(path), head, keep);
  return end + 4;
}

void HttpEndpoint::Send(net::Connection& connection, const Answer& answer, bool head_only, bool keep) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  head.append(ReasonOf(answer.status)).append("\r\nContent-Type: ").append(answer.content_type);
  head += "\r\nContent-Length: " + std::to_string(answer.body.size());
  head += keep ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  connection.Write(head);
  if (!head_only) connection.Write(answer.body);
  if (!keep) connection.CloseAfterFlush();
  // At once: what the kernel does not take now is announced by OnWritable.
  connection.Flush();
}

}  // namespace windlass::observe
