// See slow_log.h.
#include "node/observe/slow_log.h"

#include <utility>

namespace windlass::observe {

void SlowLog::Add(std::span<const std::string_view> args, int64_t unix_seconds, int64_t duration_us,
                  std::string peer, std::string client_name, size_t max_entries) {
  Entry entry{next_id_++, unix_seconds, duration_us, {}, std::move(peer), std::move(client_name)};
  for (size_t i = 0; i < args.size(); ++i) {
    if (i == kMaxArgs - 1 && args.size() > kMaxArgs) {
      entry.args.push_back("... (" + std::to_string(args.size() - i) + " more arguments)");
      break;
    }
    const std::string_view arg = args[i];
    if (arg.size() <= kMaxArgBytes) {
      entry.args.emplace_back(arg);
    } else {
      entry.args.push_back(std::string(arg.substr(0, kMaxArgBytes)) + "... (" +
                           std::to_string(arg.size() - kMaxArgBytes) + " more bytes)");
    }
  }
  entries_.push_front(std::move(entry));
  Trim(max_entries);
}

void SlowLog::Trim(size_t max_entries) {
  while (entries_.size() > max_entries) entries_.pop_back();
}

}  // namespace windlass::observe
