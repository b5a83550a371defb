// LZF compression as RDB strings use it: a literal run (control byte 0..31, that
// many plus one bytes follow) or a copy from at most 8 192 bytes back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "node/base/result.h"

namespace windlass::persistence {

// Appends the compressed form of `input` to `out` and returns true if it is
// shorter than `input` by at least four bytes; else leaves `out` as it was.
bool LzfCompress(std::string_view input, std::string* out);

// REQUIRES: the caller has bounded `expected_size`.
base::Result<std::string> LzfDecompress(std::string_view input, size_t expected_size);

}  // namespace windlass::persistence
