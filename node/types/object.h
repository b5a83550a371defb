// The base of every container value (list, hash, set, sorted set, stream).
//
// A key's entry owns its Object. Strings are not Objects: they live inside the
// entry, or in a Blob beside it.
#pragma once

#include <cstddef>
#include <memory>

#include "node/types/type.h"

namespace windlass::types {

class Object {
 public:
  virtual ~Object() = default;
  virtual Type type() const = 0;
  virtual Encoding encoding() const = 0;
  // Bytes held from the allocator, this object included.
  virtual size_t MemoryBytes() const = 0;
  virtual std::unique_ptr<Object> Clone() const = 0;
  // Frees about `leaves` leaves; true when nothing but the shell is left. Lets a
  // huge container be freed in steps.
  virtual bool FreeStep(size_t leaves) = 0;
  // Brings the first bytes of a small form near: a hint, for which this object is read.
  virtual void Prefetch() const {}
};

}  // namespace windlass::types
