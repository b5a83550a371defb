// Connections between processes beside the bus: ordered, and whole unless one end
// closes or dies. What cannot get through waits until it can, as in TCP.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>

#include "tests/sim/world.h"

namespace windlass::sim {

class Wires {
 public:
  explicit Wires(World* world) : world_(world) {}

  // `made` is called on the opener, once, with the wire or with 0: refused.
  void Open(Host* from, Host* to, std::function<void(uint64_t wire)> made);
  // Runs on the other end, if it lives when the message arrives.
  void Send(uint64_t wire, const Host& from, std::function<void()> arrives);
  // What was sent before still arrives; then the other end is told.
  void Close(uint64_t wire, const Host& closer);
  // What `at` does when the other end has closed or died.
  void OnClosed(uint64_t wire, const Host& at, std::function<void()> told);
  // While `busy` says so, what arrives at this end waits unread.
  void SetBusy(uint64_t wire, const Host& at, std::function<bool()> busy);
  void Crashed(const Host& host);

 private:
  struct Arrival {
    int64_t due_us;
    std::function<void()> run;
  };
  struct End {
    int host = 0;
    uint64_t life = 0;
    bool open = true;
    bool pumping = false;
    std::deque<Arrival> arriving;
    std::function<void()> closed;
    std::function<bool()> busy;
  };
  struct Wire {
    End ends[2];
  };

  int EndOf(const Wire& wire, const Host& host) const { return wire.ends[0].host == host.index() ? 0 : 1; }
  void Push(uint64_t number, int to, std::function<void()> run);
  void Pump(uint64_t number, int to);
  void PumpAt(uint64_t number, int to, int64_t at_us);

  World* world_;
  std::map<uint64_t, Wire> wires_;
  uint64_t next_ = 1;
};

}  // namespace windlass::sim
