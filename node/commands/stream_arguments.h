// Arguments that the commands on streams have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/commands/command.h"
#include "node/types/stream.h"
#include "node/types/stream_id.h"

namespace windlass::commands {

inline constexpr std::string_view kInvalidStreamId = "ERR Invalid stream ID specified as stream command argument";

// A name as error texts show it: up to a zero byte.
std::string Shown(std::string_view name);

// Of each: nothing: the error reply was written.

// An id that names an entry; a sequence that is not there is zero.
std::optional<types::StreamId> ParseId(Call& call, std::string_view text);
// Also "-" and "+", the least and the greatest.
std::optional<types::StreamId> ParseIdOrEnd(Call& call, std::string_view text, uint64_t missing_sequence);
// The bounds of an interval: "-", "+", an id, or "(" and an id that is left out.
std::optional<types::StreamId> ParseIntervalStart(Call& call, std::string_view text);
std::optional<types::StreamId> ParseIntervalEnd(Call& call, std::string_view text);
// Replies `error` if it is not an integer.
std::optional<int64_t> ParseInt(Call& call, std::string_view text, std::string_view error = kNotInteger);

// The options of XADD and XTRIM, and XADD's id.
struct StreamAddArguments {
  types::StreamTrim trim;
  size_t threshold_at = 0;  // the argument with the length or id to trim to
  bool no_make_stream = false;
  size_t id_at = 0;  // XADD's id, or behind the last argument
  std::optional<types::ParsedStreamId> id;  // nothing: "*"
};
enum class StreamCommand { kAdd, kTrim };
std::optional<StreamAddArguments> ParseStreamAdd(Call& call, StreamCommand command);

// The command as typed, but for some arguments: for the log.
class RewrittenCommand {
 public:
  void Set(size_t argument, std::string value) { changes_.emplace_back(argument, std::move(value)); }
  // A trim that stopped at a whole node, in a form that stops at the same entry.
  void SetTrim(const StreamAddArguments& arguments, const types::Stream& stream);
  // In place of the command, if anything is to be changed.
  void Log(Call& call) const;

 private:
  std::vector<std::pair<size_t, std::string>> changes_;
};

}  // namespace windlass::commands
