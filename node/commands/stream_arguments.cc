// See stream_arguments.h.
#include "node/commands/stream_arguments.h"

#include <algorithm>
#include <string>

#include "node/commands/containers.h"
#include "node/types/number.h"

namespace windlass::commands {

using types::StreamId;
using types::StreamTrim;

namespace {

template <typename T>
std::optional<T> OrInvalid(Call& call, std::optional<T> id) {
  if (!id) call.reply.Error(kInvalidStreamId);
  return id;
}

bool IsExclusive(std::string_view text) { return text.size() > 1 && text[0] == '('; }

}  // namespace

std::string Shown(std::string_view name) { return std::string(name.substr(0, name.find('\0'))); }

std::optional<StreamId> ParseId(Call& call, std::string_view text) {
  return OrInvalid(call, types::ParseStreamId(text, 0));
}

std::optional<StreamId> ParseIdOrEnd(Call& call, std::string_view text, uint64_t missing_sequence) {
  if (text == "-") return StreamId{};
  if (text == "+") return types::kLastStreamId;
  return OrInvalid(call, types::ParseStreamId(text, missing_sequence));
}

std::optional<StreamId> ParseIntervalStart(Call& call, std::string_view text) {
  if (!IsExclusive(text)) return ParseIdOrEnd(call, text, 0);
  const auto id = ParseId(call, text.substr(1));
  if (!id) return std::nullopt;
  const auto after = types::IdAfter(*id);
  if (!after) call.reply.Error("ERR invalid start ID for the interval");
  return after;
}

std::optional<StreamId> ParseIntervalEnd(Call& call, std::string_view text) {
  if (!IsExclusive(text)) return ParseIdOrEnd(call, text, UINT64_MAX);
  const auto id = OrInvalid(call, types::ParseStreamId(text.substr(1), UINT64_MAX));
  if (!id) return std::nullopt;
  const auto before = types::IdBefore(*id);
  if (!before) call.reply.Error("ERR invalid end ID for the interval");
  return before;
}

std::optional<int64_t> ParseInt(Call& call, std::string_view text, std::string_view error) {
  const auto value = types::ParseInteger(text);
  if (!value) call.reply.Error(error);
  return value;
}

namespace {

// Takes options from args[2] on, one Take at a time. A step that failed has replied.
class StreamAddParser {
 public:
  StreamAddParser(Call& call, StreamCommand command) : call_(call), adds_(command == StreamCommand::kAdd) {}

  std::optional<StreamAddArguments> Parse() {
    size_t at = 2;
    while (at < call_.args.size() && !done_) {
      if (!Take(&at)) return std::nullopt;
    }
    out_.id_at = done_ ? at - 1 : at;
    if (!Check()) return std::nullopt;
    return out_;
  }

 private:
  bool Refuse(std::string_view error) {
    call_.reply.Error(error);
    return false;
  }

  bool Take(size_t* at) {
    const std::string_view word = call_.args[*at];
    const bool more = *at + 1 < call_.args.size();
    if (adds_ && word == "*") {
      ++*at;
      done_ = true;
      return true;
    }
    if (more && EqualsNoCase(word, "MAXLEN")) return TakeThreshold(StreamTrim::Kind::kMaxLength, at);
    if (more && EqualsNoCase(word, "MINID")) return TakeThreshold(StreamTrim::Kind::kMinId, at);
    if (more && EqualsNoCase(word, "LIMIT")) return TakeLimit(at);
    if (!adds_) return Refuse(kSyntaxError);
    if (EqualsNoCase(word, "NOMKSTREAM")) {
      out_.no_make_stream = true;
      ++*at;
      return true;
    }
    out_.id = types::ParseNewStreamId(word);
    if (!out_.id) return Refuse(kInvalidStreamId);
    ++*at;
    done_ = true;
    return true;
  }

  bool TakeThreshold(StreamTrim::Kind kind, size_t* at) {
    StreamTrim& trim = out_.trim;
    if (trim.kind != StreamTrim::Kind::kNone) {
      return Refuse("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    }
    trim.kind = kind;
    ++*at;
    if (*at + 1 < call_.args.size() && (call_.args[*at] == "~" || call_.args[*at] == "=")) {
      trim.approximate = call_.args[*at] == "~";
      ++*at;
    }
    const std::string_view threshold = call_.args[*at];
    out_.threshold_at = (*at)++;
    if (kind == StreamTrim::Kind::kMinId) {
      const auto id = ParseId(call_, threshold);
      if (!id) return false;
      trim.min_id = *id;
      return true;
    }
    const auto length = ParseInt(call_, threshold);
    if (!length) return false;
    if (*length < 0) return Refuse("ERR The MAXLEN argument must be >= 0.");
    trim.max_length = static_cast<uint64_t>(*length);
    return true;
  }

  bool TakeLimit(size_t* at) {
    const auto limit = ParseInt(call_, call_.args[*at + 1]);
    if (!limit) return false;
    if (*limit < 0) return Refuse("ERR The LIMIT argument must be >= 0.");
    limit_ = *limit;
    *at += 2;
    return true;
  }

  // What each option alone cannot tell; and how much an approximate trim may do.
  bool Check() {
    StreamTrim& trim = out_.trim;
    if (limit_.value_or(0) != 0 && trim.kind == StreamTrim::Kind::kNone) {
      return Refuse("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    }
    if (!adds_ && trim.kind == StreamTrim::Kind::kNone) {
      return Refuse("ERR syntax error, XTRIM must be called with a trimming strategy");
    }
    // The log has the threshold that was reached: all of it is to be trimmed.
    if (call_.client.Has(client::kMasterLink | client::kAofLoader)) return true;
    if (limit_ && !trim.approximate) {
      return Refuse("ERR syntax error, LIMIT cannot be used without the special ~ option");
    }
    constexpr uint64_t kNodes = 100;
    constexpr uint64_t kFallback = 10'000;
    constexpr uint64_t kMost = 1'000'000;
    const uint64_t by_default = std::min(kNodes * uint64_t{LimitsOf(call_).stream_node_max_entries}, kMost);
    if (trim.approximate) trim.limit = limit_ ? static_cast<uint64_t>(*limit_) : by_default == 0 ? kFallback : by_default;
    return true;
  }

  Call& call_;
  const bool adds_;
  bool done_ = false;  // the id was taken
  std::optional<int64_t> limit_;
  StreamAddArguments out_;
};

}  // namespace

std::optional<StreamAddArguments> ParseStreamAdd(Call& call, StreamCommand command) {
  return StreamAddParser(call, command).Parse();
}

void RewrittenCommand::SetTrim(const StreamAddArguments& arguments, const types::Stream& stream) {
  Set(arguments.threshold_at - 1, "=");
  if (arguments.trim.kind == StreamTrim::Kind::kMaxLength) {
    Set(arguments.threshold_at, std::to_string(stream.size()));
  } else {
    const StreamId first = stream.size() == 0 ? types::kLastStreamId : stream.counters().first_id;
    Set(arguments.threshold_at, first.ToString());
  }
}

void RewrittenCommand::Log(Call& call) const {
  if (changes_.empty() || !call.effects.read()) return;
  std::vector<std::string_view> argv(call.args.begin(), call.args.end());
  for (const auto& [argument, value] : changes_) argv[argument] = value;
  call.effects.Replace(argv);
}

}  // namespace windlass::commands
