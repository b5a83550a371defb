// What CLIENT TRACKING has asked for one client.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace windlass::client {

struct TrackingState {
  uint64_t redirect = 0;  // the client that is told in its place; 0: itself
  bool broken = false;    // that one has gone
  bool broadcast = false;
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  bool caching = false;   // CLIENT CACHING, for the next command
  std::vector<std::string> prefixes;
};

}  // namespace windlass::client
