// Function libraries as FUNCTION DUMP and RESTORE carry them: as in an RDB file, with
// the version and checksum DUMP puts behind a value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"

namespace windlass::persistence {

std::string DumpFunctions(const std::vector<std::string>& codes);
base::Result<std::vector<std::string>> ParseFunctions(std::string_view payload);

}  // namespace windlass::persistence
