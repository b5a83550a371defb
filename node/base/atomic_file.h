// Replacing a file so that a reader, or a crash at any instant, sees either the
// old content or the new, whole: write to a temporary beside it, fsync, rename,
// fsync the folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "node/base/result.h"

namespace windlass::base {

Result<void> WriteFileAtomically(const std::string& path, std::string_view content);

// The whole file; an absent file is an empty optional, any other failure an error.
Result<std::optional<std::string>> ReadFileIfExists(const std::string& path);

// Makes a rename or creation inside `path`'s folder durable.
Result<void> SyncParentFolder(const std::string& path);

}  // namespace windlass::base
