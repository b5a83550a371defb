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

// For Config::LoadKept(): the settings of now that its other files neither name nor lead to.
// The default user is theirs: who changes its password there has not to fear an
// older one that was kept here.
std::string KeptText(const Config& config);
base::Result<void> WriteKept(const Config& config, const std::string& path);

}  // namespace windlass::config
