// What one MIGRATE sends and what came of it, as values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace windlass::persistence {
class DumpStream;
}

namespace windlass::migration {

struct Target {
  std::string host;
  int port = 0;
  int db = 0;
  std::string user;                     // empty: AUTH with the password alone
  std::optional<std::string> password;  // none: no AUTH
};

struct Item {
  std::string key;
  int64_t ttl_ms = 0;   // 0: no expiry
  std::string payload;  // as DUMP makes it
  std::shared_ptr<persistence::DumpStream> stream = nullptr;  // instead of `payload`, for a large value
};

struct Transfer {
  Target target;
  std::vector<Item> items;
  bool replace = false;
  bool asking = false;      // cluster mode: RESTORE-ASKING
  int64_t timeout_ms = 0;   // without any progress for this long it has failed
};

struct TransferOutcome {
  // Which items the target has confirmed. What is not confirmed may still have
  // arrived: it is not to be deleted here.
  std::vector<bool> delivered;
  // The first error, as a whole error line without '-'; empty if all went well.
  std::string error;
};

// What comes before the first item: AUTH, and SELECT where asked for. *requests is how
// many these are.
std::string EncodeHeads(const Transfer& transfer, bool select_db, int* requests);
// One RESTORE: its head, then a payload of so many bytes, then its tail.
void AppendItemHead(const Transfer& transfer, const Item& item, int64_t ttl_ms, uint64_t payload_bytes,
                    std::string* out);
void AppendItemTail(const Transfer& transfer, std::string* out);

}  // namespace windlass::migration
