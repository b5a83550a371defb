// Commands and replies as bytes of RESP2: hiredis's formatter and reader behind plain values.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "operator/redis/reply.h"

struct redisReader;

namespace windlass::redis {

void AppendCommand(const Command& command, std::string* out);

// The command's name for messages: never its arguments, which may be secrets.
std::string NameOf(const Command& command);

class ReplyReader {
 public:
  enum class Keeps { kItsBuffer, kLittle };  // of memory, between replies

  explicit ReplyReader(Keeps keeps);
  void Feed(const char* bytes, size_t size);
  // Nothing while no reply has come whole. Throws base::Failure if what comes is not RESP.
  std::optional<Reply> Next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace windlass::redis
