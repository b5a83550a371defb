// See spill_queue.h.
#include "node/persistence/spill_queue.h"

#include <utility>

namespace windlass::persistence {

void SpillQueue::Push(std::string bytes) {
  if (bytes.empty()) return;
  Item item;
  item.size = bytes.size();
  if (memory_bytes_ + item.size > budget_ && file_.usable()) {
    item.position = file_.Append(std::move(bytes));
  } else {
    item.bytes = std::move(bytes);
    memory_bytes_ += item.size;
  }
  items_.push_back(std::move(item));
}

bool SpillQueue::Pop(std::string* bytes) {
  Item item = std::move(items_.front());
  items_.pop_front();
  if (item.position < 0) {
    memory_bytes_ -= item.size;
    *bytes = std::move(item.bytes);
    return true;
  }
  const bool read = file_.Read(item.position, item.size, bytes);
  file_.DropBefore(item.position + static_cast<int64_t>(item.size));
  return read;
}

}  // namespace windlass::persistence
