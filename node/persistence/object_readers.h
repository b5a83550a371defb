// What the readers of containers have in common: a value that is one blob of
// packed bytes, and a value that is a count and so many elements.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "node/persistence/object_codec.h"

namespace windlass::persistence {

class BlobReader final : public ObjectReader {
 public:
  BlobReader(BlobConverter convert, const types::Limits& limits) : convert_(convert), limits_(limits) {}

  ReadStatus ReadPart(EncodingCursor* cursor) override {
    std::string scratch;
    const ReadStatus status = ReadBlob(convert_, limits_, cursor, &scratch, &object_);
    complete_ = status == ReadStatus::kDone;
    return status;
  }
  bool complete() const override { return complete_; }
  std::unique_ptr<types::Object> Take() override { return std::move(object_); }

 private:
  const BlobConverter convert_;
  const types::Limits limits_;
  std::unique_ptr<types::Object> object_;
  bool complete_ = false;
};

class ElementsReader : public ObjectReader {
 public:
  ReadStatus ReadPart(EncodingCursor* cursor) final {
    if (!counted_) {
      uint64_t count = 0;
      if (const ReadStatus s = cursor->Length(&count); s != ReadStatus::kDone) return s;
      counted_ = true;
      remaining_ = count;
      Begin(count);
      return ReadStatus::kDone;
    }
    if (const ReadStatus s = ReadElement(cursor); s != ReadStatus::kDone) return s;
    --remaining_;
    return ReadStatus::kDone;
  }
  bool complete() const final { return counted_ && remaining_ == 0; }

 protected:
  // `count` elements are announced; they need not come.
  virtual void Begin(uint64_t count) {}
  // Takes one element, or nothing.
  virtual ReadStatus ReadElement(EncodingCursor* cursor) = 0;

 private:
  bool counted_ = false;
  uint64_t remaining_ = 0;
};

}  // namespace windlass::persistence
