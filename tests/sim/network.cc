// Loss, delay and the table of connections.
#include "tests/sim/network.h"

#include <algorithm>

namespace windlass::sim {

void Network::Heal() {
  std::fill(blocked_.begin(), blocked_.end(), 0);
  loss_per_million_ = 0;
  max_delay_us_ = 2000;
  paths_.clear();
}

int64_t Network::DelayUs(int from, int to) {
  int64_t delay_us = DelayUs();
  const auto path = paths_.find(from * hosts_ + to);
  if (path == paths_.end()) return delay_us;
  delay_us += path->second.delay_us;
  if (path->second.jitter_us > 0) delay_us += static_cast<int64_t>(random_.Below(static_cast<uint64_t>(path->second.jitter_us)));
  return delay_us;
}

bool Network::Lost(int from, int to) {
  if (Blocked(from, to)) return true;
  const auto path = paths_.find(from * hosts_ + to);
  if (path != paths_.end() && random_.Below(100) < static_cast<uint64_t>(path->second.loss_percent)) return true;
  return loss_per_million_ != 0 && random_.Below(1000000) < loss_per_million_;
}

int64_t Network::ArrivalUs(Connection* connection, bool to_acceptor, int64_t now_us) {
  int64_t& last = to_acceptor ? connection->last_to_acceptor_us : connection->last_to_opener_us;
  const int from = to_acceptor ? connection->opener : connection->acceptor;
  const int to = to_acceptor ? connection->acceptor : connection->opener;
  last = std::max(last, now_us + DelayUs(from, to));
  return last;
}

uint64_t Network::Add(Connection connection) {
  const uint64_t number = next_++;
  connections_[number] = connection;
  return number;
}

Connection* Network::Find(uint64_t number) {
  const auto it = connections_.find(number);
  return it == connections_.end() ? nullptr : &it->second;
}

std::vector<uint64_t> Network::Of(int host) const {
  std::vector<uint64_t> numbers;
  for (const auto& [number, connection] : connections_) {
    if (connection.opener == host || connection.acceptor == host) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace windlass::sim
