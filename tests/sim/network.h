// The network between hosts: connections, delay, loss, one-way partitions.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "node/base/random.h"
#include "node/cluster/inputs.h"

namespace windlass::sim {

// A bus connection. The side that opened it knows it by its core's link number,
// the other side by the connection's own number.
struct Connection {
  int opener = 0;
  int acceptor = 0;
  uint64_t opener_life = 0;
  uint64_t acceptor_life = 0;
  uint64_t opener_link = 0;
  bool open = false;
  int64_t last_to_acceptor_us = 0;  // a connection keeps the order of its messages
  int64_t last_to_opener_us = 0;
};

class Network {
 public:
  Network(int hosts, base::Random random) : random_(random), hosts_(hosts), blocked_(hosts * hosts, 0) {}

  void SetFaults(double loss, int64_t max_delay_us) {
    loss_per_million_ = static_cast<uint64_t>(loss * 1e6);
    max_delay_us_ = max_delay_us;
  }
  // Packets from one host to another vanish. Counted, so that partitions overlap.
  void Block(int from, int to) { ++blocked_[from * hosts_ + to]; }
  void Unblock(int from, int to) {
    if (blocked_[from * hosts_ + to] > 0) --blocked_[from * hosts_ + to];
  }
  // One path is slow, or loses messages (percent).
  void SetPath(int from, int to, int64_t delay_us, int64_t jitter_us, int loss_percent) {
    paths_[from * hosts_ + to] = {delay_us, jitter_us, loss_percent};
  }
  void Heal();
  bool Blocked(int from, int to) const { return blocked_[from * hosts_ + to] != 0; }
  bool Reachable(int a, int b) const { return !Blocked(a, b) && !Blocked(b, a); }

  bool Lost(int from, int to);
  int64_t DelayUs() { return 200 + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(max_delay_us_))); }
  int64_t DelayUs(int from, int to);
  // When a message sent now arrives: never before one sent earlier on the connection.
  int64_t ArrivalUs(Connection* connection, bool to_acceptor, int64_t now_us);

  uint64_t Add(Connection connection);
  Connection* Find(uint64_t number);
  void Remove(uint64_t number) { connections_.erase(number); }
  std::vector<uint64_t> Of(int host) const;

 private:
  base::Random random_;
  int hosts_;
  uint64_t loss_per_million_ = 0;
  int64_t max_delay_us_ = 1000;
  struct Path {
    int64_t delay_us = 0;
    int64_t jitter_us = 0;
    int loss_percent = 0;
  };
  std::vector<int> blocked_;
  std::map<int, Path> paths_;  // those with a fault
  std::unordered_map<uint64_t, Connection> connections_;
  uint64_t next_ = 1;
};

}  // namespace windlass::sim
