// See rdb_reader.h. An item (an opcode with its data, a string, or
// a part of a container) is parsed whole or not at all; when its bytes are not all there, the cursor says how many to
// wait for, so that a huge value is not parsed again with every packet.
#include "node/persistence/rdb_reader.h"

#include <cctype>
#include <utility>

#include "node/persistence/crc64.h"
#include "node/persistence/object_codec.h"
#include "node/persistence/rdb_encoding.h"
#include "node/persistence/rdb_format.h"

namespace windlass::persistence {
namespace {

constexpr size_t kCompactAt = 1 << 20;  // consumed bytes kept before the inbox is moved down
constexpr uint64_t kMostDatabases = uint64_t{1} << 31;
constexpr size_t kKeyInMessage = 128;

std::string Printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kKeyInMessage)) {
    out.push_back(std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?');
  }
  return out;
}

}  // namespace

RdbReader::RdbReader(RdbReaderOptions options, RdbSink* sink) : options_(options), sink_(sink) {}

RdbReader::~RdbReader() = default;

base::Result<void> RdbReader::Feed(std::string_view bytes) {
  if (!failure_.empty()) return base::Error{failure_};
  inbox_.append(bytes);
  while (state_ != State::kDone && inbox_.size() - consumed_ >= wanted_) {
    const std::string_view rest = std::string_view(inbox_).substr(consumed_);
    EncodingCursor cursor(rest);
    if (state_ == State::kChecksum) Sum();
    switch (ParseNext(&cursor)) {
      case ReadStatus::kNeedMore:
        wanted_ = cursor.wanted();
        continue;
      case ReadStatus::kBad:
        if (failure_.empty()) failure_ = "Corrupt RDB near byte " + std::to_string(bytes_read_ + cursor.position()) + ": " + cursor.bad_reason();
        return base::Error{failure_};
      case ReadStatus::kDone:
        break;
    }
    consumed_ += cursor.position();
    bytes_read_ += cursor.position();
    wanted_ = 1;
    // Before version 5 nothing follows the end.
    if (state_ == State::kChecksum && version_ < 5) state_ = State::kDone;
  }
  if (state_ == State::kDone) return {};
  Sum();
  if (consumed_ > kCompactAt) {
    inbox_.erase(0, consumed_);
    consumed_ = summed_ = 0;
  }
  return {};
}

// Long runs of bytes sum up faster than items.
void RdbReader::Sum() {
  checksum_ = Crc64(checksum_, std::string_view(inbox_).substr(summed_, consumed_ - summed_));
  summed_ = consumed_;
}

std::string RdbReader::Where() const {
  return " (at byte " + std::to_string(bytes_read_) + " of a file of RDB version " + std::to_string(version_) + ")";
}

ReadStatus RdbReader::Fail(std::string message) {
  failure_ = std::move(message);
  return ReadStatus::kBad;
}

ReadStatus RdbReader::Tell(base::Result<void> verdict) {
  return verdict.ok() ? ReadStatus::kDone : Fail(verdict.error());
}

ReadStatus RdbReader::ParseNext(EncodingCursor* cursor) {
  switch (state_) {
    case State::kHeader: return ParseHeader(cursor);
    case State::kItems: return ParseItem(cursor);
    case State::kChecksum: return ParseChecksum(cursor);
    case State::kDone: break;
  }
  return ReadStatus::kDone;
}

ReadStatus RdbReader::ParseHeader(EncodingCursor* cursor) {
  if (const ReadStatus s = cursor->Skip(kRdbHeaderSize); s != ReadStatus::kDone) return s;
  const std::string_view header = std::string_view(inbox_).substr(consumed_, kRdbHeaderSize);
  const bool valkey = header.substr(0, kRdbValkeyMagic.size()) == kRdbValkeyMagic;
  if (!valkey && header.substr(0, kRdbMagic.size()) != kRdbMagic) return Fail("Wrong signature trying to load DB from file");
  version_ = 0;
  for (const char c : header.substr(valkey ? kRdbValkeyMagic.size() : kRdbMagic.size())) {
    if (c < '0' || c > '9') return Fail("Wrong signature trying to load DB from file");
    version_ = version_ * 10 + (c - '0');
  }
  if (version_ < 1 || version_ > kRdbNewestTried) {
    return Fail("Can't handle RDB format version " + std::to_string(version_));
  }
  state_ = State::kItems;
  return Tell(sink_->OnVersion(version_));
}

ReadStatus RdbReader::ParseItem(EncodingCursor* cursor) {
  if (object_reader_ != nullptr) return ParsePart(cursor);
  uint8_t type = 0;
  if (const ReadStatus s = cursor->Byte(&type); s != ReadStatus::kDone) return s;
  if (type < kRdbFirstOpcode) return ParseEntry(type, cursor);
  const ReadStatus s = ParseOpcode(type, cursor);
  if (s == ReadStatus::kBad) cursor->Return(0);
  return s;
}

ReadStatus RdbReader::ParseOpcode(uint8_t opcode, EncodingCursor* cursor) {
  uint64_t number = 0;
  uint64_t second = 0;
  uint8_t byte = 0;
  std::string text;
  switch (static_cast<RdbOpcode>(opcode)) {
    case RdbOpcode::kEof:
      state_ = State::kChecksum;
      sink_->OnEnd();
      return ReadStatus::kDone;
    case RdbOpcode::kExpireTime:
      if (const ReadStatus s = cursor->LittleEndian(4, &number); s != ReadStatus::kDone) return s;
      next_expire_at_ms_ = static_cast<int64_t>(static_cast<int32_t>(number)) * 1000;
      return ReadStatus::kDone;
    case RdbOpcode::kExpireTimeMs:
      if (const ReadStatus s = cursor->LittleEndian(8, &number); s != ReadStatus::kDone) return s;
      next_expire_at_ms_ = static_cast<int64_t>(number);
      return ReadStatus::kDone;
    case RdbOpcode::kFreq: return cursor->Byte(&byte);
    case RdbOpcode::kIdle: return cursor->Length(&number);
    case RdbOpcode::kAux: return ParseAux(cursor);
    case RdbOpcode::kSelectDb: return ParseSelectDb(cursor);
    case RdbOpcode::kResizeDb:
      if (const ReadStatus s = cursor->Length(&number); s != ReadStatus::kDone) return s;
      if (const ReadStatus s = cursor->Length(&second); s != ReadStatus::kDone) return s;
      return Tell(sink_->OnResizeDb(number, second));
    case RdbOpcode::kSlotInfo:
      for (int i = 0; i < 3; ++i) {  // the slot, its keys, those with an expiry
        if (const ReadStatus s = cursor->Length(&number); s != ReadStatus::kDone) return s;
      }
      return ReadStatus::kDone;
    case RdbOpcode::kFunction2:
      if (const ReadStatus s = cursor->String(&text); s != ReadStatus::kDone) return s;
      return Tell(sink_->OnFunction(text));
    case RdbOpcode::kModuleAux: return ParseModuleAux(cursor);
    case RdbOpcode::kFunctionPreRelease:
      return Fail("Pre-release function format not supported.");
  }
  return Fail("Unknown RDB opcode " + std::to_string(opcode) + Where());
}

ReadStatus RdbReader::ParseAux(EncodingCursor* cursor) {
  std::string name;
  std::string value;
  if (const ReadStatus s = cursor->String(&name); s != ReadStatus::kDone) return s;
  if (const ReadStatus s = cursor->String(&value); s != ReadStatus::kDone) return s;
  return Tell(sink_->OnAux(name, value));
}

ReadStatus RdbReader::ParseSelectDb(EncodingCursor* cursor) {
  uint64_t db = 0;
  if (const ReadStatus s = cursor->Length(&db); s != ReadStatus::kDone) return s;
  if (db >= kMostDatabases) return Fail("RDB names database " + std::to_string(db));
  db_ = static_cast<int>(db);
  return Tell(sink_->OnSelectDb(db_));
}

ReadStatus RdbReader::ParseEntry(uint8_t type, EncodingCursor* cursor) {
  const std::string_view type_name = RdbTypeName(type);
  const std::string_view later_name = RdbLaterTypeName(type);
  if (type_name.empty() && later_name.empty()) return Fail("Unknown RDB encoding type " + std::to_string(type) + Where());
  entry_ = RdbEntry();
  // Of Redis 7.4 and 8 an expiry, of all fields, stands before the key.
  if (!later_name.empty()) {
    return Fail("RDB type " + std::to_string(type) + ", a " + std::string(later_name) +
                ", is not supported by this server" + Where());
  }
  const bool is_string = static_cast<RdbType>(type) == RdbType::kString;
  ReadStatus status = cursor->String(&entry_.key);
  if (is_string && status == ReadStatus::kDone) status = cursor->String(&entry_.string);
  if (status == ReadStatus::kBad) cursor->Return(0);
  if (status != ReadStatus::kDone) return status;
  if (is_string) return TellEntry();
  const size_t value_at = cursor->position();
  if (const BlobConverter convert = BlobConverterOf(static_cast<RdbType>(type))) {
    const ReadStatus s = ReadBlob(convert, sink_->limits(), cursor, &scratch_, &entry_.object);
    if (s == ReadStatus::kDone) return TellObject();
    cursor->Return(value_at);
    if (s == ReadStatus::kBad) return s;
  }
  object_reader_ = MakeObjectReader(static_cast<RdbType>(type), sink_->limits());
  if (object_reader_ != nullptr) {
    const ReadStatus s = ParsePart(cursor);
    if (s != ReadStatus::kNeedMore) return s;
    cursor->Return(value_at);  // the key is read, and the reader waits for the first part
    return ReadStatus::kDone;
  }
  return Fail("Key '" + Printable(entry_.key) + "' holds a " + std::string(type_name) + " (RDB type " +
              std::to_string(type) + "), which this server does not support yet");
}

// As many parts as are there. Where one is bad the cursor stands before it, however the
// bytes came.
ReadStatus RdbReader::ParsePart(EncodingCursor* cursor) {
  const size_t start = cursor->position();
  while (!object_reader_->complete()) {
    const size_t part_at = cursor->position();
    const ReadStatus s = object_reader_->ReadPart(cursor);
    if (s == ReadStatus::kDone) continue;
    if (s == ReadStatus::kNeedMore && part_at == start) return s;
    cursor->Return(part_at);
    return s == ReadStatus::kBad ? s : ReadStatus::kDone;
  }
  entry_.object = object_reader_->Take();
  object_reader_.reset();
  return TellObject();
}

ReadStatus RdbReader::TellObject() {
  // Peers skip a key without elements instead of refusing the file.
  if (entry_.object == nullptr) {
    next_expire_at_ms_ = -1;
    return ReadStatus::kDone;
  }
  return TellEntry();
}

ReadStatus RdbReader::TellEntry() {
  entry_.db = db_;
  entry_.expire_at_ms = std::exchange(next_expire_at_ms_, -1);
  return Tell(sink_->OnEntry(std::move(entry_)));
}

// Data a module keeps beside the keys: its module is not here, so it is skipped.
ReadStatus RdbReader::ParseModuleAux(EncodingCursor* cursor) {
  uint64_t ignored = 0;
  std::string text;
  for (int i = 0; i < 3; ++i) {  // the module's id, an opcode, when it was written
    if (const ReadStatus s = cursor->Length(&ignored); s != ReadStatus::kDone) return s;
  }
  for (;;) {
    uint64_t opcode = 0;
    if (const ReadStatus s = cursor->Length(&opcode); s != ReadStatus::kDone) return s;
    if (opcode > static_cast<uint64_t>(RdbModuleOpcode::kString)) return Fail("Unknown opcode in a module's auxiliary data");
    ReadStatus s = ReadStatus::kDone;
    switch (static_cast<RdbModuleOpcode>(opcode)) {
      case RdbModuleOpcode::kEof: return ReadStatus::kDone;
      case RdbModuleOpcode::kSigned:
      case RdbModuleOpcode::kUnsigned: s = cursor->Length(&ignored); break;
      case RdbModuleOpcode::kFloat: s = cursor->Skip(4); break;
      case RdbModuleOpcode::kDouble: s = cursor->Skip(8); break;
      case RdbModuleOpcode::kString: s = cursor->String(&text); break;
    }
    if (s != ReadStatus::kDone) return s;
  }
}

ReadStatus RdbReader::ParseChecksum(EncodingCursor* cursor) {
  uint64_t stored = 0;
  if (const ReadStatus s = cursor->LittleEndian(kRdbChecksumSize, &stored); s != ReadStatus::kDone) return s;
  if (stored != 0 && options_.verify_checksum && stored != checksum_) {
    return Fail("Wrong RDB checksum, the file is damaged");
  }
  state_ = State::kDone;
  return ReadStatus::kDone;
}

}  // namespace windlass::persistence
