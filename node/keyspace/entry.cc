// Entries: reading their bytes, and EntryBuilder, which writes them.
#include "node/keyspace/entry.h"

#include <algorithm>
#include <cassert>
#include <span>

#include "node/keyspace/entry_builder.h"
#include "node/types/number.h"

namespace windlass::keyspace {

namespace {

// As Entry::LengthAt reads them.
constexpr size_t LengthBytes(size_t length) { return length < 128 ? 1 : 2; }

uint8_t* WriteLength(uint8_t* at, size_t length) {
  if (length < 128) {
    *at++ = static_cast<uint8_t>(length);
  } else {
    *at++ = static_cast<uint8_t>(0x80 | length >> 8);
    *at++ = static_cast<uint8_t>(length);
  }
  return at;
}

constexpr size_t kMaxEmbstr = 44;

}  // namespace

types::Encoding Entry::encoding() const {
  if (type() != types::Type::kString) return object()->encoding();
  switch (form()) {
    case Form::kInteger: return types::Encoding::kInt;
    case Form::kEmbedded: return types::Encoding::kEmbstr;
    default: return types::Encoding::kRaw;
  }
}

int64_t Entry::integer() const {
  assert(is_integer());
  return LoadAt<int64_t>(ValueOffset());
}

std::string_view Entry::bytes() const {
  assert(type() == types::Type::kString && !is_integer());
  const size_t offset = ValueOffset();
  if (form() == Form::kPointer) return LoadAt<types::Blob*>(offset)->view();
  const Length length = LengthAt(offset);
  return {reinterpret_cast<const char*>(base()) + offset + length.field, length.bytes};
}

std::string_view Entry::Text(char* buffer) const {
  if (!is_integer()) return bytes();
  return {buffer, types::FormatInteger(integer(), buffer)};
}

size_t Entry::TextLength() const {
  char buffer[types::kMaxIntegerDigits];
  return Text(buffer).size();
}

size_t Entry::AllocatedBytes() const {
  const size_t offset = ValueOffset();
  if (form() == Form::kInteger || form() == Form::kPointer) return Arena::RoundUp(offset + 8);
  const Length length = LengthAt(offset);
  return Arena::RoundUp(offset + length.field + length.bytes);
}

size_t Entry::ExternalBytes() const {
  size_t bytes = 0;
  if ((meta_ & kLongKey) != 0) [[unlikely]] {
    bytes += LoadAt<types::Blob*>(KeyFieldOffset())->allocated_bytes();
  }
  if (form() == Form::kPointer) [[unlikely]] {
    bytes += type() == types::Type::kString ? blob()->allocated_bytes() : object()->MemoryBytes();
  }
  return bytes;
}

EntryValue EntryBuilder::Encode(std::string_view value) {
  if (value.size() <= types::kMaxIntegerDigits) {
    if (const auto number = types::ParseInteger(value)) return Integer(*number);
  }
  return Bytes(value, value.size() > kMaxEmbstr);
}

EntryValue EntryBuilder::Integer(int64_t value) {
  EntryValue encoded;
  encoded.kind = EntryValue::Kind::kInteger;
  encoded.integer = value;
  return encoded;
}

EntryValue EntryBuilder::Bytes(std::string_view value, bool raw) {
  EntryValue encoded;
  encoded.bytes = value;
  encoded.raw = raw || value.size() > kMaxEmbstr;
  return encoded;
}

size_t EntryBuilder::SizeFor(size_t key_length, bool has_expiry, const EntryValue& value) {
  const size_t key_bytes = key_length > Entry::kMaxInlineKey ? sizeof(types::Blob*)
                                                             : LengthBytes(key_length) + key_length;
  const size_t value_bytes = value.kind == EntryValue::Kind::kBytes
                                 ? LengthBytes(value.bytes.size()) + value.bytes.size()
                                 : 8;
  return Entry::kHeaderBytes + (has_expiry ? Entry::kExpiryBytes : 0) + key_bytes + value_bytes;
}

void EntryBuilder::WriteValue(Entry& entry, size_t offset, const EntryValue& value) {
  uint8_t* at = entry.base() + offset;
  Entry::Form form = Entry::Form::kPointer;
  types::Type type = types::Type::kString;
  switch (value.kind) {
    case EntryValue::Kind::kInteger:
      form = Entry::Form::kInteger;
      std::memcpy(at, &value.integer, sizeof(value.integer));
      break;
    case EntryValue::Kind::kBytes:
      form = value.raw ? Entry::Form::kRaw : Entry::Form::kEmbedded;
      at = WriteLength(at, value.bytes.size());
      // Moved, not copied: the source may be this very entry (SET k <GET k>).
      if (!value.bytes.empty()) std::memmove(at, value.bytes.data(), value.bytes.size());
      break;
    case EntryValue::Kind::kBlob:
      std::memcpy(at, &value.blob, sizeof(value.blob));
      break;
    case EntryValue::Kind::kObject:
      type = value.object->type();
      std::memcpy(at, &value.object, sizeof(value.object));
      break;
  }
  entry.meta_ = static_cast<uint8_t>((entry.meta_ & (Entry::kHasExpiry | Entry::kLongKey)) |
                                     static_cast<uint8_t>(type) |
                                     static_cast<uint8_t>(form) << Entry::kFormShift);
}

Entry* EntryBuilder::Make(Arena& arena, std::string_view key, const EntryValue& value, int64_t expire_at_ms) {
  const bool has_expiry = expire_at_ms != kNoExpiry;
  EntryValue stored = value;
  size_t size = SizeFor(key.size(), has_expiry, value);
  if (size > Entry::kMaxInlineBytes) {
    stored.kind = EntryValue::Kind::kBlob;
    stored.blob = types::Blob::Create(value.bytes);
    size = SizeFor(key.size(), has_expiry, stored);
  }
  Entry* entry = static_cast<Entry*>(arena.At(arena.Allocate(size)));
  const bool long_key = key.size() > Entry::kMaxInlineKey;
  entry->meta_ = static_cast<uint8_t>((has_expiry ? Entry::kHasExpiry : 0) | (long_key ? Entry::kLongKey : 0));
  entry->marks_ = 0;
  if (has_expiry) WriteExpiry(*entry, expire_at_ms);
  uint8_t* at = entry->base() + entry->KeyFieldOffset();
  if (long_key) {
    types::Blob* blob = types::Blob::Create(key);
    std::memcpy(at, &blob, sizeof(blob));
    at += sizeof(blob);
  } else {
    at = WriteLength(at, key.size());
    if (!key.empty()) std::memcpy(at, key.data(), key.size());
    at += key.size();
  }
  WriteValue(*entry, static_cast<size_t>(at - entry->base()), stored);
  return entry;
}

void EntryBuilder::Free(Arena& arena, Entry* entry) {
  if (entry->form() == Entry::Form::kPointer) {
    if (entry->type() == types::Type::kString) {
      types::Blob::Destroy(entry->blob());
    } else {
      delete entry->object();
    }
  }
  FreeShell(arena, entry);
}

void EntryBuilder::FreeShell(Arena& arena, Entry* entry) {
  const size_t bytes = entry->AllocatedBytes();
  if ((entry->meta_ & Entry::kLongKey) != 0) {
    types::Blob::Destroy(entry->LoadAt<types::Blob*>(entry->KeyFieldOffset()));
  }
  arena.Free(arena.HandleOf(entry), bytes);
}

bool EntryBuilder::OverwriteInPlace(Entry& entry, const EntryValue& value) {
  if (entry.form() == Entry::Form::kPointer || value.kind == EntryValue::Kind::kBlob ||
      value.kind == EntryValue::Kind::kObject) {
    return false;
  }
  const size_t offset = entry.ValueOffset();
  const size_t value_bytes = value.kind == EntryValue::Kind::kBytes
                                 ? LengthBytes(value.bytes.size()) + value.bytes.size()
                                 : 8;
  const size_t size = offset + value_bytes;
  if (size > Entry::kMaxInlineBytes || Arena::RoundUp(size) != entry.AllocatedBytes()) return false;
  WriteValue(entry, offset, value);
  return true;
}

void EntryBuilder::WriteExpiry(Entry& entry, int64_t at_ms) {
  // A time before 1970 is long past; it must not read as "none".
  const int64_t stored = std::max<int64_t>(at_ms, 0);
  std::memcpy(entry.base() + Entry::kHeaderBytes, &stored, Entry::kExpiryBytes);
}

EntryValue EntryBuilder::ValueOf(const Entry& entry, bool steal) {
  EntryValue value;
  if (entry.type() != types::Type::kString) {
    value.kind = EntryValue::Kind::kObject;
    value.object = steal ? entry.object() : entry.object()->Clone().release();
    return value;
  }
  switch (entry.form()) {
    case Entry::Form::kInteger:
      return Integer(entry.integer());
    case Entry::Form::kPointer:
      if (steal) {
        value.kind = EntryValue::Kind::kBlob;
        value.blob = entry.blob();
        return value;
      }
      return Bytes(entry.bytes(), true);
    default:
      return Bytes(entry.bytes(), entry.form() == Entry::Form::kRaw);
  }
}

std::span<char> EntryBuilder::MutableBytes(Entry& entry) {
  if (HoldsBlob(entry)) return entry.blob()->bytes();
  const std::string_view view = entry.bytes();
  return {const_cast<char*>(view.data()), view.size()};
}

void EntryBuilder::ResizeBlob(Entry& entry, size_t length) {
  assert(HoldsBlob(entry));
  types::Blob* blob = types::Blob::Resize(entry.blob(), length);
  std::memcpy(entry.base() + entry.ValueOffset(), &blob, sizeof(blob));
}

void EntryBuilder::MarkRaw(Entry& entry) {
  assert(entry.form() == Entry::Form::kEmbedded || entry.form() == Entry::Form::kRaw);
  entry.meta_ = static_cast<uint8_t>((entry.meta_ & ~(3 << Entry::kFormShift)) |
                                     static_cast<uint8_t>(Entry::Form::kRaw) << Entry::kFormShift);
}

}  // namespace windlass::keyspace
