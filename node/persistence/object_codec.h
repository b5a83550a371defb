// Containers as RDB carries them, both ways: one place that knows which codec
// belongs to which type. Each codec writes the newest form that version 10 has,
// and reads every form its type ever had.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "node/persistence/rdb_encoding.h"
#include "node/persistence/rdb_format.h"
#include "node/types/limits.h"
#include "node/types/object.h"

namespace windlass::persistence {

// The type byte under which AppendObject writes this value.
RdbType RdbTypeOf(const types::Object& object);
// The value without type byte and key.
void AppendObject(const types::Object& object, bool compress, std::string* out);

// Reads one container, part by part: a part is a count, an element or a leaf, so
// that a value larger than memory's spare is never held twice and never parsed
// again. The bytes are untrusted.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  // Takes the next part, or nothing of it (kNeedMore). kBad: not such a value.
  // REQUIRES: !complete()
  virtual ReadStatus ReadPart(EncodingCursor* cursor) = 0;
  virtual bool complete() const = 0;
  // The value; null if it has no elements. REQUIRES: complete()
  virtual std::unique_ptr<types::Object> Take() = 0;
};

// A value that is one blob of packed bytes; null without an error: it has no elements.
using BlobConverter = std::unique_ptr<types::Object> (*)(std::string_view bytes, const types::Limits& limits,
                                                         std::string* error);
// Null: values of this type are not one blob, or it is not supported.
BlobConverter BlobConverterOf(RdbType type);
// Reads one whole, without a reader made for it. kNeedMore: its bytes are not all there.
// *scratch is for bytes that do not stand there as they are.
ReadStatus ReadBlob(BlobConverter convert, const types::Limits& limits, EncodingCursor* cursor, std::string* scratch,
                    std::unique_ptr<types::Object>* object);

// Null: a type that is not supported. `limits` is copied.
std::unique_ptr<ObjectReader> MakeObjectReader(RdbType type, const types::Limits& limits);

}  // namespace windlass::persistence
