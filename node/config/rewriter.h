// CONFIG REWRITE: the file again, with its comments and order, saying the values
// of now.
#pragma once

#include <string>
#include <string_view>

#include "node/base/result.h"
#include "node/config/config.h"

namespace windlass::config {

// Which directives that the file does not mention are added.
enum class Rewritten { kChanged, kAll };

// Pure: what the file's text becomes.
std::string RewriteText(const Config& config, std::string_view old_text, Rewritten which = Rewritten::kChanged);

// Reads, rewrites and replaces the file atomically; a missing file is created.
base::Result<void> RewriteFile(const Config& config, const std::string& path, Rewritten which);

}  // namespace windlass::config
