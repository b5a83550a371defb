// Making entries and changing them in place: the only code that writes their bytes.
// Used by Database, which does the bookkeeping around it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "node/keyspace/arena.h"
#include "node/keyspace/entry.h"

namespace windlass::keyspace {

// What a new entry holds. Exactly one of the sources is used, by `form`.
struct EntryValue {
  enum class Kind { kInteger, kBytes, kBlob, kObject };
  Kind kind = Kind::kBytes;
  int64_t integer = 0;
  std::string_view bytes = {};
  bool raw = false;                  // kBytes: report "raw" even if short
  types::Blob* blob = nullptr;       // kBlob: ownership passes to the entry
  types::Object* object = nullptr;   // kObject: ownership passes to the entry
};

class EntryBuilder {
 public:
  // A value as SET would encode it.
  static EntryValue Encode(std::string_view value);
  static EntryValue Integer(int64_t value);
  // Bytes as they are; `raw` as OBJECT ENCODING shall report.
  static EntryValue Bytes(std::string_view value, bool raw);

  // A new entry in the arena. Long bytes are moved to a Blob of their own.
  static Entry* Make(Arena& arena, std::string_view key, const EntryValue& value, int64_t expire_at_ms);
  // Frees the entry with its blob or object.
  static void Free(Arena& arena, Entry* entry);
  // Frees the entry's own memory; what it points to has gone to another entry.
  static void FreeShell(Arena& arena, Entry* entry);

  // Writes the value over the old one if header, key and size class stay as they
  // are. False: nothing was changed, make a new entry.
  static bool OverwriteInPlace(Entry& entry, const EntryValue& value);
  // REQUIRES: entry.has_expiry()
  static void WriteExpiry(Entry& entry, int64_t at_ms);
  // The value for a copy of the entry under another key or expiry. `steal`: takes
  // its blob or object; the old entry must then be freed with FreeShell.
  static EntryValue ValueOf(const Entry& entry, bool steal);

  // The bytes of a string, for changes in place. REQUIRES: not an integer
  static std::span<char> MutableBytes(Entry& entry);
  // REQUIRES: the value is a Blob.
  static void ResizeBlob(Entry& entry, size_t length);
  static bool HoldsBlob(const Entry& entry) {
    return entry.type() == types::Type::kString && entry.form() == Entry::Form::kPointer;
  }
  static void MarkRaw(Entry& entry);

 private:
  static size_t SizeFor(size_t key_length, bool has_expiry, const EntryValue& value);
  static void WriteValue(Entry& entry, size_t offset, const EntryValue& value);
};

}  // namespace windlass::keyspace
