// See debug_inspection.h.
#include "node/commands/debug_inspection.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>

#include "node/base/glob.h"
#include "node/commands/key_commands.h"
#include "node/commands/ports.h"
#include "node/keyspace/access_clock.h"
#include "node/keyspace/keyspace.h"
#include "node/keyspace/slot_table.h"
#include "node/persistence/dump_payload.h"
#include "node/types/list.h"

extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size)
    __attribute__((weak));

namespace windlass::commands {
namespace {

// Type, version and checksum of a DUMP.
constexpr size_t kPayloadFrame = 11;

size_t SerializedBytes(const keyspace::Entry& entry) { return persistence::DumpValue(entry).size() - kPayloadFrame; }

// An entry in the form asked for, or null and the error's reply.
const keyspace::Entry* InForm(Call& call, types::Encoding encoding, std::string_view error) {
  const keyspace::Entry* entry = PeekKey(call, call.args[2]);
  if (entry == nullptr) {
    call.reply.Error(kNoSuchKey);
  } else if (entry->encoding() != encoding) {
    call.reply.Error(error);
    return nullptr;
  }
  return entry;
}

void PrintForm(const keyspace::Entry& entry) {
  std::printf("%s of %zu bytes, %zu serialized\n", std::string(types::EncodingName(entry.encoding())).c_str(),
              entry.ExternalBytes(), SerializedBytes(entry));
  std::fflush(stdout);
}

void AppendTable(std::string_view title, size_t elements, size_t bytes, std::string* text) {
  *text += "[" + std::string(title) + "]\nHash table 0 stats (main hash table):\n";
  if (elements == 0) {
    *text += "No stats available for empty dictionaries\n";
    return;
  }
  const size_t buckets = bytes / sizeof(keyspace::Bucket);
  *text += " table size: " + std::to_string(buckets * keyspace::Bucket::kSlots) + "\n number of elements: " +
           std::to_string(elements) + "\n";
}

void AppendChunks(const types::List& list, const types::Limits& limits, std::string* line) {
  size_t bytes = 0;
  for (size_t i = 0; i < list.chunks().size(); ++i) bytes += list.chunks()[i].bytes().size();
  const size_t nodes = list.chunks().size();
  char text[160];
  std::snprintf(text, sizeof text,
                " ql_nodes:%zu ql_avg_node:%.2f ql_listpack_max:%lld ql_compressed:%d ql_uncompressed_size:%zu", nodes,
                nodes == 0 ? 0.0 : static_cast<double>(list.size()) / static_cast<double>(nodes),
                static_cast<long long>(limits.list_max_listpack_size), limits.list_compress_depth != 0 ? 1 : 0, bytes);
  *line += text;
}

bool IsFull(Call& call) {
  if (call.args.size() == 3 || EqualsNoCase(call.args[3], "full")) return true;
  ReplySubcommandSyntaxError(call);
  return false;
}

}  // namespace

keyspace::Entry* PeekKey(Call& call, std::string_view key) {
  const slot::SlotId slot = call.db.slotted() ? slot::KeySlot(key) : slot::SlotId{0};
  return call.db.Peek(slot, key);
}

void DebugObject(Call& call) {
  const keyspace::Entry* entry = PeekKey(call, call.args[2]);
  if (entry == nullptr) return call.reply.Error(kNoSuchKey);
  char text[256];
  std::snprintf(text, sizeof text, "Value at:%p refcount:%lld encoding:%s serializedlength:%zu lru:%u lru_seconds_idle:%lld",
                static_cast<const void*>(entry), static_cast<long long>(ReferencesTo(*entry)), std::string(types::EncodingName(entry->encoding())).c_str(),
                SerializedBytes(*entry), entry->access(),
                static_cast<long long>(keyspace::AccessClock::IdleSeconds(entry->access(), call.now_ms)));
  std::string line = text;
  if (entry->encoding() == types::Encoding::kQuicklist) {
    AppendChunks(static_cast<const types::List&>(*entry->object()), call.db.keyspace().limits(), &line);
  }
  call.reply.Simple(line);
}

void DebugListpack(Call& call) {
  const keyspace::Entry* entry = InForm(call, types::Encoding::kListpack, "ERR Not a listpack encoded object.");
  if (entry == nullptr) return;
  PrintForm(*entry);
  call.reply.Simple("Listpack structure printed on stdout");
}

void DebugQuicklist(Call& call) {
  const keyspace::Entry* entry = InForm(call, types::Encoding::kQuicklist, "ERR Not a quicklist encoded object.");
  if (entry == nullptr) return;
  PrintForm(*entry);
  call.reply.Simple("Quicklist structure printed on stdout");
}

void DebugSdsLength(Call& call) {
  const keyspace::Entry* entry = PeekKey(call, call.args[2]);
  if (entry == nullptr) return call.reply.Error(kNoSuchKey);
  if (entry->type() != types::Type::kString || entry->is_integer()) return call.reply.Error("ERR Not an sds encoded string.");
  const std::string key_length = std::to_string(entry->key().size());
  const std::string length = std::to_string(entry->TextLength());
  call.reply.Simple("key_sds_len:" + key_length + ", key_sds_avail:0, key_zmalloc: " + key_length +
                    ", val_sds_len:" + length + ", val_sds_avail:0, val_zmalloc: " + length);
}

void DebugTables(Call& call) {
  int64_t index;
  if (!ParseInt64(call.args[2], &index)) return call.reply.Error(kNotInteger);
  if (index < 0 || index >= call.node.keyspace->database_count()) return call.reply.Error("ERR Out of range database");
  if (!IsFull(call)) return;
  const keyspace::Database& db = call.node.keyspace->db(static_cast<int>(index));
  size_t bytes = 0;
  db.occupied_slots().ForEach([&](slot::SlotId slot) { bytes += db.SlotTableBytes(slot); });
  std::string text;
  AppendTable("Dictionary HT", db.size(), bytes, &text);
  AppendTable("Expires HT", db.expires_size(), bytes, &text);  // the same table: its buckets know who expires
  call.reply.Verbatim("txt", text);
}

void DebugTableOfKey(Call& call) {
  if (!IsFull(call)) return;
  const keyspace::Entry* entry = PeekKey(call, call.args[2]);
  if (entry == nullptr) return call.reply.Error(kNoSuchKey);
  const types::Encoding encoding = entry->encoding();
  if (encoding != types::Encoding::kHashtable && encoding != types::Encoding::kSkiplist) {
    return call.reply.Error("ERR The value stored at the specified key is not represented using an hash table");
  }
  call.reply.Verbatim("txt", "Hash table 0 stats (main hash table):\n bytes: " + std::to_string(entry->ExternalBytes()) + "\n");
}

void DebugStructSizes(Call& call) {
  call.reply.Simple("bits:" + std::to_string(sizeof(void*) * 8) + " entry:" + std::to_string(sizeof(keyspace::Entry)) +
                    " bucket:" + std::to_string(sizeof(keyspace::Bucket)) + " client:" + std::to_string(sizeof(client::Client)));
}

// Numbers of the allocator are of one, four or eight bytes: it takes the right size only.
void DebugAllocatorNumber(Call& call) {
  if (mallctl == nullptr) return call.reply.Error("ERR the allocator has no settings");
  const std::string name(call.args[2]);
  int64_t wanted = 0;
  const bool sets = call.args.size() == 4;
  if (sets && !ParseInt64(call.args[3], &wanted)) return call.reply.Error(kNotInteger);
  int error = EINVAL;
  for (size_t size = sizeof wanted; size > 0 && error == EINVAL; size = size == 8 ? 4 : size == 4 ? 1 : 0) {
    int64_t before = 0;  // little-endian: a smaller number is its lower bytes
    size_t read = size;
    error = mallctl(name.c_str(), &before, &read, sets ? &wanted : nullptr, sets ? size : 0);
    if (error == EPERM && sets) error = mallctl(name.c_str(), nullptr, nullptr, &wanted, size);
    if (error == 0) return call.reply.Integer(before);
  }
  call.reply.Error("ERR " + std::string(std::strerror(error)));
}

void DebugAllocatorText(Call& call) {
  if (mallctl == nullptr) return call.reply.Error("ERR the allocator has no settings");
  const char* text = nullptr;
  size_t size = sizeof text;
  const int error = mallctl(std::string(call.args[2]).c_str(), &text, &size, nullptr, 0);
  if (error != 0) return call.reply.Error("ERR " + std::string(std::strerror(error)));
  call.reply.Bulk(text == nullptr ? "" : text);
}

// Patterns of all that has a meaning in them, on texts of the same: none may loop for long.
void DebugMatchTest(Call& call) {
  constexpr std::string_view kAlphabet = "*?[]^-\\ab";
  constexpr int kRounds = 100000;
  for (int round = 0; round < kRounds; ++round) {
    std::string pattern;
    std::string text;
    for (std::string* to : {&pattern, &text}) {
      for (uint64_t length = call.node.random->Below(32); length > 0; --length) {
        *to += kAlphabet[static_cast<size_t>(call.node.random->Below(kAlphabet.size()))];
      }
    }
    (void)base::GlobMatch(pattern, text, (round & 1) != 0);
  }
  call.reply.Simple("Apparently Redis did not crash: test passed");
}

}  // namespace windlass::commands
