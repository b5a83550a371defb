// Slot moves: one pair line by line, or the pairs of a round side by side.
#include "operator/cli/slot_moves.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace windlass::cli {
namespace {

using topology::Node;

// How long a step may take before the user hears of it.
constexpr int64_t kStepMs = 1000;

std::unique_ptr<redis::PairMover> MakeMover(const Cluster& cluster, redis::NodePool& pool, const topology::PairMoves& pair,
                                            redis::SlotMoverOptions options,
                                            std::function<void(const std::string&)> on_wait) {
  options.patience = {kReplicasWaitMs, std::move(on_wait)};
  const Node* from = cluster.view.Find(pair.from);
  const Node* to = cluster.view.Find(pair.to);
  std::vector<redis::MoverNode> others;
  for (const Node* node : cluster.masters()) {
    if (node != from && node != to && node->reported) others.push_back({node->id, node->address});
  }
  return std::make_unique<redis::PairMover>(pool, cluster.view, redis::MoverNode{from->id, from->address},
                                            redis::MoverNode{to->id, to->address}, std::move(others), pair.slots, options);
}

}  // namespace

std::vector<topology::ShardState> ShardsOf(const Cluster& cluster) {
  std::vector<topology::ShardState> shards;
  for (const Node* master : cluster.masters()) shards.push_back({master->id, 1, master->slots});
  return shards;
}

void MoveSlots(Session& session, const Cluster& cluster, const topology::PairMoves& pair,
               const redis::SlotMoverOptions& options) {
  redis::NodePool pool(session.admin);
  const auto mover = MakeMover(cluster, pool, pair, options,
                               [&session](const std::string& text) { session.out << "   " << text << std::endl; });
  const std::string route = " from " + cluster.view.Find(pair.from)->name() + " to " +
                            cluster.view.Find(pair.to)->name();
  bool quiet = true;
  mover->on_slot_start = [&](slot::SlotId slot) {
    quiet = false;
    session.out << "Moving slot " << slot << route << std::endl;
  };
  std::string told;
  for (bool done = false; !done;) {
    if (std::exchange(told, mover->WayText()) != told) {
      session.out << "Moving " << pair.slots.size() << " slots" << route << ", " << told << std::endl;
    }
    quiet = true;
    done = mover->Step(slot::kSlotCount, kStepMs);
    if (quiet) {
      session.out << "   " << mover->progress().slots_done << "/" << mover->progress().slots_total << " slots, "
                  << mover->progress().keys_moved << " keys moved" << std::endl;
    }
  }
}

void MoveRound(Session& session, const Cluster& cluster, const std::vector<topology::PairMoves>& round,
               const redis::SlotMoverOptions& options) {
  std::atomic<int> slots{0};
  std::atomic<int64_t> keys{0};
  std::atomic<size_t> running{round.size()};
  std::vector<std::string> failures(round.size());
  std::mutex waits_lock;
  std::vector<std::string> waits;  // to be said, guarded by waits_lock
  std::vector<std::thread> threads;
  int total = 0;
  for (size_t i = 0; i < round.size(); ++i) {
    total += static_cast<int>(round[i].slots.size());
    session.out << "Moving " << round[i].slots.size() << " slots from " << cluster.view.Find(round[i].from)->name()
                << " to " << cluster.view.Find(round[i].to)->name() << ", "
                << redis::WayText(redis::WayOf(cluster.view, round[i].from, round[i].to, options)) << std::endl;
    threads.emplace_back([&, i] {
      try {
        redis::NodePool pool(session.admin);
        const auto mover = MakeMover(cluster, pool, round[i], options, [&](const std::string& text) {
          const std::lock_guard lock(waits_lock);
          waits.push_back(text);
        });
        redis::SlotMover::Progress before;
        while (!before.finished() || before.slots_total == 0) {
          mover->Step(64, kStepMs);
          const redis::SlotMover::Progress now = mover->progress();
          slots += now.slots_done - before.slots_done;
          keys += now.keys_moved - before.keys_moved;
          before = now;
        }
      } catch (const base::Failure& failure) {
        failures[i] = failure.what();
      }
      --running;
    });
  }
  for (int ticks = 1; running > 0; ++ticks) {
    SleepMs(50);
    std::vector<std::string> said;
    {
      const std::lock_guard lock(waits_lock);
      said.swap(waits);
    }
    for (const std::string& text : said) session.out << "   " << text << std::endl;
    if (ticks % 20 == 0) session.out << "   " << slots << "/" << total << " slots, " << keys << " keys moved" << std::endl;
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) {
    if (!failure.empty()) throw base::Failure(failure);
  }
  session.out << "   " << slots << "/" << total << " slots, " << keys << " keys moved" << std::endl;
}

}  // namespace windlass::cli
