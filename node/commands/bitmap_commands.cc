// Rows of the bitmap family, and reading: GETBIT BITCOUNT BITPOS.
#include "node/commands/bitmap_commands.h"

#include <algorithm>

#include "node/commands/string_commands.h"
#include "node/keyspace/keyspace.h"
#include "node/types/bits.h"
#include "node/types/number.h"

namespace windlass::commands {

using keyspace::Entry;

std::optional<int64_t> BitOffset(Call& call, std::string_view text, int field_bits) {
  const bool in_fields = field_bits > 0 && !text.empty() && text[0] == '#';
  const auto number = types::ParseInteger(in_fields ? text.substr(1) : text);
  int64_t offset = number.value_or(-1);
  if (in_fields && __builtin_mul_overflow(offset, field_bits, &offset)) offset = -1;
  if (offset >= 0 && offset >> 3 < MaxStringBytes(call)) return offset;
  call.reply.Error("ERR bit offset is not an integer or out of range");
  return std::nullopt;
}

namespace {

// `start end BYTE|BIT` as it was typed.
struct RangeArguments {
  int64_t start = 0;
  int64_t end = -1;
  bool in_bits = false;

  bool IsBackwards() const { return start < 0 && end < 0 && start > end; }
};

enum class UnitIsRead { kBeforeEnd, kLast };  // which of two faults is told

// False: the reply was written. args[at] is `start`, if there.
bool ParseRange(Call& call, size_t at, UnitIsRead order, RangeArguments* range) {
  const auto args = call.args;
  const auto integer = [&](size_t i, int64_t* value) {
    if (args.size() <= i) return true;
    const auto parsed = types::ParseInteger(args[i]);
    if (parsed) *value = *parsed;
    if (!parsed) call.reply.Error(kNotInteger);
    return parsed.has_value();
  };
  const auto unit = [&] {
    if (args.size() <= at + 2) return true;
    range->in_bits = EqualsNoCase(args[at + 2], "BIT");
    if (range->in_bits || EqualsNoCase(args[at + 2], "BYTE")) return true;
    call.reply.Error(kSyntaxError);
    return false;
  };
  if (args.size() > at + 3) {
    call.reply.Error(kSyntaxError);
    return false;
  }
  if (!integer(at, &range->start)) return false;
  if (order == UnitIsRead::kBeforeEnd) return unit() && integer(at + 1, &range->end);
  if (!integer(at + 1, &range->end)) return false;
  return range->IsBackwards() || unit();  // of an empty range the unit is not looked at
}

// In bits, within a string of `bytes` bytes; empty ranges have last < first.
types::BitRange Within(const RangeArguments& range, size_t bytes) {
  const int64_t total = static_cast<int64_t>(bytes) * (range.in_bits ? 8 : 1);
  const int64_t first = std::max<int64_t>(range.start < 0 ? range.start + total : range.start, 0);
  int64_t last = std::max<int64_t>(range.end < 0 ? range.end + total : range.end, 0);
  last = std::min(last, total - 1);
  if (first > last) return {0, -1};
  return range.in_bits ? types::BitRange{first, last} : types::BitRange{first * 8, last * 8 + 7};
}

// The string to be read, null if absent; false: the reply was written.
bool FindString(Call& call, const Entry** entry) {
  *entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, Touches(call));
  return *entry == nullptr || !RefuseNonString(call, **entry);
}

}  // namespace

void GetBitCommand(Call& call) {
  const auto offset = BitOffset(call, call.args[2]);
  if (!offset) return;
  const Entry* entry = nullptr;
  if (!FindString(call, &entry)) return;
  if (entry == nullptr) return call.reply.Integer(0);
  char digits[types::kMaxIntegerDigits];
  call.reply.Integer(types::BitAt(entry->Text(digits), static_cast<size_t>(*offset)) ? 1 : 0);
}

void BitCountCommand(Call& call) {
  const Entry* entry = nullptr;
  if (!FindString(call, &entry)) return;
  if (entry == nullptr) return call.reply.Integer(0);  // whatever else was said, as in Redis 7.2
  RangeArguments range;
  if (call.args.size() == 3) return call.reply.Error(kSyntaxError);
  if (!ParseRange(call, 2, UnitIsRead::kLast, &range)) return;
  if (range.IsBackwards()) return call.reply.Integer(0);
  char digits[types::kMaxIntegerDigits];
  const std::string_view text = entry->Text(digits);
  call.reply.Integer(types::CountOnes(text, Within(range, text.size())));
}

void BitPosCommand(Call& call) {
  const auto bit = types::ParseInteger(call.args[2]);
  if (!bit) return call.reply.Error(kNotInteger);
  if (*bit != 0 && *bit != 1) return call.reply.Error("ERR The bit argument must be 1 or 0.");
  const Entry* entry = nullptr;
  if (!FindString(call, &entry)) return;
  if (entry == nullptr) return call.reply.Integer(*bit == 1 ? -1 : 0);
  RangeArguments range;
  if (!ParseRange(call, 3, UnitIsRead::kBeforeEnd, &range)) return;
  char digits[types::kMaxIntegerDigits];
  const std::string_view text = entry->Text(digits);
  const types::BitRange bits = Within(range, text.size());
  if (bits.last < bits.first) return call.reply.Integer(-1);
  if (const auto found = types::FindBit(text, *bit == 1, bits)) return call.reply.Integer(*found);
  // Unless an end was given, the string goes on in zeros for ever.
  const bool end_given = call.args.size() > 4;
  call.reply.Integer(*bit == 0 && !end_given ? bits.last + 1 : -1);
}

namespace {

constexpr uint16_t kReadKey = kKeyRO | kKeyAccess;
constexpr uint16_t kChangeKey = kKeyRW | kKeyAccess | kKeyUpdate;
constexpr uint64_t kWriter = kWrite | kDenyOom;

// What BITFIELD does to the key depends on its operations.
bool BitFieldKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 2) return false;
  uint16_t flags = kReadKey;
  for (size_t i = 2; i < args.size(); i += EqualsNoCase(args[i], "OVERFLOW") ? 2 : 3) {
    if (EqualsNoCase(args[i], "GET") || EqualsNoCase(args[i], "OVERFLOW")) continue;
    flags = kChangeKey;
    break;
  }
  out->push_back({1, flags});
  return true;
}

bool BitOpKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 4) return false;
  out->push_back({2, kKeyOW | kKeyUpdate});
  for (int i = 3; i < static_cast<int>(args.size()); ++i) out->push_back({i, kReadKey});
  return true;
}

const CommandSpec kRows[] = {
    {"setbit", 4, kWriter, {1, 1, 1, kChangeKey, nullptr}, kAclBitmap,
     {"Writes one bit of a string, which grows as needed.", "2.2.0", "bitmap", "O(1)"}, SetBitCommand},
    {"getbit", 3, kReadonly | kFast, {1, 1, 1, kReadKey, nullptr}, kAclBitmap,
     {"Returns one bit of a string.", "2.2.0", "bitmap", "O(1)"}, GetBitCommand},
    {"bitcount", -2, kReadonly, {1, 1, 1, kReadKey, nullptr}, kAclBitmap,
     {"Counts the bits that are 1.", "2.6.0", "bitmap", "O(N)"}, BitCountCommand},
    {"bitpos", -3, kReadonly, {1, 1, 1, kReadKey, nullptr}, kAclBitmap,
     {"Finds the first bit that is 0 or 1.", "2.8.7", "bitmap", "O(N)"}, BitPosCommand},
    {"bitop", -4, kWriter, {2, -1, 1, kReadKey, BitOpKeys}, kAclBitmap,
     {"Combines strings bit by bit.", "2.6.0", "bitmap", "O(N)"}, BitOpCommand},
    {"bitfield", -2, kWriter, {1, 1, 1, kChangeKey | kKeyVariableFlags, BitFieldKeys}, kAclBitmap,
     {"Reads, writes and increments integers of any width inside a string.", "3.2.0", "bitmap", "O(1) an operation"},
     BitFieldCommand},
    {"bitfield_ro", -2, kReadonly | kFast, {1, 1, 1, kReadKey, nullptr}, kAclBitmap,
     {"Reads integers of any width inside a string.", "6.0.0", "bitmap", "O(1) an operation"}, BitFieldCommand},
};

}  // namespace

std::span<const CommandSpec> BitmapCommands() { return kRows; }

}  // namespace windlass::commands
