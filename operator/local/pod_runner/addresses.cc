#include "operator/local/pod_runner/addresses.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace windlass::pod_runner {

namespace {

// 127.0 is the machine's own and 127.1 to 127.15 are left to people.
constexpr int kFirstNetwork = 16;
constexpr int kLastNetwork = 254;
constexpr uint32_t kAddressesPerNetwork = 65536;

}  // namespace

AddressPool::AddressPool(std::string state_file) : state_file_(std::move(state_file)) {
  std::ifstream state(state_file_);
  int remembered = 0;
  uint32_t last = 0;
  if (state >> remembered >> last && remembered >= kFirstNetwork && remembered <= kLastNetwork &&
      LockNetwork(remembered)) {
    network_ = remembered;
    last_ = last % kAddressesPerNetwork;
    return;
  }
  const int start = static_cast<int>(getpid()) % (kLastNetwork - kFirstNetwork + 1);
  for (int i = 0; i <= kLastNetwork - kFirstNetwork; ++i) {
    const int candidate = kFirstNetwork + (start + i) % (kLastNetwork - kFirstNetwork + 1);
    if (!LockNetwork(candidate)) continue;
    network_ = candidate;
    Save();
    return;
  }
  throw std::runtime_error("every loopback network from 127.16 to 127.254 is in use by another local control plane");
}

AddressPool::~AddressPool() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

bool AddressPool::LockNetwork(int network) {
  const std::string path = "/tmp/windlass-local-127." + std::to_string(network) + ".lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return false;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return false;
  }
  lock_fd_ = fd;
  return true;
}

void AddressPool::Save() const {
  std::ofstream(state_file_) << network_ << ' ' << last_ << '\n';
}

std::string AddressPool::Allocate() {
  do {
    last_ = (last_ + 1) % kAddressesPerNetwork;
  } while (last_ % 256 == 0 || last_ % 256 == 255);
  Save();
  return "127." + std::to_string(network_) + "." + std::to_string(last_ / 256) + "." + std::to_string(last_ % 256);
}

}  // namespace windlass::pod_runner
