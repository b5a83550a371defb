// PFDEBUG and PFSELFTEST: for tests of the server.
#include <algorithm>
#include <cmath>
#include <string>

#include "node/commands/hyperloglog_commands.h"
#include "node/commands/ports.h"
#include "node/keyspace/keyspace.h"
#include "node/types/hyperloglog.h"

namespace windlass::commands {

using types::HllEncoding;

namespace {

// Makes the one at args[2] dense. False: the reply was written.
bool MakeDense(Call& call, std::string_view bytes) {
  std::string copy(bytes);
  if (types::HllToDense(&copy)) {
    StoreHyperLogLog(call, call.args[2], copy);
    return true;
  }
  call.reply.Error(kCorruptHyperLogLog);
  return false;
}

void ReplyRegisters(Call& call, std::string_view bytes) {
  types::HllRegisters registers = {};
  if (!types::HllMergeInto(bytes, &registers)) return call.reply.Error(kCorruptHyperLogLog);
  // Looking at registers has always made them dense.
  if (types::HllEncodingOf(bytes) == HllEncoding::kSparse && !MakeDense(call, bytes)) return;
  call.reply.Array(types::kHllRegisters);
  for (const uint8_t rank : registers) call.reply.Integer(rank);
}

}  // namespace

void PfDebugCommand(Call& call) {
  const std::string_view what = call.args[1];
  const keyspace::Entry* entry = call.db.Find(call.slot, call.args[2], call.now_ms);
  if (entry == nullptr) return call.reply.Error("ERR The specified key does not exist");
  if (RefuseNonHyperLogLog(call, *entry)) return;
  const std::string_view bytes = entry->bytes();
  const bool sparse = types::HllEncodingOf(bytes) == HllEncoding::kSparse;
  const bool registers = EqualsNoCase(what, "GETREG");
  const bool decode = EqualsNoCase(what, "DECODE");
  const bool encoding = EqualsNoCase(what, "ENCODING");
  if (!registers && !decode && !encoding && !EqualsNoCase(what, "TODENSE")) {
    return call.reply.Error("ERR Unknown PFDEBUG subcommand '" + std::string(what) + "'");
  }
  if (registers) return ReplyRegisters(call, bytes);
  if (encoding) return call.reply.Simple(sparse ? "sparse" : "dense");
  if (decode) return sparse ? call.reply.Bulk(types::HllRunsAsText(bytes)) : call.reply.Error("ERR HLL encoding is not sparse");
  if (sparse && !MakeDense(call, bytes)) return;
  call.reply.Integer(sparse ? 1 : 0);
}

namespace {

// Sparse and dense must agree register by register, and the estimate must stay within
// six standard errors. Returns what is wrong, or nothing.
std::string TestEstimates(base::Random& random) {
  constexpr int kMost = 100000;
  constexpr size_t kNeverDense = 1 << 20;
  const double standard_error = 1.04 / std::sqrt(static_cast<double>(types::kHllRegisters));
  std::string sparse = types::EmptyHyperLogLog();
  std::string dense = types::EmptyHyperLogLog();
  types::HllToDense(&dense);
  const uint64_t first = random.Next();
  int64_t next_check = 1;
  for (int64_t seen = 1; seen <= kMost; ++seen) {
    const uint64_t element = first + static_cast<uint64_t>(seen);
    const types::HllHit hit = types::HllHash({reinterpret_cast<const char*>(&element), sizeof(element)});
    types::HllRaise(&dense, hit, 0);
    if (seen <= 2000) types::HllRaise(&sparse, hit, kNeverDense);
    if (seen != next_check) continue;
    next_check *= 10;
    if (seen <= 2000 && types::HllCount(sparse) != types::HllCount(dense)) return "sparse and dense count differently";
    const double error = std::abs(static_cast<double>(static_cast<int64_t>(*types::HllCount(dense)) - seen));
    const double allowed = seen == 10 ? 1 : std::ceil(standard_error * 6 * static_cast<double>(seen));
    if (error > allowed) return "after " + std::to_string(seen) + " elements it is off by " + std::to_string(error);
  }
  return "";
}

std::string TestRegisters(base::Random& random) {
  types::HllRegisters expected = {};
  std::string dense = types::EmptyHyperLogLog();
  types::HllToDense(&dense);
  for (int round = 0; round < 10; ++round) {
    for (int index = 0; index < types::kHllRegisters; ++index) {
      const uint8_t rank = static_cast<uint8_t>(random.Next() & 63);
      uint8_t& held = expected[static_cast<size_t>(index)];
      held = std::max(held, rank);
      types::HllRaise(&dense, {index, rank}, 0);
    }
    types::HllRegisters found = {};
    types::HllMergeInto(dense, &found);
    if (found != expected) return "registers do not hold what they were given";
  }
  return "";
}

}  // namespace

void PfSelfTestCommand(Call& call) {
  std::string wrong = TestRegisters(*call.node.random);
  if (wrong.empty()) wrong = TestEstimates(*call.node.random);
  if (!wrong.empty()) return call.reply.Error("TESTFAILED " + wrong);
  call.reply.Ok();
}

}  // namespace windlass::commands
