// PFADD PFCOUNT PFMERGE, and the rows of their family.
#include "node/commands/hyperloglog_commands.h"

#include <cstring>
#include <string>

#include "node/commands/notify.h"
#include "node/commands/string_commands.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/types/hyperloglog.h"

namespace windlass::commands {

using keyspace::Entry;
using types::HllChange;
using types::HllEncoding;

bool RefuseNonHyperLogLog(Call& call, const Entry& entry) {
  if (RefuseNonString(call, entry)) return true;
  if (!entry.is_integer() && types::IsHyperLogLog(entry.bytes())) return false;
  call.reply.Error("WRONGTYPE Key is not a valid HyperLogLog string value.");
  return true;
}

void StoreHyperLogLog(Call& call, std::string_view key, std::string_view bytes) {
  const std::span<char> stored = call.db.ResizeString(call.slot, key, bytes.size());
  std::memcpy(stored.data(), bytes.data(), bytes.size());
}

namespace {

size_t MaxSparseBytes(const Call& call) {
  return call.node.config == nullptr ? 3000 : static_cast<size_t>(call.node.config->Int("hll-sparse-max-bytes"));
}

// Dense ones stay where they are. True if any register rose.
bool AddToDense(Call& call, std::string_view bytes) {
  size_t next = 2;
  for (; next < call.args.size(); ++next) {
    const types::HllHit hit = types::HllHash(call.args[next]);
    if (*types::HllRegisterAt(bytes, hit.index) < hit.rank) break;
  }
  if (next == call.args.size()) return false;
  const std::span<char> changed = call.db.ResizeString(call.slot, call.args[1], bytes.size());
  for (; next < call.args.size(); ++next) types::HllRaiseDense(changed, types::HllHash(call.args[next]));
  types::HllForgetCount(changed);
  return true;
}

// Sparse ones are small and rarely change: they are copied once something does.
HllChange AddToSparse(Call& call, std::string_view bytes, bool is_new) {
  std::string copy;
  if (is_new) copy = bytes;
  for (const std::string_view element : call.args.subspan(2)) {
    const types::HllHit hit = types::HllHash(element);
    if (copy.empty()) {
      const auto held = types::HllRegisterAt(bytes, hit.index);
      if (!held) return HllChange::kCorrupt;
      if (*held >= hit.rank) continue;
      copy = bytes;
    }
    if (types::HllRaise(&copy, hit, MaxSparseBytes(call)) == HllChange::kCorrupt) return HllChange::kCorrupt;
  }
  if (copy.empty()) return HllChange::kNone;
  types::HllForgetCount(copy);
  StoreHyperLogLog(call, call.args[1], copy);
  return HllChange::kRaised;
}

}  // namespace

void PfAddCommand(Call& call) {
  const Entry* entry = call.db.Find(call.slot, call.args[1], call.now_ms);
  if (entry != nullptr && RefuseNonHyperLogLog(call, *entry)) return;
  HllChange change = HllChange::kNone;
  if (entry == nullptr) {
    change = AddToSparse(call, types::EmptyHyperLogLog(), true);
  } else if (types::HllEncodingOf(entry->bytes()) == HllEncoding::kDense) {
    change = AddToDense(call, entry->bytes()) ? HllChange::kRaised : HllChange::kNone;
  } else {
    change = AddToSparse(call, entry->bytes(), false);
  }
  if (change == HllChange::kCorrupt) return call.reply.Error(kCorruptHyperLogLog);
  if (change == HllChange::kRaised) Notify(call, NotifyClass::kString, "pfadd", call.args[1]);
  call.reply.Integer(change == HllChange::kRaised ? 1 : 0);
}

namespace {

// Raises `registers` to those of the key, if it is there. False: the reply was written.
bool MergeKey(Call& call, std::string_view key, types::HllRegisters* registers, bool* any_dense) {
  const Entry* entry = call.db.FindRead(call.slot, key, call.now_ms, Touches(call));
  if (entry == nullptr) return true;
  if (RefuseNonHyperLogLog(call, *entry)) return false;
  if (types::HllEncodingOf(entry->bytes()) == HllEncoding::kDense) *any_dense = true;
  if (types::HllMergeInto(entry->bytes(), registers)) return true;
  call.reply.Error(kCorruptHyperLogLog);
  return false;
}

void CountOne(Call& call) {
  const Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, Touches(call));
  if (entry == nullptr) return call.reply.Integer(0);
  if (RefuseNonHyperLogLog(call, *entry)) return;
  if (const auto cached = types::HllCachedCount(entry->bytes())) return call.reply.Integer(static_cast<int64_t>(*cached));
  const auto count = types::HllCount(entry->bytes());
  if (!count) return call.reply.Error(kCorruptHyperLogLog);
  // What a reader found is remembered, at replicas when their master tells them.
  if (!call.node.status.is_replica || call.client.Has(client::kMasterLink)) {
    types::HllRememberCount(call.db.ResizeString(call.slot, call.args[1], entry->bytes().size()), *count);
  }
  call.reply.Integer(static_cast<int64_t>(*count));
}

}  // namespace

void PfCountCommand(Call& call) {
  if (call.args.size() == 2) return CountOne(call);
  types::HllRegisters registers = {};
  bool any_dense = false;
  for (const std::string_view key : call.args.subspan(1)) {
    if (!MergeKey(call, key, &registers, &any_dense)) return;
  }
  call.reply.Integer(static_cast<int64_t>(types::HllCount(registers)));
}

void PfMergeCommand(Call& call) {
  types::HllRegisters registers = {};
  bool any_dense = false;
  for (const std::string_view key : call.args.subspan(1)) {
    if (!MergeKey(call, key, &registers, &any_dense)) return;
  }
  const Entry* target = call.db.Find(call.slot, call.args[1], call.now_ms);
  std::string result = target == nullptr ? types::EmptyHyperLogLog() : std::string(target->bytes());
  if (any_dense && !types::HllToDense(&result)) return call.reply.Error(kCorruptHyperLogLog);
  for (int index = 0; index < types::kHllRegisters; ++index) {
    const uint8_t rank = registers[static_cast<size_t>(index)];
    if (rank != 0) (void)types::HllRaise(&result, {index, rank}, MaxSparseBytes(call));
  }
  types::HllForgetCount(result);
  StoreHyperLogLog(call, call.args[1], result);
  Notify(call, NotifyClass::kString, "pfadd", call.args[1]);
  call.reply.Ok();
}

namespace {

constexpr uint16_t kReadKey = kKeyRO | kKeyAccess;
constexpr uint64_t kWriter = kWrite | kDenyOom;

// Only the target is written to.
bool MergeKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 2) return false;
  out->push_back({1, kKeyRW | kKeyAccess | kKeyInsert});
  for (int i = 2; i < static_cast<int>(args.size()); ++i) out->push_back({i, kReadKey});
  return true;
}

const CommandSpec kRows[] = {
    {"pfadd", -2, kWriter | kFast, {1, 1, 1, kKeyRW | kKeyInsert, nullptr}, kAclHyperLogLog,
     {"Lets a HyperLogLog see elements.", "2.8.9", "hyperloglog", "O(1) an element"}, PfAddCommand},
    {"pfcount", -2, kReadonly | kMayReplicate, {1, -1, 1, kKeyRW | kKeyAccess, nullptr}, kAclHyperLogLog,
     {"Estimates how many different elements were seen.", "2.8.9", "hyperloglog", "O(1), or O(N) for N keys"},
     PfCountCommand},
    {"pfmerge", -2, kWriter, {1, -1, 1, kReadKey, MergeKeys}, kAclHyperLogLog,
     {"Unites HyperLogLogs into one.", "2.8.9", "hyperloglog", "O(N)"}, PfMergeCommand},
    {"pfdebug", 3, kWriter | kAdmin, {2, 2, 1, kKeyRW | kKeyAccess, nullptr}, kAclHyperLogLog,
     {"Looks inside a HyperLogLog.", "2.8.9", "hyperloglog", "O(N)"}, PfDebugCommand},
    {"pfselftest", 1, kAdmin, {}, kAclHyperLogLog,
     {"Checks the code of HyperLogLogs.", "2.8.9", "hyperloglog", "O(1)"}, PfSelfTestCommand},
};

}  // namespace

std::span<const CommandSpec> HyperLogLogCommands() { return kRows; }

}  // namespace windlass::commands
