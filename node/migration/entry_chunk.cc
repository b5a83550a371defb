// Entries packed and taken apart. See entry_chunk.h.
#include "node/migration/entry_chunk.h"

#include "node/persistence/rdb_encoding.h"
#include "node/persistence/rdb_format.h"
#include "node/resp/command.h"
#include "node/types/number.h"

namespace windlass::migration {
namespace {

using persistence::EncodingCursor;
using persistence::RdbType;
using persistence::ReadStatus;

void AppendPlain(std::string_view bytes, std::string* out) {
  persistence::AppendLength(bytes.size(), out);
  out->append(bytes);
}

}  // namespace

void AppendStringHead(const keyspace::Entry& entry, size_t bytes, std::string* out) {
  out->push_back(static_cast<char>(RdbType::kString));
  persistence::AppendLittleEndian(static_cast<uint64_t>(entry.expire_at_ms()), 8, out);
  AppendPlain(entry.key(), out);
  persistence::AppendLength(bytes, out);
}

void AppendChunkCommand(std::string_view piece, std::string* out) {
  const std::string_view argv[] = {"CLUSTER", "SYNCSLOTS", "CHUNK", piece};
  resp::EncodeCommand(argv, out);
}

void AppendEntry(const keyspace::Entry& entry, std::string* out) {
  if (entry.type() == types::Type::kString) {
    char digits[types::kMaxIntegerDigits];
    const std::string_view text = entry.Text(digits);
    AppendStringHead(entry, text.size(), out);
    out->append(text);
    return;
  }
  out->push_back(static_cast<char>(persistence::RdbTypeOf(*entry.object())));
  persistence::AppendLittleEndian(static_cast<uint64_t>(entry.expire_at_ms()), 8, out);
  AppendPlain(entry.key(), out);
  persistence::AppendObject(*entry.object(), /*compress=*/false, out);
}

base::Result<void> ChunkReader::Feed(std::string_view bytes, const types::Limits& limits, const OnEntry& on_entry) {
  std::string_view rest = bytes;
  if (!inbox_.empty()) {
    inbox_.append(bytes);
    if (inbox_.size() < wanted_) return {};
    rest = inbox_;
  }
  wanted_ = 1;
  while (rest.size() >= wanted_) {
    EncodingCursor cursor(rest);
    const ReadStatus status = Next(&cursor, limits, on_entry);
    if (status == ReadStatus::kBad) return base::Error{"entries that make no sense: " + cursor.bad_reason()};
    if (status == ReadStatus::kNeedMore) {
      wanted_ = std::max<size_t>(cursor.wanted(), rest.size() + 1);
      break;
    }
    rest.remove_prefix(cursor.position());
  }
  if (inbox_.empty()) {
    inbox_.assign(rest);
  } else {
    inbox_.erase(0, inbox_.size() - rest.size());
  }
  return {};
}

ReadStatus ChunkReader::Next(EncodingCursor* cursor, const types::Limits& limits, const OnEntry& on_entry) {
  if (reader_ != nullptr) return ReadParts(cursor, on_entry);
  uint8_t type = 0;
  uint64_t expiry = 0;
  if (const ReadStatus s = cursor->Byte(&type); s != ReadStatus::kDone) return s;
  if (const ReadStatus s = cursor->LittleEndian(8, &expiry); s != ReadStatus::kDone) return s;
  if (const ReadStatus s = cursor->String(&key_); s != ReadStatus::kDone) return s;
  expire_at_ms_ = static_cast<int64_t>(expiry);
  if (static_cast<RdbType>(type) == RdbType::kString) {
    if (const ReadStatus s = cursor->String(&value_); s != ReadStatus::kDone) return s;
    ChunkEntry entry;
    entry.key = key_;
    entry.string = value_;
    entry.expire_at_ms = expire_at_ms_;
    on_entry(entry);
    return ReadStatus::kDone;
  }
  reader_ = persistence::MakeObjectReader(static_cast<RdbType>(type), limits);
  return reader_ != nullptr ? ReadStatus::kDone : cursor->Bad("a value of type " + std::to_string(type));
}

// One part a call: what it took is taken for good.
ReadStatus ChunkReader::ReadParts(EncodingCursor* cursor, const OnEntry& on_entry) {
  if (const ReadStatus s = reader_->ReadPart(cursor); s != ReadStatus::kDone) return s;
  if (!reader_->complete()) return ReadStatus::kDone;
  ChunkEntry entry;
  entry.key = key_;
  entry.object = reader_->Take();
  entry.expire_at_ms = expire_at_ms_;
  reader_.reset();
  if (entry.object != nullptr) on_entry(entry);
  return ReadStatus::kDone;
}

}  // namespace windlass::migration
