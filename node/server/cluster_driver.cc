// The cluster driver's life, inputs and clock. See cluster_driver.h; what the core
// asks for is done in cluster_effects.cc, admission is in cluster_admission.cc.
#include "node/server/cluster_driver.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "node/cluster/nodes_conf.h"
#include "node/commands/command.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/net/event_loop.h"
#include "node/replication/replica_side.h"
#include "node/replication/replication_log.h"

namespace windlass::server {
namespace {

constexpr int64_t kTickMs = 100;

std::string ConfPath(const config::Config& config) {
  const std::string& name = config.Text("cluster-config-file");
  return name.empty() ? "nodes.conf" : name;
}

}  // namespace

ClusterDriver::ClusterDriver(commands::Node* node)
    : node_(node),
      conf_file_(node->loop, ConfPath(*node->config),
                 [this](uint64_t ticket, const base::Result<void>& saved) { OnSaved(ticket, saved); }),
      links_(node->loop, node->log, this) {}

ClusterDriver::~ClusterDriver() {
  if (tick_timer_ != 0) node_->loop->Cancel(tick_timer_);
}

// --- start-up -----------------------------------------------------------------

base::Result<void> ClusterDriver::Open() {
  if (auto locked = conf_file_.Lock(); !locked.ok()) return locked;
  const auto text = conf_file_.Load();
  if (!text.ok()) return base::Error{text.error()};
  if (*text) {
    auto conf = cluster::ParseNodesConf(**text);
    if (!conf.ok()) {
      return base::Error{"Unrecoverable error: corrupted cluster config file \"" +
                         conf_file_.path() + "\": " + conf.error()};
    }
    conf_ = std::move(*conf);
  }
  return ListenOnBus(/*keep=*/false);
}

// The bus is tried before the data is loaded and opened after it: a peer that is
// refused tries again soon, one that is accepted and not answered waits long.
base::Result<void> ClusterDriver::ListenOnBus(bool keep) {
  const int port = BusPortFrom(*node_->config);
  if (port > 65535) {
    return base::Error{"Redis port number too high for cluster mode; the cluster bus needs port " +
                       std::to_string(port)};
  }
  int listening = 0;
  std::string last_error = "no address to bind";
  for (const std::string& written : node_->config->List("bind")) {
    const bool optional = written.size() > 1 && written[0] == '-';
    const std::string address = optional ? written.substr(1) : written;
    const auto made = links_.Listen(address, port);
    if (made.ok()) {
      ++listening;
    } else {
      last_error = made.error();
      node_->log->Logf(base::LogLevel::kWarning, "Warning: Could not create server TCP listening socket %s:%d: %s",
                       address.c_str(), port, last_error.c_str());
      if (!optional) break;
    }
  }
  if (listening == 0) {
    return base::Error{"Failed listening on port " + std::to_string(port) + " (cluster), aborting."};
  }
  if (!keep) links_.StopListening();
  return {};
}

base::Result<void> ClusterDriver::Begin(const cluster::DataAtStart& data) {
  unix_minus_monotonic_ms_ = node_->clock->UnixMs() - node_->clock->MonotonicUs() / 1000;
  const bool fresh = !conf_.has_value();
  cluster::Start start;
  start.conf = std::move(conf_);
  start.options = ClusterOptionsFrom(*node_->config);
  const uint64_t named = start.options.cluster_id;
  if (!fresh && named != 0 && start.conf->cluster_id != 0 && start.conf->cluster_id != named) {
    return base::Error{"The data directory is of another cluster than windlass-cluster-id names: give this node a "
                       "directory of its own, or the name of the cluster that it was of"};
  }
  start.data = data;
  conf_.reset();
  const cluster::KeyCounts* keys = this;
  core_ = std::make_unique<cluster::ClusterCore>(std::move(start), base::Random(node_->random->Next()),
                                                 keys, NowMs());
  node_->log->Logf(base::LogLevel::kNotice, "%s, I'm %s",
                   fresh ? "No cluster configuration found" : "Node configuration loaded",
                   core_->MyId().str().c_str());
  if (auto listening = ListenOnBus(/*keep=*/true); !listening.ok()) return listening;
  links_.set_bind_ip(node_->config->Text("bind-source-addr"));
  WatchSettings();
  Do(core_->Begin(NowMs()));
  tick_timer_ = node_->loop->Every(kTickMs, [this] { Tick(); });
  return {};
}

void ClusterDriver::WatchSettings() {
  for (int i = 0; i < kClusterDirectiveCount; ++i) {
    node_->config->SetOnChange(kClusterDirectives[i], [this]() -> base::Result<void> {
      const cluster::Options options = ClusterOptionsFrom(*node_->config);
      const uint64_t now_of = core_->Info().cluster_id;
      if (options.cluster_id != 0 && now_of != 0 && options.cluster_id != now_of) {
        return base::Error{"this node is of another cluster; set it to \"\" and reset the node first"};
      }
      Do(core_->SetOptions(NowMs(), options));
      return {};
    });
  }
}

// --- inputs -------------------------------------------------------------------

int64_t ClusterDriver::NowMs() const {
  return unix_minus_monotonic_ms_ + node_->loop->MonotonicUs() / 1000;
}

void ClusterDriver::Tick() {
  links_.EnforceSendLimit(node_->config->Int("cluster-link-sendbuf-limit"));
  links_.set_connect_timeout_ms(node_->config->Int("cluster-node-timeout"));
  Step(ReadReplication());
  Do(core_->Tick(NowMs()));
  TellOpenSlots();
}

void ClusterDriver::OnLinkInput(const cluster::Input& input) { Step(input); }

void ClusterDriver::Step(const cluster::Input& input) {
  if (core_ != nullptr) Do(core_->Step(NowMs(), input));
}

void ClusterDriver::OnSaved(uint64_t ticket, const base::Result<void>& saved) {
  if (!saved.ok()) {
    node_->log->Logf(base::LogLevel::kWarning, "Could not save the cluster configuration: %s",
                     saved.error().c_str());
    if (tell_save_failed_) tell_save_failed_(ticket);
  }
  saved_ticket_ = std::max(saved_ticket_, ticket);
  if (saved.ok()) durable_ticket_ = std::max(durable_ticket_, ticket);
  Step(cluster::Persisted{ticket, saved.ok()});
}

void ClusterDriver::SaveChanges() {
  if (!to_save_) return;
  conf_file_.Save(to_save_->ticket, std::move(to_save_->content));
  to_save_.reset();
}

cluster::ReplicationFacts ClusterDriver::ReadReplication() {
  cluster::ReplicationFacts facts;
  facts.my_offset = node_->repl_log->offset();
  facts.master_link_up = true;
  if (core_->IsMaster()) return facts;

  const replication::ReplicaSide& link = *node_->replica_side;
  facts.master_link_up = link.link_up();
  facts.stream_held = link.held();
  // Of the id's 160 bits enough to tell two apart.
  constexpr size_t kDigits = 16;
  facts.history = std::strtoull(node_->repl_log->id().substr(0, kDigits).c_str(), nullptr, 16);
  // After a copy that did not arrive there is nothing to vouch for.
  synchronized_with_master_ = (synchronized_with_master_ || link.link_up()) && link.data_is_whole();
  if (!synchronized_with_master_) facts.my_offset = 0;
  const int64_t now_ms = node_->loop->NowMs();
  const int64_t since_ms = link.link_up() ? link.last_io_ms() : link.down_since_ms();
  facts.data_age_known = synchronized_with_master_ && since_ms > 0;
  if (facts.data_age_known) facts.data_age_ms = std::max<int64_t>(0, now_ms - since_ms);
  return facts;
}

void ClusterDriver::AtTurnEnd() {
  if (core_ == nullptr) return;
  HearOfReplication();
  SaveChanges();
}

void ClusterDriver::HearOfReplication() {
  const int64_t offset = node_->repl_log->offset();
  const bool link_up = node_->replica_side->link_up();
  // A manual failover waits for offsets to meet: it hears of each at once.
  const bool manual = core_->ManualFailoverInProgress();
  const bool offset_matters = manual && (offset != reported_offset_ || !reported_manual_);
  reported_manual_ = manual;
  if (!offset_matters && link_up == reported_link_up_) return;
  reported_offset_ = offset;
  reported_link_up_ = link_up;
  Step(ReadReplication());
}

uint64_t ClusterDriver::KeysInSlot(slot::SlotId slot) const {
  const keyspace::Database& db = node_->keyspace->db(0);
  return db.IsHidden(slot) ? 0 : db.SlotSize(slot);
}

bool ClusterDriver::DatasetEmpty() const { return node_->keyspace->db(0).size() == 0; }

// --- administration -----------------------------------------------------------

void ClusterDriver::Execute(commands::Call& call, const cluster::AdminCommand& command) {
  Answer(call.client, call.reply, command);
}

void ClusterDriver::Execute(client::Client& client, const cluster::AdminCommand& command) { Answer(client, client.reply, command); }

void ClusterDriver::Answer(client::Client& client, resp::ReplyWriter& reply, const cluster::AdminCommand& command) {
  cluster::AdminOutcome outcome = core_->Execute(NowMs(), command);
  Do(std::move(outcome.effects));
  if (!outcome.reply.ok()) return reply.Error(outcome.reply.error());
  const uint64_t ticket = outcome.reply_after_ticket;
  const size_t before = reply.out()->size();
  reply.Simple(*outcome.reply);
  const bool dropped = client.Has(client::kReplyOff | client::kReplySkip);
  if (ticket <= saved_ticket_ || dropped || client.transport == nullptr) return;
  client.transport->HoldReplyForSave(ticket, reply.out()->size() - before);
}

std::vector<commands::BusLinkFacts> ClusterDriver::Links() const {
  std::vector<commands::BusLinkFacts> out;
  std::map<std::pair<bool, uint64_t>, cluster_bus::LinkFacts> by_id;
  for (const cluster_bus::LinkFacts& facts : links_.Facts()) {
    by_id[{facts.link.inbound, facts.link.number}] = facts;
  }
  for (const cluster::LinkReport& report : core_->LinksReport()) {
    const auto found = by_id.find({report.link.inbound, report.link.number});
    if (found == by_id.end() || !found->second.connected) continue;
    commands::BusLinkFacts facts;
    facts.to_peer = !report.link.inbound;
    facts.node_id = report.node.str();
    facts.create_time_ms = report.create_time_ms;
    facts.reads = true;
    facts.writes = found->second.send_buffer_used > 0;
    facts.send_buffer_allocated = found->second.send_buffer_allocated;
    facts.send_buffer_used = found->second.send_buffer_used;
    out.push_back(std::move(facts));
  }
  return out;
}

bool ClusterDriver::KillLinks(std::string_view node_id, bool to, bool from) {
  if (!core_->FindNode(node_id)) return false;
  for (const cluster::LinkReport& report : core_->LinksReport()) {
    if (report.node.str() == node_id && (report.link.inbound ? from : to)) links_.Kill(report.link);
  }
  return true;
}

void ClusterDriver::Publish(std::string_view channel, std::string_view message, bool sharded) {
  if (core_ == nullptr) return;
  Do(core_->Execute(NowMs(), cluster::BroadcastPublish{std::string(channel), std::string(message), sharded})
         .effects);
}

}  // namespace windlass::server
