// See function_payload.h.
#include "node/persistence/function_payload.h"

#include "node/persistence/dump_payload.h"
#include "node/persistence/rdb_encoding.h"
#include "node/persistence/rdb_format.h"

namespace windlass::persistence {

std::string DumpFunctions(const std::vector<std::string>& codes) {
  std::string out;
  for (const std::string& code : codes) {
    out.push_back(static_cast<char>(RdbOpcode::kFunction2));
    AppendString(code, /*compress=*/true, &out);
  }
  AppendPayloadFooter(&out);
  return out;
}

base::Result<std::vector<std::string>> ParseFunctions(std::string_view payload) {
  if (!PayloadFooterFault(payload, PayloadChecksum(payload)).empty()) {
    return base::Error{"DUMP payload version or checksum are wrong"};
  }
  const std::string_view body = PayloadBody(payload);
  std::vector<std::string> codes;
  EncodingCursor cursor(body);
  while (cursor.position() < body.size()) {
    uint8_t type = 0;
    cursor.Byte(&type);
    if (static_cast<RdbOpcode>(type) != RdbOpcode::kFunction2) return base::Error{"given type is not a function"};
    std::string code;
    if (cursor.String(&code) != ReadStatus::kDone) return base::Error{"failed loading functions data from rdb"};
    codes.push_back(std::move(code));
  }
  return codes;
}

}  // namespace windlass::persistence
