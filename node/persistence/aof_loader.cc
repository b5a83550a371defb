// See aof_loader.h.
#include "node/persistence/aof_loader.h"

#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "node/persistence/rdb_format.h"
#include "node/resp/request_parser.h"

namespace windlass::persistence {
namespace {

constexpr size_t kChunkBytes = 1 << 20;

bool IsWord(std::string_view argument, std::string_view word) {
  return argument.size() == word.size() && ::strncasecmp(argument.data(), word.data(), word.size()) == 0;
}

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
    if (replay_.verdict != AofVerdict::kOk) return std::move(replay_);
    if (rdb_ != nullptr) {
      Stop(AofVerdict::kCorrupt, "Unexpected EOF reading RDB file");
    } else if (!inbox_.empty() || !head_.empty() || in_multi_) {
      Stop(AofVerdict::kTruncated, in_multi_ ? "Revert incomplete MULTI/EXEC transaction" : "unexpected end of file");
    }
    return std::move(replay_);
  }

 private:
  bool Stop(AofVerdict verdict, std::string reason) {
    replay_.verdict = verdict;
    replay_.reason = std::move(reason);
    replay_.failed_at = rdb_ != nullptr ? static_cast<int64_t>(rdb_->bytes_read()) : position_;
    return false;
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
    while (used < inbox_.size()) {
      const std::string_view rest = std::string_view(inbox_).substr(used);
      if (rest[0] == '#') {  // an annotation, one line
        const size_t end = rest.find('\n');
        if (end == std::string_view::npos) break;
        used += end + 1;
        Counted(end + 1);
        continue;
      }
      if (rest[0] != '*') return Stop(AofVerdict::kCorrupt, "a command does not begin with '*'");
      // A client may send an empty command, which says nothing; nobody logs one.
      if (rest.size() > 1 && (rest[1] < '1' || rest[1] > '9')) return Stop(AofVerdict::kCorrupt, "a command has no words");
      if (rest.size() == 1) break;
      size_t consumed = 0;
      const resp::ParseStatus status = parser_.Parse(rest, &consumed, &args_);
      if (status == resp::ParseStatus::kNeedMore) break;
      if (status == resp::ParseStatus::kError || args_.empty()) return Stop(AofVerdict::kCorrupt, parser_.error());
      if (!Apply()) return false;
      used += consumed;
      Counted(consumed);
    }
    inbox_.erase(0, used);
    return true;
  }

  void Counted(size_t bytes) {
    position_ += static_cast<int64_t>(bytes);
    if (!in_multi_) replay_.valid_bytes = position_;
  }

  bool Apply() {
    if (IsWord(args_[0], "MULTI")) {
      in_multi_ = true;
    } else if (IsWord(args_[0], "EXEC")) {
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
    if (IsWord(args[0], "SELECT") && args.size() == 2) {
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
