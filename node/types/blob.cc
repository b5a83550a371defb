// Blob: allocation and growth.
#include "node/types/blob.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace windlass::types {

namespace {
constexpr size_t kMaxAhead = 1024 * 1024;  // of capacity beyond the size
}

Blob* Blob::Allocate(size_t size, size_t capacity) {
  void* memory = std::malloc(sizeof(Blob) + capacity);
  if (memory == nullptr) std::abort();
  Blob* blob = new (memory) Blob;
  blob->size_ = size;
  blob->capacity_ = capacity;
  return blob;
}

Blob* Blob::Create(std::string_view bytes) {
  Blob* blob = Allocate(bytes.size(), bytes.size());
  if (!bytes.empty()) std::memcpy(blob->data(), bytes.data(), bytes.size());
  return blob;
}

Blob* Blob::CreateZeroed(size_t size) {
  Blob* blob = Allocate(size, size);
  std::memset(blob->data(), 0, size);
  return blob;
}

void Blob::Destroy(Blob* blob) { std::free(blob); }

Blob* Blob::Resize(Blob* blob, size_t size) {
  if (size > blob->capacity_) {
    const size_t capacity = size + std::min(size, kMaxAhead);
    void* memory = std::realloc(static_cast<void*>(blob), sizeof(Blob) + capacity);
    if (memory == nullptr) std::abort();
    blob = static_cast<Blob*>(memory);
    blob->capacity_ = capacity;
  }
  if (size > blob->size_) std::memset(blob->data() + blob->size_, 0, size - blob->size_);
  blob->size_ = size;
  return blob;
}

}  // namespace windlass::types
