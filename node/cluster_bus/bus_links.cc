// Opening, accepting, reading, writing and closing bus links. See bus_links.h.
#include "node/cluster_bus/bus_links.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <utility>

#include "node/cluster_bus/frame_decoder.h"
#include "node/cluster_bus/frame_encoder.h"
#include "node/net/connection.h"

namespace windlass::cluster_bus {
namespace {

constexpr int kBacklog = 511;
// A large publication does not pin the memory it was encoded in.
constexpr size_t kKeptEncodedBytes = 64 * 1024;

// Peers are told by address; a name would have to be resolved, which blocks.
bool IsNumericAddress(const std::string& ip) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, ip.c_str(), bytes) == 1 || inet_pton(AF_INET6, ip.c_str(), bytes) == 1;
}

}  // namespace

// One link: its connection (none while an outbound one is being made) and what
// has been read of it.
class BusLinks::Link final : public net::ByteHandler {
 public:
  Link(BusLinks* owner, cluster::LinkId link_id, int64_t now_ms)
      : id(link_id), create_time_ms(now_ms), owner_(owner) {}

  void Attach(std::unique_ptr<net::Connection> made) {
    connection = std::move(made);
    connection->SetNoDelay(true);
    connection->SetKeepAlive(15);
    connection->SetHandler(this);
  }

  size_t OnBytes(net::Connection& from, std::string_view bytes) override {
    size_t used = 0;
    bool said_anything = false;
    while (!retired) {
      size_t size = 0;
      const FrameStatus status = FindFrame(bytes.substr(used), &size);
      if (status == FrameStatus::kBroken) {
        from.Close("what it sent is no bus frame");
        return bytes.size();
      }
      if (status == FrameStatus::kNeedMore) {
        if (size > 0) from.ReserveInput(size);
        break;
      }
      if (owner_->Drops(bytes.substr(used, size))) {
        if (owner_->closes_on_drop_) {
          owner_->log_->Warning("Closing link for matching packet type " + std::to_string(FrameType(bytes.substr(used, size))));
          from.Close("a frame of its was to be dropped");
          return bytes.size();
        }
      } else {
        said_anything |= Deliver(from, bytes.substr(used, size));
      }
      used += size;
    }
    if (!said_anything && !retired) owner_->listener_->OnLinkInput(cluster::LinkActivity{id});
    return used;
  }

  void OnClosed(net::Connection&, std::string_view reason) override {
    if (!retired) owner_->ReportClosed(*this, reason);
  }

  const cluster::LinkId id;
  const int64_t create_time_ms;
  std::unique_ptr<net::Connection> connection;
  bool retired = false;  // nothing more is told of it

 private:
  // False if the frame held no message for this node.
  bool Deliver(net::Connection& from, std::string_view frame) {
    const auto message = decoder_.Decode(frame);
    if (!message.ok()) {
      owner_->log_->Logf(base::LogLevel::kVerbose, "Ignoring a bus message from %s: %s",
                         from.peer().c_str(), message.error().c_str());
      return false;
    }
    if (*message == nullptr) return false;
    owner_->listener_->OnLinkInput(
        cluster::MessageReceived{id, *message, from.peer_ip(), from.local_ip()});
    return true;
  }

  BusLinks* owner_;
  FrameDecoder decoder_;
};

BusLinks::BusLinks(net::EventLoop* loop, base::Logger* log, LinkListener* listener)
    : loop_(loop), log_(log), listener_(listener) {}

BusLinks::~BusLinks() {
  *alive_ = false;
  for (auto& [id, link] : links_) link->retired = true;
}

base::Result<void> BusLinks::Listen(const std::string& address, int port) {
  auto accepting =
      net::Listener::Tcp(loop_, address, port, kBacklog, [this](int fd) { Accept(fd); });
  if (!accepting.ok()) return base::Error{accepting.error()};
  accepting_.push_back(std::move(*accepting));
  return {};
}

void BusLinks::StopListening() { accepting_.clear(); }

void BusLinks::Accept(int fd) {
  const cluster::LinkId id{true, ++last_inbound_};
  auto link = std::make_unique<Link>(this, id, loop_->NowMs());
  Link& accepted = *link;
  links_.emplace(id, std::move(link));
  accepted.Attach(std::make_unique<net::Connection>(loop_, fd));
}

void BusLinks::Connect(const cluster::Connect& order) {
  links_.emplace(order.link, std::make_unique<Link>(this, order.link, loop_->NowMs()));
  if (!IsNumericAddress(order.ip)) {
    loop_->Post([this, alive = alive_, id = order.link] {
      if (*alive) OnConnectDone(id, base::Error{"not an address"});
    });
    return;
  }
  net::ConnectOptions options;
  options.host = order.ip;
  options.port = order.bus_port;
  options.bind_ip = bind_ip_;
  options.timeout_ms = connect_timeout_ms_;
  net::Connection::Connect(
      loop_, options,
      [this, alive = alive_, id = order.link](base::Result<std::unique_ptr<net::Connection>> result) {
        if (*alive) OnConnectDone(id, std::move(result));
      });
}

void BusLinks::OnConnectDone(cluster::LinkId id,
                             base::Result<std::unique_ptr<net::Connection>> result) {
  const auto found = links_.find(id);
  if (found == links_.end()) return;  // disconnected meanwhile
  if (!result.ok()) return ReportClosed(*found->second, result.error());
  found->second->Attach(std::move(*result));
  listener_->OnLinkInput(cluster::LinkConnected{id});
}

void BusLinks::ReportClosed(Link& link, std::string_view reason) {
  const cluster::LinkId id = link.id;
  log_->Logf(base::LogLevel::kDebug, "Bus link %s %llu ended: %.*s",
             id.inbound ? "from a peer" : "to a peer", static_cast<unsigned long long>(id.number),
             static_cast<int>(reason.size()), reason.data());
  Retire(id);
  listener_->OnLinkInput(cluster::LinkClosed{id});
}

// Takes the link out; it is destroyed after the current event, for the caller
// may be the link itself.
void BusLinks::Retire(cluster::LinkId id) {
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  std::unique_ptr<Link> link = std::move(found->second);
  links_.erase(found);
  link->retired = true;
  if (link->connection != nullptr) link->connection->Close();
  loop_->DeleteLater(std::move(link));
}

bool BusLinks::Drops(std::string_view frame) const {
  if (dropped_type_ == -1) return false;
  if (dropped_type_ != -2 && FrameType(frame) != dropped_type_) return false;
  log_->Warning("Dropping packet that matches debug drop filter");
  return true;
}

void BusLinks::Kill(cluster::LinkId link) {
  const auto found = links_.find(link);
  if (found != links_.end()) ReportClosed(*found->second, "killed");
}

void BusLinks::Disconnect(cluster::LinkId link) { Retire(link); }

const std::string& BusLinks::Encoded(const cluster::MessagePtr& message) {
  if (encoded_message_ != message) {
    encoded_bytes_.clear();
    if (encoded_bytes_.capacity() > kKeptEncodedBytes) std::string().swap(encoded_bytes_);
    EncodeFrame(*message, &encoded_bytes_);
    encoded_message_ = message;
  }
  return encoded_bytes_;
}

void BusLinks::Send(cluster::LinkId link, const cluster::MessagePtr& message) {
  const auto found = links_.find(link);
  if (found == links_.end() || found->second->connection == nullptr) return;
  found->second->connection->Write(Encoded(message));
}

void BusLinks::EnforceSendLimit(int64_t limit_bytes) {
  if (limit_bytes <= 0) return;
  std::vector<cluster::LinkId> over;
  for (const auto& [id, link] : links_) {
    if (link->connection != nullptr &&
        link->connection->pending_output() > static_cast<size_t>(limit_bytes)) {
      over.push_back(id);
    }
  }
  for (const cluster::LinkId id : over) {
    const auto found = links_.find(id);
    if (found == links_.end()) continue;  // the core dropped it on hearing of another
    ++closed_over_limit_;
    log_->Logf(base::LogLevel::kWarning,
               "Freeing cluster link with %s (link %llu): %zu unsent bytes exceed "
               "cluster-link-sendbuf-limit",
               found->second->connection->peer().c_str(),
               static_cast<unsigned long long>(id.number),
               found->second->connection->pending_output());
    ReportClosed(*found->second, "over its send buffer limit");
  }
}

std::vector<LinkFacts> BusLinks::Facts() const {
  std::vector<LinkFacts> facts;
  facts.reserve(links_.size());
  for (const auto& [id, link] : links_) {
    LinkFacts one{id, link->create_time_ms, link->connection != nullptr, 0, 0};
    if (link->connection != nullptr) {
      one.send_buffer_allocated = link->connection->output_capacity();
      one.send_buffer_used = link->connection->pending_output();
    }
    facts.push_back(one);
  }
  return facts;
}

void BusLinks::FlushAll() {
  std::vector<cluster::LinkId> ids;
  for (const auto& [id, link] : links_) ids.push_back(id);
  for (const cluster::LinkId id : ids) {
    const auto found = links_.find(id);
    if (found != links_.end() && found->second->connection != nullptr) {
      found->second->connection->Flush();
    }
  }
}

}  // namespace windlass::cluster_bus
