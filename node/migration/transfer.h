// What one MIGRATE sends and what came of it, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

// The requests of a transfer as bytes: AUTH, SELECT where asked for, then one
// RESTORE an item. *heads is the number of requests before the first RESTORE.
std::string EncodeTransfer(const Transfer& transfer, bool select_db, int* heads);

}  // namespace windlass::migration
