// See rdb_writer.h. The checksum runs over what was taken, in the order taken.
#include "node/persistence/rdb_writer.h"

#include <utility>

#include "node/persistence/crc64.h"
#include "node/persistence/object_codec.h"
#include "node/persistence/rdb_encoding.h"
#include "node/persistence/rdb_format.h"
#include "node/persistence/rdb_value_form.h"
#include "node/persistence/value_writer.h"
#include "node/types/number.h"

namespace windlass::persistence {
namespace {

void AppendOpcode(RdbOpcode opcode, std::string* out) { out->push_back(static_cast<char>(opcode)); }

}  // namespace

RdbWriter::RdbWriter(RdbWriterOptions options) : options_(options) {}
RdbWriter::~RdbWriter() = default;

void RdbWriter::Begin(const RdbHeader& header) {
  out_ += kRdbMagic;
  std::string version = std::to_string(kRdbWrittenVersion);
  out_ += std::string(4 - version.size(), '0') + version;
  // Redis's names: its tools print the fields they know.
  Aux("redis-ver", header.server_version);
  Aux("redis-bits", "64");
  Aux("ctime", std::to_string(header.created_unix_s));
  Aux("used-mem", std::to_string(header.used_memory));
  if (header.replication.has_value()) {
    if (header.replication->stream_db >= 0) {
      Aux("repl-stream-db", std::to_string(header.replication->stream_db));
    }
    Aux("repl-id", header.replication->id);
    Aux("repl-offset", std::to_string(header.replication->offset));
  }
  Aux("aof-base", header.aof_base ? "1" : "0");
}

void RdbWriter::Aux(std::string_view name, std::string_view value) {
  AppendOpcode(RdbOpcode::kAux, target());
  AppendString(name, options_.compress, target());
  AppendString(value, options_.compress, target());
}

void RdbWriter::Function(std::string_view code) {
  AppendOpcode(RdbOpcode::kFunction2, target());
  AppendString(code, options_.compress, target());
}

void RdbWriter::SelectDb(int db) {
  AppendOpcode(RdbOpcode::kSelectDb, target());
  AppendLength(static_cast<uint64_t>(db), target());
}

void RdbWriter::ResizeDb(uint64_t keys, uint64_t expires) {
  AppendOpcode(RdbOpcode::kResizeDb, target());
  AppendLength(keys, target());
  AppendLength(expires, target());
}

void RdbWriter::Expiry(int64_t expire_at_ms) {
  if (expire_at_ms < 0) return;
  AppendOpcode(RdbOpcode::kExpireTimeMs, target());
  AppendLittleEndian(static_cast<uint64_t>(expire_at_ms), 8, target());
}

void RdbWriter::Entry(const keyspace::Entry& entry) {
  if (entry.type() == types::Type::kString) {
    char digits[types::kMaxIntegerDigits];
    return StringEntry(entry.key(), entry.Text(digits), entry.expire_at_ms());
  }
  Expiry(entry.expire_at_ms());
  target()->push_back(static_cast<char>(RdbTypeOf(*entry.object())));
  AppendString(entry.key(), options_.compress, target());
  AppendObject(*entry.object(), options_.compress, target());
}

bool RdbWriter::BeginEntry(const keyspace::Entry& entry) {
  if (!ValueWriter::Cuts(entry)) {
    Entry(entry);
    return false;
  }
  Expiry(entry.expire_at_ms());
  const bool is_string = entry.type() == types::Type::kString;
  target()->push_back(static_cast<char>(is_string ? RdbType::kString : RdbTypeOf(*entry.object())));
  AppendString(entry.key(), options_.compress, target());
  open_.push_back({std::make_unique<ValueWriter>(entry, std::make_unique<RdbValueForm>(options_.compress)), {}});
  return true;
}

bool RdbWriter::Continue(size_t bytes) {
  if (open_.empty()) return false;
  if (!open_.front().value->Step(bytes, &out_)) return true;
  out_ += open_.front().behind;
  open_.pop_front();
  return !open_.empty();
}

void RdbWriter::BeforeAnyChange() {
  for (const Open& open : open_) open.value->BeforeAnyChange();
}

void RdbWriter::BeforeChange(const keyspace::Entry& entry) {
  for (const Open& open : open_) open.value->BeforeChange(entry);
}

size_t RdbWriter::pending() const {
  size_t bytes = out_.size();
  for (const Open& open : open_) bytes += open.value->pending() + open.behind.size();
  return bytes;
}

void RdbWriter::StringEntry(std::string_view key, std::string_view value, int64_t expire_at_ms) {
  Expiry(expire_at_ms);
  target()->push_back(static_cast<char>(RdbType::kString));
  AppendString(key, options_.compress, target());
  AppendString(value, options_.compress, target());
}

void RdbWriter::End() {
  AppendOpcode(RdbOpcode::kEof, &out_);
  uint64_t checksum = 0;  // zero tells a reader that there is none
  if (options_.checksum) checksum = Crc64(checksum_, out_);
  AppendLittleEndian(checksum, kRdbChecksumSize, &out_);
}

std::string RdbWriter::Take() {
  if (options_.checksum) checksum_ = Crc64(checksum_, out_);
  return std::exchange(out_, std::string());
}

}  // namespace windlass::persistence
