// See rdb_writer.h. The checksum runs over what was taken, in the order taken.
#include "node/persistence/rdb_writer.h"

#include <utility>

#include "node/persistence/crc64.h"
#include "node/persistence/object_codec.h"
#include "node/persistence/rdb_encoding.h"
#include "node/persistence/rdb_format.h"
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
  if (value_ != nullptr || !ValueWriter::Cuts(entry)) {
    Entry(entry);
    return false;
  }
  Expiry(entry.expire_at_ms());
  const bool is_string = entry.type() == types::Type::kString;
  out_.push_back(static_cast<char>(is_string ? RdbType::kString : RdbTypeOf(*entry.object())));
  AppendString(entry.key(), options_.compress, &out_);
  value_ = std::make_unique<ValueWriter>(entry, options_.compress);
  return true;
}

bool RdbWriter::Continue(size_t bytes) {
  if (value_ == nullptr) return false;
  if (!value_->Step(bytes, &out_)) return true;
  value_.reset();
  out_ += behind_;
  std::string().swap(behind_);
  return false;
}

void RdbWriter::FinishOpen() {
  constexpr size_t kAtOnce = 16 << 20;
  while (Continue(kAtOnce)) {
  }
}

void RdbWriter::BeforeChange(const keyspace::Entry& entry) {
  if (value_ != nullptr && value_->Is(entry)) FinishOpen();
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
