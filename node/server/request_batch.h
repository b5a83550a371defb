// Requests of one client that have arrived whole, parsed ahead of their execution so
// that what they will look at is fetched into the cache together.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace windlass::commands {
struct CommandSpec;
}

namespace windlass::server {

struct RequestBatch {
  static constexpr size_t kMost = 16;

  struct Request {
    std::vector<std::string_view> args;  // empty: there was nothing in it
    size_t bytes = 0;
    const commands::CommandSpec* spec = nullptr;  // null: not looked up, or unknown
  };

  std::array<Request, kMost> requests;
  size_t count = 0;
};

}  // namespace windlass::server
