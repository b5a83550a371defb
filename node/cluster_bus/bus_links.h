// The links of the cluster bus: opens and accepts them, turns their bytes into
// inputs for the cluster core and the core's messages into bytes.
//
// Belongs to the loop's thread. The core numbers outbound links (Connect), this
// class inbound ones. Whoever is told of an input may call Connect, Disconnect
// and Send from within that call.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "node/base/log.h"
#include "node/base/result.h"
#include "node/cluster/effects.h"
#include "node/cluster/inputs.h"
#include "node/net/event_loop.h"
#include "node/net/listener.h"

namespace windlass::cluster_bus {

class LinkListener {
 public:
  virtual ~LinkListener() = default;
  // LinkConnected, LinkClosed, LinkActivity or MessageReceived.
  virtual void OnLinkInput(const cluster::Input& input) = 0;
};

struct LinkFacts {
  cluster::LinkId link;
  int64_t create_time_ms = 0;  // Unix
  bool connected = false;      // false: still being made
  size_t send_buffer_allocated = 0;
  size_t send_buffer_used = 0;
};

class BusLinks {
 public:
  // All outlive this object.
  BusLinks(net::EventLoop* loop, base::Logger* log, LinkListener* listener);
  ~BusLinks();
  BusLinks(const BusLinks&) = delete;
  BusLinks& operator=(const BusLinks&) = delete;

  // Accepts inbound links at this address; may be called once for each address.
  base::Result<void> Listen(const std::string& address, int port);
  void StopListening();
  // Outbound links leave from here; empty: any address.
  void set_bind_ip(std::string ip) { bind_ip_ = std::move(ip); }
  void set_connect_timeout_ms(int64_t timeout_ms) { connect_timeout_ms_ = timeout_ms; }

  void Connect(const cluster::Connect& order);
  void Disconnect(cluster::LinkId link);
  void Send(cluster::LinkId link, const cluster::MessagePtr& message);

  // As if the peer had closed it: the listener is told.
  void Kill(cluster::LinkId link);
  // For tests: frames of this type that arrive are dropped (-1: none, -2: all), and whether
  // their links end.
  void set_dropped_type(int type) { dropped_type_ = type; }
  void set_closes_on_drop(bool closes) { closes_on_drop_ = closes; }

  // Closes links whose unsent bytes are more than this; 0: no limit. Call often.
  void EnforceSendLimit(int64_t limit_bytes);
  uint64_t closed_over_limit() const { return closed_over_limit_; }

  std::vector<LinkFacts> Facts() const;
  // Sends what is buffered, as far as the kernel takes it, without waiting.
  void FlushAll();

 private:
  class Link;

  void Accept(int fd);
  bool Drops(std::string_view frame) const;
  void OnConnectDone(cluster::LinkId id, base::Result<std::unique_ptr<net::Connection>> result);
  void ReportClosed(Link& link, std::string_view reason);
  void Retire(cluster::LinkId id);
  const std::string& Encoded(const cluster::MessagePtr& message);

  net::EventLoop* loop_;
  base::Logger* log_;
  LinkListener* listener_;
  std::vector<std::unique_ptr<net::Listener>> accepting_;
  std::string bind_ip_;
  int64_t connect_timeout_ms_ = 15000;
  uint64_t last_inbound_ = 0;
  uint64_t closed_over_limit_ = 0;
  int dropped_type_ = -1;
  bool closes_on_drop_ = false;
  std::unordered_map<cluster::LinkId, std::unique_ptr<Link>, cluster::LinkIdHash> links_;
  // A broadcast is one message to many links: encoded once.
  cluster::MessagePtr encoded_message_;
  std::string encoded_bytes_;
  // Tells connections that finish later whether this object is still there.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace windlass::cluster_bus
