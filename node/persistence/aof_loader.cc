// See aof_loader.h.
#include "node/persistence/aof_loader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "node/base/letter_case.h"
#include "node/persistence/log_batch.h"
#include "node/persistence/rdb_format.h"
#include "node/resp/request_parser.h"

namespace windlass::persistence {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
constexpr std::string_view kTimestamp = "#TS:";

class Replayer {
 public:
  Replayer(RdbSink* rdb_sink, resp::CommandSink* sink) : rdb_sink_(rdb_sink), sink_(sink) {
    resp::RequestLimits limits;
    limits.max_bulk_bytes = INT64_MAX / 2;
    parser_.set_limits(limits);
  }

  // False: stop, the replay's verdict says why.
  bool Feed(std::string_view bytes) {
    if (!started_) {
      head_.append(bytes);
      if (head_.size() < kRdbMagic.size()) return true;
      started_ = true;
      const bool is_rdb = head_.compare(0, kRdbMagic.size(), kRdbMagic) == 0 ||
                          head_.compare(0, kRdbMagic.size(), kRdbValkeyMagic.substr(0, kRdbMagic.size())) == 0;
      if (is_rdb) rdb_ = std::make_unique<RdbReader>(RdbReaderOptions{}, rdb_sink_);
      replay_.begins_with_rdb = is_rdb;
      const std::string head = std::move(head_);
      return rdb_ != nullptr ? FeedRdb(head) : FeedCommands(head);
    }
    return rdb_ != nullptr ? FeedRdb(bytes) : FeedCommands(bytes);
  }

  AofReplay Finish() {
    // Too short for an RDB's first word.
    if (!started_) FeedCommands(std::exchange(head_, std::string()));
    if (replay_.verdict != AofVerdict::kOk) return std::move(replay_);
    if (rdb_ != nullptr) {
      Stop(AofVerdict::kCorrupt, "Unexpected EOF reading RDB file");
    } else if (marked_ && !inbox_.empty()) {
      FinishWrittenAhead();
    } else if (!inbox_.empty() || in_multi_) {
      Stop(AofVerdict::kTruncated, in_multi_ ? kOpenTransaction : kUnexpectedEnd);
    }
    return std::move(replay_);
  }

 private:
  static constexpr char kOpenTransaction[] = "Revert incomplete MULTI/EXEC transaction";
  static constexpr char kUnexpectedEnd[] = "unexpected end of file";

  bool Stop(AofVerdict verdict, std::string reason) {
    replay_.verdict = verdict;
    replay_.reason = std::move(reason);
    replay_.failed_at = rdb_ != nullptr ? static_cast<int64_t>(rdb_->bytes_read()) : position_;
    return false;
  }

  // What stands at `position_` cannot be read. Where the log was written ahead, it takes
  // all that follows to tell why.
  bool StopReading(AofVerdict verdict, std::string reason) {
    if (!marked_) return Stop(verdict, std::move(reason));
    unread_ = verdict;
    unread_reason_ = std::move(reason);
    return true;
  }

  void FinishWrittenAhead() {
    LogEnd end = JudgeEnd(position_, inbox_);
    while ((end == LogEnd::kCut || end == LogEnd::kDamaged) && GoOnBehindFiller()) {
      if (!FeedCommands({})) return;
      end = JudgeEnd(position_, inbox_);
    }
    if (end == LogEnd::kFiller) {
      replay_.filler_bytes = static_cast<int64_t>(inbox_.size());
      if (in_multi_) Stop(AofVerdict::kTruncated, kOpenTransaction);
    } else if (end == LogEnd::kTorn) {
      Stop(AofVerdict::kTruncated, "the last batch was not written wholly");
    } else if (unread_ != AofVerdict::kOk) {
      Stop(unread_, unread_reason_);
    } else if (end == LogEnd::kCut || inbox_.size() > kLongestEnd) {  // the latter: of one command
      Stop(AofVerdict::kTruncated, kUnexpectedEnd);
    } else {
      Stop(AofVerdict::kCorrupt, "whole batches follow what cannot be read");
    }
  }

  // Another server has loaded the log and written on behind the filler. (What is left of
  // a torn batch has filler behind it, and was judged before.)
  bool GoOnBehindFiller() {
    const size_t run = FillerRun(inbox_);
    if (run == 0 || run == inbox_.size() || inbox_[run] != '*') return false;
    inbox_.erase(0, run);
    Counted(run);
    unread_ = AofVerdict::kOk;
    return true;
  }

  bool FeedRdb(std::string_view bytes) {
    if (auto fed = rdb_->Feed(bytes); !fed.ok()) return Stop(AofVerdict::kCorrupt, fed.error());
    if (!rdb_->done()) return true;
    replay_.valid_bytes = static_cast<int64_t>(rdb_->bytes_read());
    position_ = replay_.valid_bytes;
    const std::string rest(rdb_->extra());
    rdb_.reset();
    return FeedCommands(rest);
  }

  bool FeedCommands(std::string_view bytes) {
    inbox_.append(bytes);
    size_t used = 0;
    bool going_on = true;
    while (going_on && used < inbox_.size() && unread_ == AofVerdict::kOk) {
      const int64_t before = position_;
      const std::string_view rest = std::string_view(inbox_).substr(used);
      going_on = rest[0] == '#' ? FeedLine(rest) : FeedCommand(rest);
      if (position_ == before) break;
      used += static_cast<size_t>(position_ - before);
    }
    inbox_.erase(0, used);
    if (unread_ == AofVerdict::kOk || inbox_.size() <= kLongestEnd) return going_on;
    return GoOnBehindFiller() ? FeedCommands({}) : Stop(unread_, unread_reason_);
  }

  // These two go past a whole one; if there is none, more must come.
  bool FeedCommand(std::string_view rest) {
    if (rest[0] != '*') return StopReading(AofVerdict::kCorrupt, "a command does not begin with '*'");
    // A client may send an empty command, which says nothing; nobody logs one.
    if (rest.size() > 1 && (rest[1] < '1' || rest[1] > '9')) return StopReading(AofVerdict::kCorrupt, "a command has no words");
    if (rest.size() == 1) return true;
    size_t consumed = 0;
    const resp::ParseStatus status = parser_.Parse(rest, &consumed, &args_);
    if (status == resp::ParseStatus::kNeedMore) return true;
    if (status == resp::ParseStatus::kError || args_.empty()) return StopReading(AofVerdict::kCorrupt, parser_.error());
    if (!Apply()) return false;
    Counted(consumed);
    return true;
  }

  // An annotation.
  bool FeedLine(std::string_view rest) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return true;
    const std::string_view line = rest.substr(0, end + 1);
    if (const auto mark = ParseBatchHead(line)) {
      const std::string_view batch = rest.substr(line.size(), mark->bytes);
      marked_ = true;
      if (batch.size() < mark->bytes) return true;
      if (!IsWhole(*mark, position_, batch)) return StopReading(AofVerdict::kCorrupt, "the checksum of a batch is wrong");
    } else if (marked_ && line.substr(0, kTimestamp.size()) != kTimestamp) {
      return StopReading(AofVerdict::kCorrupt, IsFiller(line) ? "something follows the end of the log" : "a batch has no head");
    }
    Counted(line.size());
    return true;
  }

  void Counted(size_t bytes) {
    position_ += static_cast<int64_t>(bytes);
    if (!in_multi_) replay_.valid_bytes = position_;
  }

  bool Apply() {
    if (base::EqualsNoCase(args_[0], "MULTI")) {
      in_multi_ = true;
    } else if (base::EqualsNoCase(args_[0], "EXEC")) {
      in_multi_ = false;
      const auto commands = std::move(queued_);
      queued_.clear();
      std::vector<std::string_view> views;
      for (const auto& command : commands) {
        views.assign(command.begin(), command.end());
        if (!Run(views)) return false;
      }
    } else if (in_multi_) {
      queued_.emplace_back(args_.begin(), args_.end());
    } else {
      return Run(args_);
    }
    return true;
  }

  bool Run(std::span<const std::string_view> args) {
    ++replay_.commands;
    if (base::EqualsNoCase(args[0], "SELECT") && args.size() == 2) {
      db_ = std::atoi(std::string(args[1]).c_str());
      return true;
    }
    const auto applied = sink_->OnCommand(db_, args);
    return applied.ok() || Stop(AofVerdict::kCorrupt, applied.error());
  }

  RdbSink* rdb_sink_;
  resp::CommandSink* sink_;
  AofReplay replay_;
  std::string head_;
  bool started_ = false;
  std::unique_ptr<RdbReader> rdb_;  // while the leading RDB is read
  resp::RequestParser parser_;
  std::string inbox_;
  std::vector<std::string_view> args_;
  std::vector<std::vector<std::string>> queued_;
  bool in_multi_ = false;
  bool marked_ = false;  // there are batches with their checksums, and filler
  AofVerdict unread_ = AofVerdict::kOk;  // what is left in inbox_ cannot be read
  std::string unread_reason_;
  int db_ = 0;
  int64_t position_ = 0;
};

}  // namespace

AofReplay ReplayAofFile(const std::string& path, RdbSink* rdb_sink, resp::CommandSink* sink,
                        const std::function<void(int64_t)>& progress) {
  AofReplay unreadable;
  unreadable.verdict = AofVerdict::kUnreadable;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    unreadable.reason = std::strerror(errno);
    return unreadable;
  }
  Replayer replayer(rdb_sink, sink);
  std::vector<char> chunk(kChunkBytes);
  int64_t bytes = 0;
  for (;;) {
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      unreadable.reason = std::strerror(errno);
      ::close(fd);
      return unreadable;
    }
    if (n == 0 || !replayer.Feed(std::string_view(chunk.data(), static_cast<size_t>(n)))) break;
    bytes += n;
    if (progress) progress(bytes);
  }
  ::close(fd);
  return replayer.Finish();
}

}  // namespace windlass::persistence
