// Inner structures of the append-only log. Only its own files include this.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "node/persistence/aof.h"
#include "node/persistence/rdb_stream.h"

namespace windlass::persistence {

struct Aof::File {
  int fd = -1;
  int64_t size = 0;  // touched by whoever writes: the loop, or the helper while it has a batch
  int64_t allocated = 0;  // the file has blocks up to here; by whoever writes
  ~File();
  // Blocks for the next writes, so that not each fsync has to find and record new ones.
  // The size stays; a disk that cannot is no error.
  void Reserve(size_t bytes);
  // Empty: written. Else what failed; the file is as before.
  std::string Write(std::string_view bytes);
  void TakeBack(size_t bytes);
};

struct Aof::Rewrite {
  std::unique_ptr<RdbStream> stream;  // null once its bytes are all handed over
  std::unique_ptr<BackgroundFile> file;
  AofFileInfo base;
  int64_t first_increment = 0;  // this one and later ones stay
  int64_t from = 0;             // position of the log whose data the base is
};

}  // namespace windlass::persistence
