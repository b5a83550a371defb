// The HTTP edge, on Boost.Beast; the only file that includes it.
#include "operator/local/api_server/http_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace windlass::api_server {

namespace http = boost::beast::http;
using Socket = boost::asio::ip::tcp::socket;
using boost::system::error_code;

namespace {

constexpr uint64_t kLargestBodyBytes = 16 << 20;
constexpr uint32_t kLargestHeaderBytes = 64 << 10;
constexpr size_t kMostConnections = 512;
constexpr int kSendTimeoutSeconds = 30;

std::string Text(boost::string_view view) { return std::string(view.data(), view.size()); }

Request ToRequest(const http::request<http::string_body>& message) {
  Request request;
  request.method = Text(message.method_string());
  ParseTarget(Text(message.target()), request);
  request.accept = Text(message[http::field::accept]);
  request.content_type = Text(message[http::field::content_type]);
  request.user_agent = Text(message[http::field::user_agent]);
  request.authorization = Text(message[http::field::authorization]);
  request.host = Text(message[http::field::host]);
  request.origin = Text(message[http::field::origin]);
  request.body = message.body();
  return request;
}

// Quoted as RFC 7230 wants it.
std::string WarningHeader(const std::string& text) {
  std::string quoted;
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? ' ' : c;
  }
  return "299 - \"" + quoted + "\"";
}

// Chunks over the connection's socket.
class ChunkStream : public Stream {
 public:
  ChunkStream(Socket& socket, const std::atomic<bool>& stopping) : socket_(socket), stopping_(stopping) {}

  bool Write(std::string_view bytes) override {
    if (!open_ || stopping_) return false;
    if (bytes.empty()) return true;
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    std::string chunk = size;
    chunk += bytes;
    chunk += "\r\n";
    error_code ec;
    boost::asio::write(socket_, boost::asio::buffer(chunk), ec);
    open_ = !ec;
    return open_;
  }

  // A client that has closed its side is seen by reading, without taking anything.
  bool Open() override {
    if (!open_ || stopping_) return false;
    pollfd poller{socket_.native_handle(), POLLIN, 0};
    if (::poll(&poller, 1, 0) > 0) {
      char byte;
      ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) open_ = false;
    }
    return open_;
  }

 private:
  Socket& socket_;
  const std::atomic<bool>& stopping_;
  bool open_ = true;
};

}  // namespace

struct HttpServer::Impl {
  struct Connection {
    explicit Connection(boost::asio::io_context& io) : socket(io) {}
    Socket socket;
    std::thread thread;
    std::atomic<bool> done{false};
  };

  explicit Impl(Handler h) : handler(std::move(h)), acceptor(io) {}

  void Accept();
  void Serve(Connection& connection);
  bool Answer(Connection& connection, const http::request<http::string_body>& message);
  bool AnswerStream(Connection& connection, const Response& response, unsigned version);
  void Reap();

  Handler handler;
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor acceptor;
  uint16_t bound_port = 0;
  std::atomic<bool> stopping{false};
  std::thread accept_thread;
  std::mutex mutex;
  std::list<Connection> connections;  // guarded by mutex; an element by its thread
};

HttpServer::HttpServer(Handler handler) : impl_(std::make_unique<Impl>(std::move(handler))) {}

HttpServer::~HttpServer() { Stop(); }

uint16_t HttpServer::port() const { return impl_->bound_port; }

void HttpServer::Start(const std::string& address, uint16_t port) {
  using boost::asio::ip::tcp;
  error_code ec;
  tcp::endpoint endpoint(boost::asio::ip::make_address(address, ec), port);
  if (ec) throw std::runtime_error("cannot listen on " + address + ": " + ec.message());
  impl_->acceptor.open(endpoint.protocol(), ec);
  if (!ec) impl_->acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) impl_->acceptor.bind(endpoint, ec);
  if (!ec) impl_->acceptor.listen(128, ec);
  if (ec) {
    throw std::runtime_error("cannot listen on " + address + ":" + std::to_string(port) + ": " + ec.message());
  }
  impl_->bound_port = impl_->acceptor.local_endpoint().port();
  impl_->accept_thread = std::thread([this] { impl_->Accept(); });
}

void HttpServer::Stop() {
  if (impl_->stopping.exchange(true)) return;
  if (impl_->acceptor.is_open()) ::shutdown(impl_->acceptor.native_handle(), SHUT_RDWR);
  if (impl_->accept_thread.joinable()) impl_->accept_thread.join();
  {
    std::lock_guard<std::mutex> lock(impl_->mutex);
    for (Impl::Connection& one : impl_->connections) {
      if (!one.done) ::shutdown(one.socket.native_handle(), SHUT_RDWR);
    }
  }
  // No thread adds connections any more, so the list can be walked without the lock.
  for (Impl::Connection& one : impl_->connections) one.thread.join();
  impl_->connections.clear();
  error_code ec;
  impl_->acceptor.close(ec);
}

void HttpServer::Impl::Reap() {
  std::lock_guard<std::mutex> lock(mutex);
  for (auto it = connections.begin(); it != connections.end();) {
    if (!it->done) {
      ++it;
      continue;
    }
    it->thread.join();
    it = connections.erase(it);
  }
}

void HttpServer::Impl::Accept() {
  while (!stopping) {
    Socket socket(io);
    error_code ec;
    acceptor.accept(socket, ec);
    if (stopping) return;
    Reap();
    if (ec) {  // out of descriptors, perhaps: do not spin
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    socket.set_option(boost::asio::ip::tcp::no_delay(true), ec);
    timeval timeout{kSendTimeoutSeconds, 0};
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    std::lock_guard<std::mutex> lock(mutex);
    if (connections.size() >= kMostConnections) continue;  // closes it
    connections.emplace_back(io);
    Connection& connection = connections.back();
    connection.socket = std::move(socket);
    connection.thread = std::thread([this, &connection] { Serve(connection); });
  }
}

void HttpServer::Impl::Serve(Connection& connection) {
  boost::beast::flat_buffer buffer;
  for (bool keep = true; keep && !stopping;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kLargestBodyBytes);
    parser.header_limit(kLargestHeaderBytes);
    error_code ec;
    http::read_header(connection.socket, buffer, parser, ec);
    if (ec) break;
    if (Text(parser.get()[http::field::expect]) == "100-continue") {
      http::response<http::empty_body> go_on(http::status::continue_, parser.get().version());
      http::write(connection.socket, go_on, ec);
    }
    if (!ec) http::read(connection.socket, buffer, parser, ec);
    if (ec) break;
    keep = Answer(connection, parser.get());
  }
  error_code ec;
  std::lock_guard<std::mutex> lock(mutex);
  connection.socket.shutdown(Socket::shutdown_both, ec);
  connection.socket.close(ec);
  connection.done = true;
}

bool HttpServer::Impl::Answer(Connection& connection, const http::request<http::string_body>& message) {
  Response response = handler(ToRequest(message));
  if (response.stream) return AnswerStream(connection, response, message.version());
  http::response<http::string_body> answer(static_cast<http::status>(response.status), message.version());
  answer.set(http::field::content_type, response.content_type);
  answer.set(http::field::cache_control, "no-cache, private");
  for (const std::string& warning : response.warnings) {
    answer.insert(http::field::warning, WarningHeader(warning));
  }
  answer.keep_alive(message.keep_alive());
  answer.body() = std::move(response.body);
  answer.prepare_payload();
  error_code ec;
  if (message.method() == http::verb::head) {
    http::response_serializer<http::string_body> serializer(answer);
    http::write_header(connection.socket, serializer, ec);
  } else {
    http::write(connection.socket, answer, ec);
  }
  return !ec && message.keep_alive();
}

bool HttpServer::Impl::AnswerStream(Connection& connection, const Response& response, unsigned version) {
  http::response<http::empty_body> head(static_cast<http::status>(response.status), version);
  head.set(http::field::content_type, response.content_type);
  head.set(http::field::cache_control, "no-cache, private");
  head.set(http::field::transfer_encoding, "chunked");
  error_code ec;
  http::response_serializer<http::empty_body> serializer(head);
  http::write_header(connection.socket, serializer, ec);
  if (ec) return false;
  ChunkStream stream(connection.socket, stopping);
  try {
    response.stream(stream);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stream: %s\n", error.what());
    return false;  // without the last chunk the client knows it was cut
  }
  if (!stream.Open()) return false;
  boost::asio::write(connection.socket, boost::asio::buffer("0\r\n\r\n", 5), ec);
  return false;  // one stream a connection: nothing of it is left for a next request
}

}  // namespace windlass::api_server
