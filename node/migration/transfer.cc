// The requests of a MIGRATE as bytes.
#include "node/migration/transfer.h"

#include "node/resp/command.h"

namespace windlass::migration {
namespace {

void Append(std::vector<std::string_view> argv, std::string* out) {
  resp::EncodeCommand(argv, out);
}

}  // namespace

std::string EncodeTransfer(const Transfer& transfer, bool select_db, int* heads) {
  std::string out;
  *heads = 0;
  const Target& target = transfer.target;
  if (target.password) {
    if (target.user.empty()) {
      Append({"AUTH", *target.password}, &out);
    } else {
      Append({"AUTH", target.user, *target.password}, &out);
    }
    ++*heads;
  }
  if (select_db) {
    Append({"SELECT", std::to_string(target.db)}, &out);
    ++*heads;
  }
  for (const Item& item : transfer.items) {
    const std::string ttl = std::to_string(item.ttl_ms);
    std::vector<std::string_view> argv{transfer.asking ? "RESTORE-ASKING" : "RESTORE", item.key, ttl,
                                       item.payload};
    if (transfer.replace) argv.push_back("REPLACE");
    Append(std::move(argv), &out);
  }
  return out;
}

}  // namespace windlass::migration
