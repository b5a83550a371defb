// See rdb_format.h.
#include "node/persistence/rdb_format.h"

namespace windlass::persistence {

std::string_view RdbTypeName(uint8_t type) {
  switch (static_cast<RdbType>(type)) {
    case RdbType::kString: return "string";
    case RdbType::kList:
    case RdbType::kListZiplist:
    case RdbType::kListQuicklist:
    case RdbType::kListQuicklist2: return "list";
    case RdbType::kSet:
    case RdbType::kSetIntset:
    case RdbType::kSetListpack: return "set";
    case RdbType::kZset:
    case RdbType::kZset2:
    case RdbType::kZsetZiplist:
    case RdbType::kZsetListpack: return "sorted set";
    case RdbType::kHash:
    case RdbType::kHashZipmap:
    case RdbType::kHashZiplist:
    case RdbType::kHashListpack: return "hash";
    case RdbType::kModulePreRelease:
    case RdbType::kModule2: return "module value";
    case RdbType::kStreamListpacks:
    case RdbType::kStreamListpacks2:
    case RdbType::kStreamListpacks3: return "stream";
  }
  return "";
}

std::string_view RdbLaterTypeName(uint8_t type) {
  // Redis 7.4 and 8 have four encodings of it, Valkey 9 one.
  return type >= 22 && type <= 25 ? "hash whose fields expire" : "";
}

}  // namespace windlass::persistence
