// See node_assembly.h.
#include "node/server/node_assembly.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "node/base/quoted_words.h"
#include "node/base/sanitizers.h"
#include "node/client/listener.h"
#include "node/commands/cluster_commands.h"
#include "node/commands/memory_report.h"
#include "node/observe/metrics_text.h"
#include "node/server/access_setup.h"
#include "node/server/info_sections.h"
#include "node/server/process.h"

namespace windlass::server {
namespace {

constexpr int64_t kCronMs = 100;
constexpr int64_t kMsBetweenSteps = 1;
constexpr int64_t kBackgroundStepUs = 100;  // of tables that grow or were dropped, a turn

keyspace::Keyspace::Options KeyspaceOptions(const config::Config& config) {
  keyspace::Keyspace::Options options;
  options.cluster_mode = config.Bool("cluster-enabled");
  options.databases = options.cluster_mode ? 1 : static_cast<int>(config.Int("databases"));
  return options;
}

int64_t Hz(const config::Config& config) { return std::clamp<int64_t>(config.Int("hz"), 1, 500); }

}  // namespace

NodeAssembly::NodeAssembly(config::Config* config, base::Logger* log)
    : config_(config),
      log_(log),
      random_(base::Random::FromEntropy()),
      keyspace_(KeyspaceOptions(*config), base::Random(random_.Next())),
      table_(commands::CommandFamilies()),
      oom_score_(config, log),
      filler_(this),
      sessions_(&node_),
      blocker_(&loop_, &sessions_),
      watches_(&sessions_.Clients()),
      tracking_(&node_, &sessions_.Clients(), &watches_),
      key_waiter_(&node_, &tracking_),
      key_events_(&node_),
      monitors_(&node_),
      durability_(&node_),
      memory_(&node_),
      metrics_(&loop_, [this](std::string_view path) { return ServeMetrics(path); }),
      latency_threshold_ms_(config->Int("latency-monitor-threshold")),
      dispatcher_(&node_, &table_, &durability_.log(), &memory_),
      script_host_({&node_, &dispatcher_, &sessions_, &monitors_}),
      moving_keys_(&keyspace_),
      migrator_(&loop_),
      listeners_(&loop_, config, log, [this](int fd) { sessions_.Accept(fd); }),
      lifecycle_(&node_, &durability_, [this] {
        listeners_.Close();
        if (!config_->Text("pidfile").empty() || config_->Bool("daemonize")) log_->Notice("Removing the pid file.");
        if (!config_->Text("unixsocket").empty()) log_->Notice("Removing the unix socket file.");
        RemovePidFile(*config_);
      }) {
  for (const std::string& line : config->List("rename-command")) {
    std::vector<std::string> words;
    base::SplitQuoted(line, &words);  // checked when the file was read
    (void)table_.Rename(words[0], words[1]).ok();
  }
  node_.sessions = &sessions_;
  node_.blocker = &blocker_;
  node_.watches = &watches_;
  node_.key_waits = &key_waiter_;
  node_.executor = &dispatcher_;
  node_.reloader = &durability_;
  node_.lifecycle = &lifecycle_;
  node_.memory = &memory_;
  node_.migrator = &migrator_;
  node_.moving_keys = &moving_keys_;
  node_.tracking = &tracking_;
  dispatcher_.set_tracking(&tracking_);
  node_.monitors = &monitors_;
  node_.scripts = &script_host_;
  durability_.SetOnFunction([this](const std::string* code) { script_host_.TakeLibrary(code); });
  script_host_.SetOnLibraries([this](std::vector<std::string> codes) { durability_.SetFunctions(std::move(codes)); });
  dispatcher_.set_monitors(&monitors_);
  sessions_.SetDispatcher(&dispatcher_);
  // While writes are paused the log stands still: a manual failover waits for the
  // replica to reach its end exactly, and a MIGRATE ends with a DEL.
  migrator_.SetServed([this] { return stats_.commands_processed; });
  migrator_.SetMayTell([this] { return sessions_.CurrentPause() == commands::PauseMode::kNone; });
  sessions_.set_on_gone([this](client::Client& client) {
    durability_.Forget(client);
    commands::ForgetTransaction(node_, client);
    if (client.listener != nullptr) broker_.Forget(*client.listener);
    if (client.Has(client::kMonitor)) monitors_.Remove(client);
    tracking_.End(client);
    if (slot_migrations_ != nullptr) slot_migrations_->OnClientGone(client);
  });
  durability_.ack_gate().SetWaiting([this](int64_t acked) { return sessions_.WaitingForAcks(acked); });
  durability_.SetOnDemoted([this] { sessions_.CloseUnacknowledged(durability_.ack_gate().active()); });
  keyspace_.set_change_listener(&key_waiter_);
  keyspace_.set_expiry_listener(&dispatcher_);
}

NodeAssembly::~NodeAssembly() {
  sessions_.CloseAll();
  if (!base::kAddressSanitizer) keyspace_.Abandon();  // which looks for what was never freed
}

void NodeAssembly::FillNode() {
  node_.keyspace = &keyspace_;
  node_.config = config_;
  node_.loop = &loop_;
  node_.log = log_;
  node_.clock = &clock_;
  node_.random = &random_;
  node_.stats = &stats_;
  node_.slowlog = &slow_log_;
  node_.command_stats = &command_stats_;
  node_.latency = &latency_;
  node_.info = &info_;
  node_.pubsub = &broker_;
  if (config_->Bool("cluster-enabled")) node_.slot_stats = &slot_stats_;
  node_.commands = &table_;
  node_.users = &users_;
  node_.denials = &denials_;
  node_.run_id = random_.Hex(40);
  node_.start_unix_ms = clock_.UnixMs();
  node_.start_monotonic_us = clock_.MonotonicUs();
}

// --- start

bool NodeAssembly::Start() {
  InstallSignals(&loop_, log_);
  if (!LoadUsersAtStart(node_)) return false;
  LogBanner(*config_, *log_);
  if (config_->Bool("cluster-enabled")) {
    cluster_ = std::make_unique<ClusterDriver>(&node_);
    if (const auto opened = cluster_->Open(); !opened) {
      log_->Warning(opened.error());
      return false;
    }
  }
  for (const std::string& module : config_->List("loadmodule")) {
    // A node that its owner expects to have a module must not run without it.
    log_->Warning("Module " + module + " failed to load: this server has no module interface");
    log_->Warning("Can't load module from " + module + ": server aborting");
    return false;
  }
  if (!listeners_.Open()) return false;
  if (const auto opened = OpenMetrics(); !opened) {
    log_->Warning("Failed listening on metrics-port " + config_->ValueOf("metrics-port") + ": " + opened.error());
    return false;
  }
  slot_stats_.Enable(config_->Bool("cluster-slot-stats-enabled") && config_->Bool("cluster-enabled"));
  WritePidFile(*config_, *log_);
  log_->Notice("Server initialized");
  AddServerInfo(&node_, &sessions_, &blocker_);
  AddCommandInfo(&node_);
  node_.startup_bytes = commands::ReadMemory(node_).used;
  memory_.Resync();
  if (!durability_.LoadAtStart()) return false;
  loop_.AtTurnEnd([this] { EndTurn(); });
  loop_.AfterFlush([this] { StepTables(); });
  durability_.Start();
  if (cluster_ != nullptr && !StartCluster()) return false;
  WatchSettings();
  WatchAccessSettings(node_);
  ApplyAccessSettings();
  ApplyLimits();
  key_events_.SetClasses(config_->Int("notify-keyspace-events"));
  loop_.Every(kCronMs, [this] { ServerCron(); });
  expire_timer_ = loop_.Every(1000 / Hz(*config_), [this] { ExpireCron(); });
  serving_ = true;
  if (config_->Int("port") != 0) log_->Notice("Ready to accept connections tcp");
  if (listeners_.has_unix()) log_->Notice("Ready to accept connections unix");
  NotifySupervisor(*config_, "STATUS=Ready to accept connections\nREADY=1\n");
  return true;
}

bool NodeAssembly::StartCluster() {
  cluster::DataAtStart data;
  const Durability::LoadFacts& facts = durability_.load_facts();
  data.proven_complete = facts.data_proven_complete();
  HistoryPoint loaded;
  if (facts.replication.has_value()) loaded = {facts.replication->id, facts.replication->offset};
  data.offset = loaded.offset;
  node_.cluster = cluster_.get();
  slot_migrations_ = std::make_unique<SlotMigrations>(
      SlotMigrations::Parts{&node_, cluster_.get(), &durability_, &dispatcher_});
  node_.slot_migrations = slot_migrations_.get();
  if (const auto loaded_records = slot_migrations_->Load(); !loaded_records) {
    log_->Warning(loaded_records.error());
    return false;
  }
  durability_.ack_gate().SetFilter([this](const std::string& id) {
    const auto node_id = cluster::NodeId::Parse(id);
    return node_id.has_value() && cluster_->core().AckCounts(*node_id);
  });
  if (const auto begun = cluster_->Begin(data); !begun) {
    log_->Warning(begun.error());
    return false;
  }
  slot_migrations_->Begin(facts.data_proven_complete());
  if (cluster_->core().OnProbation()) {
    survey_ = std::make_unique<ReplicaSurvey>(&node_, cluster_.get(), loaded, keyspace_.db(0).size());
  }
  cluster_->SetOnPublication([this](std::string_view channel, std::string_view message, bool sharded) {
    if (sharded) {
      broker_.PublishToShard(channel, message);
    } else {
      broker_.Publish(channel, message);
    }
  });
  cluster_->SetOnSaveFailed([this](uint64_t ticket) { sessions_.FailReplies(ticket); });
  handover_ = std::make_unique<ClusterHandover>(&node_, cluster_.get());
  lifecycle_.set_handover({[this] { return handover_->Possible(); },
                           [this](int64_t limit_ms, std::function<void()> done) {
                             handover_->Start(limit_ms, [done = std::move(done)](bool) { done(); });
                           }});
  return true;
}

base::Result<void> NodeAssembly::OpenMetrics() {
  const int port = static_cast<int>(config_->Int("metrics-port"));
  const auto opened = metrics_.Listen(config_->List("bind"), port);
  if (opened && port != 0) log_->Notice("Metrics on port " + std::to_string(port));
  return opened;
}

void NodeAssembly::Run() { loop_.Run(); }

// --- a turn's end: those who may go on do; the log is written; the cluster's news
// goes out; then replies leave.
void NodeAssembly::EndTurn() {
  TakeSignals();
  key_waiter_.ServeReady();  // keys that went without a command: expired, moved away
  sessions_.RunResumed();
  if (slot_migrations_ != nullptr) slot_migrations_->AtTurnEnd();
  tracking_.EndTurn();
  WriteLog& log = durability_.log();
  const bool timed = latency_threshold_ms_ > 0 && config_->Bool("appendonly");
  const int64_t begin_us = timed ? clock_.MonotonicUs() : 0;
  AckGate& acks = durability_.ack_gate();
  acks.BeforeLog(!node_.status.is_replica);
  // In the turn that pauses writes the log still gets the question for their acknowledgement.
  const bool paused = sessions_.CurrentPause() != commands::PauseMode::kNone;
  if (!paused) durability_.primary().SetQuiet(false);
  const int64_t released = log.EndOfTurn();
  if (paused) durability_.primary().SetQuiet(true);
  acks.AfterLog();
  if (timed) NoteLatency("aof-write", begin_us);
  // Its news of where the log ends is of after what was just written.
  if (cluster_ != nullptr && cluster_->begun()) cluster_->AtTurnEnd();
  sessions_.EvictClients();
  const uint64_t conf_saved = cluster_ != nullptr ? cluster_->saved_ticket() : 0;
  const int64_t end_to_ack = acks.active() ? acks.EndOffset() : -1;
  ReplyGate may_leave{released, conf_saved, acks.ReleasedOffset()};
  may_leave.log_failed = durability_.aof().write_failed();
  sessions_.GateReplies(may_leave, {log.EndOffset(), 0, end_to_ack});
  if (memory_.GoOn()) loop_.Wake();
}

// A table that grows also moves on with each insert, so that a tenth of the time is
// enough for it; what was dropped is wanted back sooner.
void NodeAssembly::StepTables() {
  const int64_t now_us = loop_.MonotonicUs();
  const bool freeing = keyspace_.freeing();
  if (!freeing && now_us < next_table_step_us_) return;
  if (!keyspace_.BackgroundStep(kBackgroundStepUs)) return;
  next_table_step_us_ = now_us + kMsBetweenSteps * 1000;
  loop_.After(freeing ? 0 : kMsBetweenSteps, [] {});
}

void NodeAssembly::TakeSignals() {
  const int number = TakeSignal();
  if (number != 0) lifecycle_.OnSignal(number);
}

// --- timers

void NodeAssembly::ServerCron() {
  if (node_.status.cron_paused) return;
  (void)oom_score_.Apply(node_.status.is_replica).ok();  // the role may have changed; a failure is logged
  sessions_.Cron();
  sessions_.CountTraffic();
  const int64_t now_us = loop_.MonotonicUs();
  stats_.ops_rate.Sample(now_us, stats_.commands_processed);
  stats_.input_rate.Sample(now_us, stats_.net_input_bytes);
  stats_.output_rate.Sample(now_us, stats_.net_output_bytes);
  stats_.repl_input_rate.Sample(now_us, stats_.net_repl_input_bytes);
  stats_.repl_output_rate.Sample(now_us, stats_.net_repl_output_bytes);
  stats_.turn_rate.Sample(now_us, loop_.turns());
  stats_.turn_time_rate.Sample(now_us, static_cast<uint64_t>(loop_.busy_us()));
  memory_.Resync();
  stats_.peak_memory = std::max(stats_.peak_memory, memory_.UsedBytes());
}

void NodeAssembly::ExpireCron() {
  if (node_.status.busy != commands::Busy::kNo || !node_.status.expire_active || node_.status.is_replica || node_.status.loading || node_.status.cron_paused) return;
  if (sessions_.CurrentPause() != commands::PauseMode::kNone) return;
  keyspace_.set_expiry_mode(keyspace::ExpiryMode::kDelete);
  // A quarter of the time between two runs at most.
  const int64_t begin_us = clock_.MonotonicUs();
  keyspace_.ExpireStep(loop_.NowMs(), (250000 + 20000 * (config_->Int("active-expire-effort") - 1)) / Hz(*config_));
  NoteLatency("expire-cycle", begin_us);
}

void NodeAssembly::NoteLatency(std::string_view event, int64_t begin_us) {
  const int64_t elapsed_ms = (clock_.MonotonicUs() - begin_us) / 1000;
  if (latency_threshold_ms_ > 0 && elapsed_ms >= latency_threshold_ms_) {
    latency_.Add(event, loop_.NowMs() / 1000, elapsed_ms);
  }
}

// Pages of the metrics port.
observe::HttpEndpoint::Answer NodeAssembly::ServeMetrics(std::string_view path) {
  if (path == "/metrics") {
    std::string fields = info_.Render(std::vector<std::string_view>{"everything"});
    if (node_.cluster != nullptr) fields += commands::ClusterInfoText(*node_.cluster);
    fields += "slowlog_length:" + std::to_string(slow_log_.entries().size()) + "\r\n";
    fields += "slowlog_last_id:" + std::to_string(slow_log_.next_id() - 1) + "\r\n";
    return {200, observe::kMetricsContentType, observe::MetricsText(fields)};
  }
  observe::HttpEndpoint::Answer answer;
  answer.body = "ok\n";
  if (path == "/healthz" || path == "/livez") return answer;
  answer.status = 404;
  answer.body = "/metrics /healthz /readyz\n";
  if (path != "/readyz") return answer;
  const std::string_view why = NotReadyBecause();
  answer.status = why.empty() ? 200 : 503;
  answer.body = why.empty() ? "ok\n" : std::string(why) + "\n";
  return answer;
}

std::string_view NodeAssembly::NotReadyBecause() const {
  const commands::Status& status = node_.status;
  if (status.loading || !serving_) return "loading";
  if (status.serving_refused) return "waiting for proof that the data is current";
  if (status.is_replica && !status.master_link_up) return "not in sync with the master";
  if (!config_->Bool("cluster-enabled")) return "";
  if (node_.cluster == nullptr) return "not in the cluster";
  const cluster::InfoReport info = node_.cluster->core().Info();
  return info.known_nodes > 1 || info.slots_assigned > 0 ? "" : "not in the cluster";
}

// --- settings that take effect when they change

void NodeAssembly::ApplyAccessSettings() {
  keyspace::AccessOptions& options = keyspace_.access_options();
  const int64_t policy = config_->Int("maxmemory-policy");
  options.policy = policy == 1 || policy == 5 ? keyspace::AccessPolicy::kLfu : keyspace::AccessPolicy::kLru;
  options.lfu_log_factor = config_->Int("lfu-log-factor");
  options.lfu_decay_minutes = config_->Int("lfu-decay-time");
}

void NodeAssembly::ApplyLimits() {
  types::Limits& limits = keyspace_.limits();
  const auto size = [this](const char* name) { return static_cast<size_t>(config_->Int(name)); };
  limits.hash_max_listpack_entries = size("hash-max-listpack-entries");
  limits.hash_max_listpack_value = size("hash-max-listpack-value");
  limits.set_max_intset_entries = size("set-max-intset-entries");
  limits.set_max_listpack_entries = size("set-max-listpack-entries");
  limits.set_max_listpack_value = size("set-max-listpack-value");
  limits.zset_max_listpack_entries = size("zset-max-listpack-entries");
  limits.zset_max_listpack_value = size("zset-max-listpack-value");
  limits.list_max_listpack_size = config_->Int("list-max-listpack-size");
  limits.list_compress_depth = config_->Int("list-compress-depth");
  limits.stream_node_max_bytes = size("stream-node-max-bytes");
  limits.stream_node_max_entries = size("stream-node-max-entries");
  limits.hll_sparse_max_bytes = size("hll-sparse-max-bytes");
  keyspace_.set_replaces_later(config_->Bool("lazyfree-lazy-server-del"));
}

void NodeAssembly::WatchSettings() {
  const auto ok = [] { return base::Result<void>(); };
  config_->SetOnChange("loglevel", [this, ok] {
    log_->SetLevel(static_cast<base::LogLevel>(config_->Int("loglevel")));
    return ok();
  });
  for (const char* name : {"client-output-buffer-limit", "proto-max-bulk-len"}) {
    config_->SetOnChange(name, [this, ok] {
      sessions_.RefreshLimits();
      return ok();
    });
  }
  for (const char* name : {"maxmemory-policy", "lfu-log-factor", "lfu-decay-time"}) {
    config_->SetOnChange(name, [this, ok] {
      ApplyAccessSettings();
      return ok();
    });
  }
  for (const char* name :
       {"hash-max-listpack-entries", "hash-max-listpack-value", "set-max-intset-entries", "set-max-listpack-entries",
        "set-max-listpack-value", "zset-max-listpack-entries", "zset-max-listpack-value", "list-max-listpack-size",
        "list-compress-depth", "stream-node-max-bytes", "stream-node-max-entries", "hll-sparse-max-bytes",
        "lazyfree-lazy-server-del"}) {
    config_->SetOnChange(name, [this, ok] {
      ApplyLimits();
      return ok();
    });
  }
  config_->SetOnChange("port", [this] { return listeners_.Reopen(); });
  config_->SetOnChange("bind", [this] {
    const auto opened = listeners_.Reopen();
    return opened ? OpenMetrics() : opened;
  });
  config_->SetOnChange("metrics-port", [this] { return OpenMetrics(); });
  config_->SetOnChange("cluster-slot-stats-enabled", [this, ok] {
    slot_stats_.Enable(config_->Bool("cluster-slot-stats-enabled") && config_->Bool("cluster-enabled"));
    return ok();
  });
  config_->SetOnChange("hz", [this, ok] {
    loop_.Cancel(expire_timer_);
    expire_timer_ = loop_.Every(1000 / Hz(*config_), [this] { ExpireCron(); });
    return ok();
  });
  config_->SetOnChange("maxmemory", [this, ok] {
    memory_.Resync();
    const int64_t limit = config_->Int("maxmemory");
    if (limit != 0 && memory_.UsedBytes() - memory_.NotCountedBytes() > limit) {
      log_->Logf(base::LogLevel::kWarning,
                 "WARNING: the new maxmemory value set via CONFIG SET (%lld) is smaller than the current memory usage "
                 "(%lld). This will result in key eviction and/or the inability to accept new write commands depending "
                 "on the maxmemory-policy.", static_cast<long long>(limit), static_cast<long long>(memory_.UsedBytes()));
    }
    return ok();
  });
  config_->SetOnChange("maxclients", [this] { return GrowFileLimit(*config_); });
  for (const char* name : {"oom-score-adj", "oom-score-adj-values"}) {
    config_->SetOnChange(name, [this] { return oom_score_.Apply(node_.status.is_replica); });
  }
  config_->SetOnChange("notify-keyspace-events", [this, ok] {
    key_events_.SetClasses(config_->Int("notify-keyspace-events"));
    return ok();
  });
  config_->SetOnChange("slowlog-max-len", [this, ok] {
    slow_log_.Trim(static_cast<size_t>(config_->Int("slowlog-max-len")));
    return ok();
  });
}

}  // namespace windlass::server
