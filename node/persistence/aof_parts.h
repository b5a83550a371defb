// Inner structures of the append-only log. Only its own files include this.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "node/persistence/aof.h"
#include "node/persistence/rdb_stream.h"

namespace windlass::persistence {

struct Aof::Rewrite {
  std::unique_ptr<RdbStream> stream;  // null once its bytes are all handed over
  std::unique_ptr<BackgroundFile> file;
  AofFileInfo base;
  int64_t first_increment = 0;  // this one and later ones stay
  int64_t from = 0;             // position of the log whose data the base is
};

}  // namespace windlass::persistence
