// A command as bytes on a log or link, and who consumes such commands.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "node/base/result.h"

namespace windlass::resp {

// Appends argv as a RESP array of bulk strings: the form of AOF and replication.
void EncodeCommand(std::span<const std::string_view> argv, std::string* out);

// How many bytes that would append.
size_t EncodedBytes(std::span<const std::string_view> argv);

// What AOF replay, the link to a master and imports feed.
class CommandSink {
 public:
  virtual ~CommandSink() = default;
  virtual base::Result<void> OnCommand(int db, std::span<const std::string_view> argv) = 0;
};

}  // namespace windlass::resp
