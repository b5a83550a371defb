// BITFIELD and BITFIELD_RO: operations on integers of any width inside a string.
#include <algorithm>
#include <vector>

#include "node/commands/bitmap_commands.h"
#include "node/commands/notify.h"
#include "node/commands/string_commands.h"
#include "node/keyspace/keyspace.h"
#include "node/types/bitfield.h"
#include "node/types/number.h"

namespace windlass::commands {

using keyspace::Entry;
using types::BitfieldOverflow;

namespace {

struct Operation {
  enum class Kind { kGet, kSet, kAdd };
  Kind kind;
  types::BitfieldType type;
  size_t bit = 0;
  int64_t value = 0;
  BitfieldOverflow overflow = BitfieldOverflow::kWrap;
};

struct Program {
  std::vector<Operation> operations;
  bool writes = false;
  size_t bytes = 0;  // the string is at least so long afterwards
};

std::optional<BitfieldOverflow> ParseOverflow(std::string_view word) {
  if (EqualsNoCase(word, "WRAP")) return BitfieldOverflow::kWrap;
  if (EqualsNoCase(word, "SAT")) return BitfieldOverflow::kSaturate;
  if (EqualsNoCase(word, "FAIL")) return BitfieldOverflow::kFail;
  return std::nullopt;
}

// The operation whose word is args[at]; false: the reply was written.
bool ParseOperation(Call& call, size_t at, Operation* operation) {
  const auto type = types::ParseBitfieldType(call.args[at + 1]);
  if (!type) {
    call.reply.Error("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
    return false;
  }
  operation->type = *type;
  const auto offset = BitOffset(call, call.args[at + 2], type->bits);
  if (!offset) return false;
  operation->bit = static_cast<size_t>(*offset);
  if (operation->kind == Operation::Kind::kGet) return true;
  const auto value = types::ParseInteger(call.args[at + 3]);
  if (!value) {
    call.reply.Error(kNotInteger);
    return false;
  }
  operation->value = *value;
  return true;
}

bool Parse(Call& call, Program* program) {
  BitfieldOverflow overflow = BitfieldOverflow::kWrap;
  const auto args = call.args;
  for (size_t at = 2; at < args.size();) {
    const size_t left = args.size() - at - 1;
    if (EqualsNoCase(args[at], "OVERFLOW") && left >= 1) {
      const auto parsed = ParseOverflow(args[at + 1]);
      if (!parsed) {
        call.reply.Error("ERR Invalid OVERFLOW type specified");
        return false;
      }
      overflow = *parsed;
      at += 2;
      continue;
    }
    Operation operation{.kind = Operation::Kind::kGet, .type = {}, .overflow = overflow};
    if (EqualsNoCase(args[at], "SET") && left >= 3) {
      operation.kind = Operation::Kind::kSet;
    } else if (EqualsNoCase(args[at], "INCRBY") && left >= 3) {
      operation.kind = Operation::Kind::kAdd;
    } else if (!EqualsNoCase(args[at], "GET") || left < 2) {
      call.reply.Error(kSyntaxError);
      return false;
    }
    if (!ParseOperation(call, at, &operation)) return false;
    const bool reads = operation.kind == Operation::Kind::kGet;
    if (!reads) {
      program->writes = true;
      program->bytes = std::max(program->bytes, (operation.bit + static_cast<size_t>(operation.type.bits) - 1) / 8 + 1);
    }
    program->operations.push_back(operation);
    at += reads ? 3 : 4;
  }
  return true;
}

struct Outcome {
  std::optional<int64_t> reply;  // null: it failed
  std::optional<int64_t> written;
};

Outcome Evaluate(const Operation& operation, int64_t before) {
  if (operation.kind == Operation::Kind::kGet) return {before, std::nullopt};
  const bool sets = operation.kind == Operation::Kind::kSet;
  const auto after = sets ? types::AddToBitfield(operation.type, operation.value, 0, operation.overflow)
                          : types::AddToBitfield(operation.type, before, operation.value, operation.overflow);
  if (!after) return {};
  return {sets ? before : *after, *after};
}

void ReplyNumber(Call& call, std::optional<int64_t> number) {
  if (number) return call.reply.Integer(*number);
  call.reply.Null();
}

void RunReads(Call& call, const Program& program) {
  const Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, Touches(call));
  if (entry != nullptr && RefuseNonString(call, *entry)) return;
  char digits[types::kMaxIntegerDigits];
  const std::string_view text = entry == nullptr ? std::string_view() : entry->Text(digits);
  call.reply.Array(static_cast<int64_t>(program.operations.size()));
  for (const Operation& operation : program.operations) {
    call.reply.Integer(types::ReadBitfield(text, operation.bit, operation.type));
  }
}

// True if running the program leaves a string of raw bytes as it is: then nobody is told
// of a change. What it would write is not remembered between its operations, so a program
// that changes a field and puts it back counts as one that changes it.
bool ChangesNothing(const Entry& entry, const Program& program) {
  if (entry.encoding() != types::Encoding::kRaw || entry.bytes().size() < program.bytes) return false;
  return std::all_of(program.operations.begin(), program.operations.end(), [&](const Operation& operation) {
    const int64_t before = types::ReadBitfield(entry.bytes(), operation.bit, operation.type);
    return Evaluate(operation, before).written.value_or(before) == before;
  });
}

void RunWrites(Call& call, const Program& program) {
  const Entry* entry = call.db.Find(call.slot, call.args[1], call.now_ms);
  if (entry != nullptr && RefuseNonString(call, *entry)) return;
  if (entry != nullptr && ChangesNothing(*entry, program)) {
    call.reply.Array(static_cast<int64_t>(program.operations.size()));
    for (const Operation& operation : program.operations) {
      const int64_t before = types::ReadBitfield(entry->bytes(), operation.bit, operation.type);
      ReplyNumber(call, Evaluate(operation, before).reply);
    }
    return;
  }
  const size_t length = entry == nullptr ? 0 : entry->TextLength();
  const std::span<char> bytes = call.db.ResizeString(call.slot, call.args[1], std::max(length, program.bytes));
  call.reply.Array(static_cast<int64_t>(program.operations.size()));
  const bool grew = length < program.bytes;
  bool changed = false;
  for (const Operation& operation : program.operations) {
    const int64_t before = types::ReadBitfield({bytes.data(), bytes.size()}, operation.bit, operation.type);
    const Outcome outcome = Evaluate(operation, before);
    if (outcome.written) {
      types::WriteBitfield(bytes, operation.bit, operation.type, *outcome.written);
      changed = changed || grew || *outcome.written != before;
    }
    ReplyNumber(call, outcome.reply);
  }
  if (changed) Notify(call, NotifyClass::kString, "setbit", call.args[1]);
}

}  // namespace

void BitFieldCommand(Call& call) {
  Program program;
  if (!Parse(call, &program)) return;
  if (!program.writes) return RunReads(call, program);
  if ((call.spec.flags & kReadonly) != 0) {
    return call.reply.Error("ERR BITFIELD_RO only supports the GET subcommand");
  }
  RunWrites(call, program);
}

}  // namespace windlass::commands
