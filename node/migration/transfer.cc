// The requests of a MIGRATE as bytes.
#include "node/migration/transfer.h"

#include <string_view>

#include "node/resp/command.h"

namespace windlass::migration {
namespace {

void Append(std::vector<std::string_view> argv, std::string* out) {
  resp::EncodeCommand(argv, out);
}

void AppendBulkHead(uint64_t bytes, std::string* out) { out->append("$").append(std::to_string(bytes)).append("\r\n"); }

void AppendWord(std::string_view word, std::string* out) {
  AppendBulkHead(word.size(), out);
  out->append(word).append("\r\n");
}

}  // namespace

std::string EncodeHeads(const Transfer& transfer, bool select_db, int* requests) {
  std::string out;
  *requests = 0;
  const Target& target = transfer.target;
  if (target.password) {
    if (target.user.empty()) {
      Append({"AUTH", *target.password}, &out);
    } else {
      Append({"AUTH", target.user, *target.password}, &out);
    }
    ++*requests;
  }
  if (select_db) {
    Append({"SELECT", std::to_string(target.db)}, &out);
    ++*requests;
  }
  return out;
}

void AppendItemHead(const Transfer& transfer, const Item& item, int64_t ttl_ms, uint64_t payload_bytes,
                    std::string* out) {
  out->append(transfer.replace ? "*5\r\n" : "*4\r\n");
  AppendWord(transfer.asking ? "RESTORE-ASKING" : "RESTORE", out);
  AppendWord(item.key, out);
  AppendWord(std::to_string(ttl_ms), out);
  AppendBulkHead(payload_bytes, out);
}

void AppendItemTail(const Transfer& transfer, std::string* out) {
  out->append("\r\n");
  if (transfer.replace) AppendWord("REPLACE", out);
}

}  // namespace windlass::migration
