// An RDB file, read whole into the keyspace. For start-up: it returns when done,
// but reports progress so that the server can answer clients meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "node/base/result.h"
#include "node/persistence/keyspace_loader.h"

namespace windlass::persistence {

// Called with the bytes read so far, every few megabytes at most.
using LoadProgress = std::function<void(int64_t bytes)>;

// A file that does not exist is an error here; ask first.

base::Result<LoadSummary> LoadRdbFile(const std::string& path, KeyspaceLoader* loader, bool verify_checksum,
                                      const LoadProgress& progress);

// Its size, or -1 if there is none.
int64_t FileBytes(const std::string& path);

}  // namespace windlass::persistence
