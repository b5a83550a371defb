#include "tests/ledger/workload.h"

#include <algorithm>
#include <utility>

namespace windlass::ledger {

namespace {

constexpr size_t kMostPending = 256;  // of one worker; a dead shard holds up to these
constexpr size_t kReadsPerBatch = 4;
constexpr size_t kGrowthBatch = 256;

}  // namespace

Worker::Worker(const WorkloadOptions& options, int index, const Targets* targets)
    : options_(options), index_(index), targets_(targets), client_(options.client),
      random_(static_cast<uint64_t>(index) + 1) {}

std::string Worker::KeyName(size_t i) const {
  return options_.prefix + ":" + std::to_string(index_) + ":" + std::to_string(i);
}

std::string Worker::CounterName() const { return options_.prefix + ":" + std::to_string(index_) + ":counter"; }

void Worker::SetPlanned(bool planned) {
  planned_ = planned;
  if (planned) return;
  for (Entry& entry : entries_) entry.ForgetUnconfirmed();
  counter_.ForgetUnconfirmed();
}

PhaseFigures Worker::TakeFigures() {
  PhaseFigures taken = std::move(figures_);
  figures_ = {};
  return taken;
}

// A live key without an operation in flight, on a shard that answers.
bool Worker::PickKey(size_t* key) {
  for (int tries = 0; tries < 64 && live_ > 0; ++tries) {
    const size_t i = random_() % live_;
    if (busy_[i] || !client_.Healthy(slots_[i])) continue;
    *key = i;
    return true;
  }
  return false;
}

void Worker::AddSet(size_t key) {
  auto operation = std::make_unique<Operation>();
  operation->kind = Operation::Kind::kSet;
  operation->key = key;
  if (!entries_[key].live()) ++live_;
  operation->number = entries_[key].Begin(false);
  operation->command.argv = {"SET", KeyName(key), MakeValue(operation->number, static_cast<size_t>(targets_->value_size))};
  operation->command.slot = slots_[key];
  busy_[key] = true;
  operations_.push_back(std::move(operation));
}

void Worker::AddWrites(size_t count) {
  const auto target = static_cast<size_t>(std::max<int64_t>(1, targets_->keys / options_.workers));
  const size_t growth = live_ < target ? std::min(kGrowthBatch, target - live_) : 0;
  for (size_t n = 0; n < growth; ++n) {
    // Invariant: the live keys are 0 to live_ - 1; deleted ones come back first.
    if (live_ == entries_.size()) {
      entries_.emplace_back();
      slots_.push_back(SlotOf(KeyName(entries_.size() - 1)));
      busy_.push_back(false);
    }
    if (busy_[live_]) break;
    AddSet(live_);
  }
  for (size_t n = 0; growth == 0 && n < kGrowthBatch && live_ > target; ++n) {
    const size_t key = live_ - 1;
    if (busy_[key]) break;
    auto operation = std::make_unique<Operation>();
    operation->kind = Operation::Kind::kDelete;
    operation->key = key;
    operation->number = entries_[key].Begin(true);
    operation->command.argv = {"DEL", KeyName(key)};
    operation->command.slot = slots_[key];
    busy_[key] = true;
    --live_;
    operations_.push_back(std::move(operation));
  }
  for (size_t n = 0; n < count; ++n) {
    size_t key = 0;
    if (PickKey(&key)) AddSet(key);
  }
}

void Worker::AddRead() {
  size_t key = 0;
  if (!PickKey(&key)) return;
  auto operation = std::make_unique<Operation>();
  operation->kind = Operation::Kind::kGet;
  operation->key = key;
  operation->command.argv = {"GET", KeyName(key)};
  operation->command.slot = slots_[key];
  busy_[key] = true;
  operations_.push_back(std::move(operation));
}

void Worker::AddIncrement() {
  const uint16_t slot = SlotOf(CounterName());
  if (increment_busy_) return;
  auto operation = std::make_unique<Operation>();
  operation->kind = Operation::Kind::kIncrement;
  operation->command.argv = {"INCR", CounterName()};
  operation->command.slot = slot;
  operation->command.idempotent = false;
  increment_busy_ = true;
  operations_.push_back(std::move(operation));
}

void Worker::Settle(const Operation& operation) {
  const Command& command = operation.command;
  const bool replied = command.outcome == Outcome::kReply;
  if (command.outcome == Outcome::kFailed) {
    ++figures_.failed;
    figures_.last_failure = command.argv[0] + " " + command.argv[1] + ": " + command.text;
  }
  if (operation.kind == Operation::Kind::kIncrement) {
    increment_busy_ = false;
    if (!replied) {
      ++counter_.unknown;  // also when given up: it may have been done
      if (command.outcome == Outcome::kUnknown) ++figures_.unknown;
      return;
    }
    counter_.Ack(planned_);
    if (command.confirmed) counter_.Confirm(planned_);
  } else {
    busy_[operation.key] = false;
    Entry& entry = entries_[operation.key];
    if (operation.kind == Operation::Kind::kGet) {
      std::optional<uint32_t> seen;
      if (command.type == REDIS_REPLY_STRING) seen = NumberOf(command.text.data(), command.text.size()).value_or(0);
      if (replied && Judge(entry, seen) != Verdict::kRight) {
        ++figures_.lost_reads;
        figures_.last_failure = "GET " + command.argv[1] + " showed " + (seen ? std::to_string(*seen) : "nothing") +
                                ", promised " + std::to_string(entry.required) + " of " + std::to_string(entry.attempted);
      }
      return;
    }
    if (!replied) return;
    entry.Ack(operation.number, planned_);
    if (command.confirmed) entry.Confirm(operation.number);
  }
  ++figures_.acked;
  if (command.confirmed) ++figures_.confirmed;
  const double wait_ms = std::chrono::duration<double, std::milli>(command.ended - command.started).count();
  figures_.longest_wait_ms = std::max(figures_.longest_wait_ms, wait_ms);
}

void Worker::Step() {
  const auto now = Clock::now();
  if (next_ < now - std::chrono::milliseconds(500)) next_ = now - std::chrono::milliseconds(500);
  if (now < next_) {
    std::this_thread::sleep_until(std::min(next_, now + std::chrono::milliseconds(20)));
    if (Clock::now() < next_) return;
  }
  const double per_worker = std::max(1.0, static_cast<double>(targets_->writes_per_second) / options_.workers);
  next_ += std::chrono::microseconds(static_cast<int64_t>(options_.batch / per_worker * 1e6));
  std::vector<Command*> commands;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    client_.AlsoAsk(std::exchange(nodes_, {}));
    if (operations_.size() < kMostPending) {
      AddIncrement();
      AddWrites(static_cast<size_t>(options_.batch) - 1);
      for (size_t i = 0; i < kReadsPerBatch; ++i) AddRead();
    }
    for (const auto& operation : operations_) commands.push_back(&operation->command);
  }
  client_.Round(commands);
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& operation : operations_) {
    if (operation->command.outcome != Outcome::kPending) Settle(*operation);
  }
  std::erase_if(operations_, [](const auto& o) { return o->command.outcome != Outcome::kPending; });
  figures_.errors.Add(client_.TakeErrors());
}

void Worker::Drain() {
  std::vector<Command*> commands;
  for (const auto& operation : operations_) commands.push_back(&operation->command);
  client_.Finish(commands);
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& operation : operations_) Settle(*operation);
  operations_.clear();
  figures_.errors.Add(client_.TakeErrors());
}

}  // namespace windlass::ledger
