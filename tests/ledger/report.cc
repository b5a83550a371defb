#include "tests/ledger/report.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace windlass::ledger {

namespace {

constexpr size_t kReadBatch = 500;
constexpr size_t kMostExamples = 10;

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

class JsonLine {
 public:
  JsonLine& Add(const char* name, const std::string& raw) {
    text_ += text_.size() > 1 ? ", " : "";
    text_ += Quoted(name) + ": " + raw;
    return *this;
  }
  JsonLine& Add(const char* name, uint64_t value) { return Add(name, std::to_string(value)); }
  JsonLine& Add(const char* name, double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.1f", value);
    return Add(name, std::string(text));
  }
  std::string Done() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

void Note(Audit* audit, const std::string& what) {
  if (audit->examples.size() < kMostExamples) audit->examples.push_back(what);
}

void JudgeKey(const Command& command, const Entry& entry, Audit* audit) {
  ++audit->keys;
  if (command.outcome != Outcome::kReply) {
    ++audit->unread;
    Note(audit, "unread " + command.argv[1] + ": " + command.text);
    return;
  }
  std::optional<uint32_t> seen;
  if (command.type == REDIS_REPLY_STRING) seen = NumberOf(command.text.data(), command.text.size()).value_or(0);
  const Verdict verdict = Judge(entry, seen);
  if (verdict == Verdict::kRight) return;
  ++(verdict == Verdict::kLost ? audit->lost : audit->from_nowhere);
  Note(audit, command.argv[1] + " shows " + (seen ? std::to_string(*seen) : "nothing") + ", promised " +
                  std::to_string(entry.required) + " of " + std::to_string(entry.attempted));
}

void JudgeCounter(const Command& command, const Counter& counter, Audit* audit) {
  if (command.outcome != Outcome::kReply) {
    ++audit->unread;
    return;
  }
  const uint64_t value = command.text.empty() ? 0 : std::stoull(command.text);
  const CounterVerdict verdict = Judge(counter, value);
  audit->increments_lost += verdict.lost;
  audit->double_applied += verdict.double_applied;
  if (verdict.lost + verdict.double_applied > 0) {
    Note(audit, command.argv[1] + " is " + std::to_string(value) + ", acknowledged " + std::to_string(counter.acked) +
                    ", unknown " + std::to_string(counter.unknown));
  }
}

Command Read(const std::string& key) {
  Command command;
  command.argv = {"GET", key};
  command.slot = SlotOf(key);
  return command;
}

}  // namespace

std::string ToJson(const PhaseFigures& f) {
  JsonLine line;
  line.Add("phase", Quoted(f.name)).Add("planned", f.planned ? "true" : "false").Add("seconds", f.seconds);
  line.Add("acknowledged", f.acked).Add("confirmed", f.confirmed).Add("failed", f.failed).Add("unknown", f.unknown);
  line.Add("lost_reads", f.lost_reads).Add("longest_wait_ms", f.longest_wait_ms).Add("slowest_second", f.slowest_second);
  line.Add("writes_per_second", f.seconds > 0 ? static_cast<double>(f.acked) / f.seconds : 0.0);
  line.Add("moved", f.errors.moved).Add("ask", f.errors.ask).Add("tryagain", f.errors.try_again);
  line.Add("clusterdown", f.errors.cluster_down).Add("readonly", f.errors.read_only).Add("loading", f.errors.loading);
  line.Add("other_errors", f.errors.other).Add("disconnects", f.errors.disconnects);
  if (!f.last_failure.empty()) line.Add("last_failure", Quoted(f.last_failure));
  return line.Done();
}

void Merge(PhaseFigures* into, const PhaseFigures& more) {
  into->acked += more.acked;
  into->confirmed += more.confirmed;
  into->failed += more.failed;
  into->unknown += more.unknown;
  into->lost_reads += more.lost_reads;
  into->longest_wait_ms = std::max(into->longest_wait_ms, more.longest_wait_ms);
  into->errors.Add(more.errors);
  if (!more.last_failure.empty()) into->last_failure = more.last_failure;
}

void WriteBooks(const std::string& path, const Workers& workers) {
  std::ofstream file(path);
  for (const auto& worker : workers) {
    const std::vector<Entry>& entries = worker->entries();
    for (size_t i = 0; i < entries.size(); ++i) {
      file << "K " << worker->KeyName(i) << ' ' << entries[i].required << ' ' << entries[i].attempted << ' '
           << entries[i].last_delete << '\n';
    }
    const Counter& counter = worker->counter();
    file << "C " << worker->CounterName() << ' ' << counter.required << ' ' << counter.acked + counter.unknown << '\n';
  }
}

Audit ReadBack(const ClientOptions& given, const Workers& workers) {
  ClientOptions options = given;
  options.wait_ms = 0;
  ClusterClient client(options);
  // Every node that was given at the start may have been replaced since.
  for (const auto& worker : workers) client.AlsoAsk(worker->client().known());
  Audit audit;
  for (const auto& worker : workers) {
    const std::vector<Entry>& entries = worker->entries();
    for (size_t from = 0; from < entries.size(); from += kReadBatch) {
      const size_t to = std::min(entries.size(), from + kReadBatch);
      std::vector<Command> commands;
      for (size_t i = from; i < to; ++i) commands.push_back(Read(worker->KeyName(i)));
      std::vector<Command*> pointers;
      for (Command& command : commands) pointers.push_back(&command);
      client.Finish(pointers);
      for (size_t i = from; i < to; ++i) JudgeKey(commands[i - from], entries[i], &audit);
    }
    Command counter = Read(worker->CounterName());
    client.Finish({&counter});
    JudgeCounter(counter, worker->counter(), &audit);
  }
  return audit;
}

std::string ToJson(const Audit& audit) {
  JsonLine line;
  line.Add("keys_read_back", audit.keys).Add("unread", audit.unread).Add("lost", audit.lost);
  line.Add("from_nowhere", audit.from_nowhere).Add("increments_lost", audit.increments_lost);
  line.Add("double_applied", audit.double_applied);
  std::string examples = "[";
  for (const std::string& example : audit.examples) examples += (examples.size() > 1 ? ", " : "") + Quoted(example);
  line.Add("examples", examples + "]");
  return line.Done();
}

}  // namespace windlass::ledger
