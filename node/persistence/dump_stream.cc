// See dump_stream.h.
#include "node/persistence/dump_stream.h"

#include <string_view>

#include "node/persistence/crc64.h"
#include "node/persistence/dump_payload.h"
#include "node/persistence/object_codec.h"
#include "node/persistence/rdb_value_form.h"
#include "node/persistence/value_writer.h"

namespace windlass::persistence {
namespace {

// Not compressed: it is made twice.
std::unique_ptr<ValueWriter> MakeWriter(const keyspace::Entry& entry) {
  return std::make_unique<ValueWriter>(entry, std::make_unique<RdbValueForm>(/*compress=*/false));
}

}  // namespace

DumpStream::DumpStream(const keyspace::Entry& entry)
    : measuring_(MakeWriter(entry)),
      writing_(MakeWriter(entry)),
      type_(static_cast<uint8_t>(entry.type() == types::Type::kString ? RdbType::kString : RdbTypeOf(*entry.object()))),
      size_(1 + kPayloadFooterBytes) {}

DumpStream::~DumpStream() = default;

bool DumpStream::Measure(size_t bytes) {
  measured_.clear();
  const bool whole = measuring_->Step(bytes, &measured_);
  size_ += measured_.size();
  if (!whole) return false;
  measuring_.reset();
  std::string().swap(measured_);
  return true;
}

bool DumpStream::Step(size_t bytes, std::string* out) {
  const size_t begin = out->size();
  if (!begun_) out->push_back(static_cast<char>(type_));
  begun_ = true;
  const bool whole = writing_->Step(bytes, out);
  if (!whole) {
    checksum_ = Crc64(checksum_, std::string_view(*out).substr(begin));
    return false;
  }
  writing_.reset();
  AppendPayloadFooter(begin, checksum_, out);
  return true;
}

void DumpStream::Break() {
  measuring_.reset();
  writing_.reset();
  broken_ = true;
}

}  // namespace windlass::persistence
