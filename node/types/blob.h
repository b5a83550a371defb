// A growable run of bytes on the heap, for strings too long to live in a key's
// entry. One allocation: this header, then `capacity` bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace windlass::types {

class Blob {
 public:
  // A blob of exactly these bytes, without slack. Free with Destroy.
  static Blob* Create(std::string_view bytes);
  // `size` bytes that are still to be written.
  static Blob* CreateUnset(size_t size) { return Allocate(size, size); }
  // `size` zero bytes.
  static Blob* CreateZeroed(size_t size);
  static void Destroy(Blob* blob);
  // Changes the size, keeping the common part and zeroing what is new; grows the
  // capacity by doubling (at most 1 MiB ahead) so that repeated appends are
  // cheap. Returns the blob's address, which may have changed.
  static Blob* Resize(Blob* blob, size_t size);

  std::string_view view() const { return {data(), size_}; }
  std::span<char> bytes() { return {data(), size_}; }
  size_t size() const { return size_; }
  size_t allocated_bytes() const { return sizeof(Blob) + capacity_; }

 private:
  Blob() = default;
  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  static Blob* Allocate(size_t size, size_t capacity);

  size_t size_;
  size_t capacity_;
};

struct BlobDestroyer {
  void operator()(Blob* blob) const { Blob::Destroy(blob); }
};
using OwnedBlob = std::unique_ptr<Blob, BlobDestroyer>;

}  // namespace windlass::types
