// Loopback addresses for pods: 127.N.x.y, where N belongs to this control plane
// alone while it runs. A new pod never gets an address that was given out
// lately, so that a client with an old address meets silence, not a stranger.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace windlass::pod_runner {

class AddressPool {
 public:
  // Takes an N that no other control plane of this machine holds; keeps the
  // last address in `state_file` over restarts. Throws std::runtime_error.
  explicit AddressPool(std::string state_file);
  ~AddressPool();
  AddressPool(const AddressPool&) = delete;
  AddressPool& operator=(const AddressPool&) = delete;

  std::string Allocate();

 private:
  bool LockNetwork(int network);
  void Save() const;

  std::string state_file_;
  int lock_fd_ = -1;
  int network_ = 0;       // N
  uint32_t last_ = 0;     // x * 256 + y
};

}  // namespace windlass::pod_runner
