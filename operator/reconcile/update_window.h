// When shards may be begun, by update.window.
#pragma once

#include <cstdint>

#include "operator/api/redis_cluster.h"

namespace windlass::reconcile {

struct WindowState {
  bool open = true;
  int64_t opens_ms = 0;  // when it is closed: the next time, Unix time; 0: it does not open for years
};

// One that cannot be read is closed: the spec is refused for it elsewhere.
WindowState WindowAt(const api::UpdateWindow& window, int64_t now_ms);

}  // namespace windlass::reconcile
