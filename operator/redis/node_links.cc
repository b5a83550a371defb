// See node_links.h.
#include "operator/redis/node_links.h"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>

#include "node/base/clock.h"

namespace windlass::redis {
namespace {

using topology::NodeReport;

// Of a large cluster every node speaks of all: so many answers are on their way at once, and
// no more of them in memory. A node that has been silent for a while does not count.
constexpr size_t kAtOnce = 32;
constexpr int64_t kSlowMs = 250;

int64_t MonotonicMs() { return base::SystemClock().MonotonicUs() / 1000; }

// One look at many nodes.
class Look {
 public:
  Look(const ObserveOptions& options, int64_t now_ms) : options_(options), now_ms_(now_ms), end_ms_(now_ms + options.deadline_ms) {}

  void Run(const std::vector<Conversation*>& all) {
    size_t next = 0;
    while (true) {
      while (next < all.size() && Fresh() < kAtOnce) {
        all[next]->Begin(options_, &tables_, now_ms_, end_ms_);
        if (!all[next]->over()) open_.push_back(all[next]);
        ++next;
      }
      if (open_.empty()) return;
      Wait(next < all.size());
      std::erase_if(open_, [](const Conversation* one) { return one->over(); });
    }
  }

 private:
  size_t Fresh() const {
    return static_cast<size_t>(std::count_if(open_.begin(), open_.end(), [this](const Conversation* one) { return now_ms_ - one->began_ms() < kSlowMs; }));
  }

  void Wait(bool more) {
    std::vector<pollfd> wanted;
    int64_t due_ms = std::numeric_limits<int64_t>::max();
    for (const Conversation* one : open_) {
      wanted.push_back(one->Wanted());
      due_ms = std::min(due_ms, one->DueMs());
      if (more && now_ms_ - one->began_ms() < kSlowMs) due_ms = std::min(due_ms, one->began_ms() + kSlowMs);
    }
    const int count = poll(wanted.data(), wanted.size(), static_cast<int>(std::max<int64_t>(0, due_ms - now_ms_)));
    now_ms_ = MonotonicMs();
    for (size_t i = 0; count > 0 && i < open_.size(); ++i) {
      if (wanted[i].revents != 0) open_[i]->OnReady(wanted[i].revents, now_ms_);
    }
    for (Conversation* one : open_) one->OnTime(now_ms_);
  }

  const ObserveOptions& options_;
  int64_t now_ms_;
  const int64_t end_ms_;
  NodeTables tables_;
  std::vector<Conversation*> open_;
};

}  // namespace

size_t LinkBudget::OfThisProcess() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  return static_cast<size_t>(files.rlim_cur / 2);
}

bool LinkBudget::Take() {
  if (++taken_ <= most_) return true;
  --taken_;
  return false;
}

NodeLinks::~NodeLinks() { DropAll(); }

void NodeLinks::DropAll() {
  for (size_t i = 0; i < links_.size(); ++i) budget_->Give();
  links_.clear();
}

NodeLinks::Link NodeLinks::Take(const Address& address) {
  auto kept = links_.extract(address);
  if (kept.empty()) return std::make_unique<Conversation>(address);
  budget_->Give();
  return std::move(kept.mapped());
}

void NodeLinks::Keep(const Address& address, Link link) {
  if (budget_ == nullptr || !link->connected() || links_.count(address) != 0 || !budget_->Take()) return;
  links_[address] = std::move(link);
}

std::vector<NodeReport> NodeLinks::Ask(const std::vector<Address>& addresses, const ObserveOptions& options) {
  const Credentials earlier = options.admin.earlier.value_or(Credentials{});
  if (credentials_ != options.admin.credentials || earlier_ != earlier) DropAll();
  credentials_ = options.admin.credentials;
  earlier_ = earlier;
  std::vector<Link> links;
  std::vector<Conversation*> all;
  for (const Address& address : addresses) {
    links.push_back(Take(address));
    all.push_back(links.back().get());
  }
  DropAll();  // of nodes that are not asked any more
  Look(options, MonotonicMs()).Run(all);
  std::vector<NodeReport> reports;
  for (size_t i = 0; i < links.size(); ++i) {
    reports.push_back(links[i]->TakeReport());
    Keep(addresses[i], std::move(links[i]));
  }
  return reports;
}

}  // namespace windlass::redis
