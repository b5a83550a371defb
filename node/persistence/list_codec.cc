// See list_codec.h.
#include "node/persistence/list_codec.h"

#include <utility>

#include "node/persistence/object_readers.h"
#include "node/persistence/ziplist.h"

namespace windlass::persistence {
namespace {

// What stands before each chunk: a single long element, or a listpack.
constexpr uint64_t kPlain = 1;
constexpr uint64_t kPacked = 2;

class ListReader : public ElementsReader {
 public:
  explicit ListReader(const types::Limits& limits) : limits_(limits) {}
  std::unique_ptr<types::Object> Take() override {
    if (list_->size() == 0) return nullptr;
    list_->FitEncoding(false, limits_);
    return std::move(list_);
  }

 protected:
  const types::Limits limits_;
  std::unique_ptr<types::List> list_ = std::make_unique<types::List>();
  std::string scratch_;
};

class SingleElements final : public ListReader {
 public:
  using ListReader::ListReader;

 protected:
  ReadStatus ReadElement(EncodingCursor* cursor) override {
    std::string_view element;
    if (const ReadStatus s = cursor->View(&element, &scratch_); s != ReadStatus::kDone) return s;
    list_->Push(types::List::End::kTail, element, limits_);
    return ReadStatus::kDone;
  }
};

class Chunks final : public ListReader {
 public:
  using ListReader::ListReader;

 protected:
  ReadStatus ReadElement(EncodingCursor* cursor) override {
    uint64_t container = 0;
    std::string_view bytes;
    if (const ReadStatus s = cursor->Length(&container); s != ReadStatus::kDone) return s;
    if (container != kPlain && container != kPacked) return cursor->Bad("a chunk of an unknown kind in a list");
    if (const ReadStatus s = cursor->View(&bytes, &scratch_); s != ReadStatus::kDone) return s;
    if (container == kPlain) {
      types::Listpack single;
      single.Append(bytes);
      list_->AppendChunk(std::move(single));
      return ReadStatus::kDone;
    }
    auto pack = types::Listpack::Parse(bytes);
    if (!pack) return cursor->Bad("a damaged listpack in a list");
    list_->AppendChunk(*std::move(pack));
    return ReadStatus::kDone;
  }
};

class OldChunks final : public ListReader {
 public:
  using ListReader::ListReader;

 protected:
  ReadStatus ReadElement(EncodingCursor* cursor) override {
    std::string_view bytes;
    if (const ReadStatus s = cursor->View(&bytes, &scratch_); s != ReadStatus::kDone) return s;
    types::Listpack pack;
    if (!ReadZiplist(bytes, &pack)) return cursor->Bad("a damaged ziplist in a list");
    list_->AppendChunk(std::move(pack));
    return ReadStatus::kDone;
  }
};

std::unique_ptr<types::Object> FromZiplist(std::string_view bytes, const types::Limits& limits, std::string* error) {
  types::Listpack pack;
  if (!ReadZiplist(bytes, &pack)) {
    *error = "a damaged ziplist in a list";
    return nullptr;
  }
  if (pack.empty()) return nullptr;
  auto list = std::make_unique<types::List>();
  list->AppendChunk(std::move(pack));
  list->FitEncoding(false, limits);
  return list;
}

}  // namespace

void AppendListChunk(const types::Listpack& chunk, bool compress, std::string* out) {
  AppendLength(kPacked, out);
  AppendString(chunk.bytes(), compress, out);
}

void AppendList(const types::List& list, bool compress, std::string* out) {
  AppendLength(list.chunks().size(), out);
  for (size_t i = 0; i < list.chunks().size(); ++i) AppendListChunk(list.chunks()[i], compress, out);
}

BlobConverter ListConverterOf(RdbType type) { return type == RdbType::kListZiplist ? FromZiplist : nullptr; }

std::unique_ptr<ObjectReader> MakeListReader(RdbType type, const types::Limits& limits) {
  switch (type) {
    case RdbType::kList: return std::make_unique<SingleElements>(limits);
    case RdbType::kListQuicklist: return std::make_unique<OldChunks>(limits);
    case RdbType::kListQuicklist2: return std::make_unique<Chunks>(limits);
    default: return nullptr;
  }
}

}  // namespace windlass::persistence
