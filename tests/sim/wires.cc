// See wires.h.
#include "tests/sim/wires.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace windlass::sim {

namespace {
constexpr int64_t kRetryUs = 10000;
constexpr int64_t kConnectTimeoutUs = 1000000;
}  // namespace

void Wires::Open(Host* from, Host* to, std::function<void(uint64_t)> made) {
  const bool reachable = to != nullptr && world_->network().Reachable(from->index(), to->index());
  const int64_t delay_us = reachable ? 2 * world_->network().DelayUs(from->index(), to->index()) : kConnectTimeoutUs;
  world_->After(delay_us, [this, from, to, life = from->life, made = std::move(made), reachable] {
    if (!from->alive() || from->life != life) return;
    if (!reachable || !to->alive()) return made(0);
    const uint64_t number = next_++;
    Wire& wire = wires_[number];
    wire.ends[0].host = from->index();
    wire.ends[0].life = from->life;
    wire.ends[1].host = to->index();
    wire.ends[1].life = to->life;
    made(number);
  });
}

void Wires::Send(uint64_t number, const Host& from, std::function<void()> arrives) {
  const auto found = wires_.find(number);
  if (found == wires_.end()) return;
  const int here = EndOf(found->second, from);
  if (found->second.ends[here].open) Push(number, 1 - here, std::move(arrives));
}

void Wires::Close(uint64_t number, const Host& closer) {
  const auto found = wires_.find(number);
  if (found == wires_.end()) return;
  const int here = EndOf(found->second, closer);
  End& end = found->second.ends[here];
  if (!end.open) return;
  end.open = false;
  end.arriving.clear();
  end.closed = nullptr;
  if (!found->second.ends[1 - here].open) {
    wires_.erase(found);
    return;
  }
  Push(number, 1 - here, [this, number, other = 1 - here] {
    const auto it = wires_.find(number);
    if (it == wires_.end()) return;
    const std::function<void()> told = std::move(it->second.ends[other].closed);
    wires_.erase(it);
    if (told) told();
  });
}

void Wires::OnClosed(uint64_t number, const Host& at, std::function<void()> told) {
  const auto found = wires_.find(number);
  if (found != wires_.end()) found->second.ends[EndOf(found->second, at)].closed = std::move(told);
}

void Wires::SetBusy(uint64_t number, const Host& at, std::function<bool()> busy) {
  const auto found = wires_.find(number);
  if (found != wires_.end()) found->second.ends[EndOf(found->second, at)].busy = std::move(busy);
}

void Wires::Crashed(const Host& host) {
  std::vector<uint64_t> numbers;
  for (const auto& [number, wire] : wires_) {
    if (wire.ends[EndOf(wire, host)].host == host.index()) numbers.push_back(number);
  }
  for (const uint64_t number : numbers) Close(number, host);
}

void Wires::Push(uint64_t number, int to, std::function<void()> run) {
  Wire& wire = wires_.at(number);
  End& end = wire.ends[to];
  int64_t due_us = world_->now_us() + world_->network().DelayUs(wire.ends[1 - to].host, end.host);
  if (!end.arriving.empty()) due_us = std::max(due_us, end.arriving.back().due_us);
  end.arriving.push_back({due_us, std::move(run)});
  if (!end.pumping) PumpAt(number, to, due_us);
}

void Wires::PumpAt(uint64_t number, int to, int64_t at_us) {
  wires_.at(number).ends[to].pumping = true;
  world_->At(at_us, [this, number, to] { Pump(number, to); });
}

void Wires::Pump(uint64_t number, int to) {
  const auto found = wires_.find(number);
  if (found == wires_.end()) return;
  End& end = found->second.ends[to];
  end.pumping = false;
  if (end.arriving.empty()) return;
  const Host& host = world_->host(end.host);
  // The end was closed, or its process has gone: Crashed has told the other.
  if (!end.open || !host.alive() || host.life != end.life) return end.arriving.clear();
  if (world_->network().Blocked(found->second.ends[1 - to].host, end.host) || host.frozen || (end.busy && end.busy())) {
    return PumpAt(number, to, world_->now_us() + kRetryUs);
  }
  if (end.arriving.front().due_us > world_->now_us()) return PumpAt(number, to, end.arriving.front().due_us);
  const std::function<void()> run = std::move(end.arriving.front().run);
  end.arriving.pop_front();
  world_->AddToHash(number * 2 + static_cast<uint64_t>(to));
  if (!end.arriving.empty()) PumpAt(number, to, end.arriving.front().due_us);
  run();
}

}  // namespace windlass::sim
