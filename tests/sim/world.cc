// The event loop of the simulation, and the effects.
#include "tests/sim/world.h"

#include <cstdio>
#include <utility>

#include "node/cluster_bus/frame_encoder.h"

namespace windlass::sim {

namespace {
constexpr int64_t kTickUs = 100000;
constexpr uint16_t kPort = 6379;
constexpr uint16_t kBusPort = 16379;
constexpr size_t kTraceLimit = 4 << 20;
}  // namespace

World::World(const WorldOptions& options, cluster::Options core_options)
    : random_(options.seed),
      verbose_(options.verbose),
      hashed_(options.hashed),
      core_options_(std::move(core_options)),
      network_(options.hosts, base::Random(options.seed * 31 + 7)) {
  for (int i = 0; i < options.hosts; ++i) hosts_.push_back(std::make_unique<Host>(i));
}

void World::Trace(const Host* host, const std::string& text) {
  if (!verbose_ || trace_.size() > kTraceLimit) return;
  char stamp[48];
  std::snprintf(stamp, sizeof stamp, "%9.3f ", static_cast<double>(now_us_) / 1e6);
  trace_.append(stamp);
  if (host != nullptr) {
    trace_.append("host ").append(std::to_string(host->index()));
    if (host->alive()) trace_.append(" ").append(host->core->MyId().str(), 0, 8);
    trace_.append(": ");
  }
  trace_.append(text).append("\n");
}

void World::At(int64_t at_us, std::function<void()> action) {
  actions_[++next_action_] = std::move(action);
  Event event;
  event.at_us = at_us;
  event.kind = Event::Kind::kAction;
  event.number = next_action_;
  events_.Push(std::move(event));
}

void World::RunUntil(int64_t until_us, const std::function<bool()>& stop) {
  while (!events_.empty() && checks_.failure().empty()) {
    Event event = events_.Pop();
    if (event.at_us > until_us) {
      events_.Push(std::move(event));
      break;
    }
    now_us_ = event.at_us;
    Handle(std::move(event));
    if (now_us_ >= next_second_us_) {
      next_second_us_ = now_us_ + 1000000;
      checks_.Serving(hosts_);
      if (stop && stop()) return;
    }
  }
  if (now_us_ < until_us) now_us_ = until_us;
}

void World::Hash(const Event& event) {
  hash_.Add(static_cast<uint64_t>(event.at_us));
  hash_.Add(event.order);
  hash_.Add(static_cast<uint64_t>(event.kind));
  if (event.kind == Event::Kind::kAction) return;
  hash_.Add(static_cast<uint64_t>(event.host));
  hash_.Add(event.life);
  hash_.Add(event.link.number * 2 + (event.link.inbound ? 1 : 0));
  hash_.Add(event.number);
  if (event.message == nullptr) return;
  std::string frame;
  cluster_bus::EncodeFrame(*event.message, &frame);
  hash_.Add(frame);
}

void World::Handle(Event event) {
  if (hashed_) Hash(event);
  if (event.kind == Event::Kind::kAction) {
    const auto found = actions_.extract(event.number);
    found.mapped()();
    return;
  }
  Host* to = &host(event.host);
  if (!to->alive() || to->life != event.life) return;
  if (to->frozen) {
    kept_[event.host].push_back(std::move(event));
    return;
  }
  switch (event.kind) {
    case Event::Kind::kTick:
      Tick(to);
      return;
    case Event::Kind::kMessage: {
      cluster::MessageReceived input;
      input.link = event.link;
      input.message = std::move(event.message);
      input.remote_ip = host(event.from).ip();
      input.local_ip = to->ip();
      Feed(to, input);
      return;
    }
    case Event::Kind::kConnected:
      Feed(to, cluster::LinkConnected{event.link});
      return;
    case Event::Kind::kClosed:
      if (!event.link.inbound) to->connection_of.erase(event.link.number);
      Feed(to, cluster::LinkClosed{event.link});
      return;
    case Event::Kind::kPersisted:
      FinishWrite(to, event.number);
      return;
    case Event::Kind::kAction:
      return;
  }
}

void World::Feed(Host* host, const cluster::Input& input) { Apply(host, host->core->Step(ClockMs(*host), input)); }

void World::Tick(Host* host) {
  if (companion_ == nullptr) Replicate(host);
  Feed(host, host->Facts(now_us_));
  for (const cluster::DoubtfulReplica& in_doubt : host->core->ReplicasInDoubt()) {
    const cluster::NodeEndpoint& doubtful = in_doubt.endpoint;
    const Host* replica = HostOfIp(doubtful.address.ip);
    if (replica == nullptr || !replica->alive() || !(replica->core->MyId() == doubtful.id)) continue;
    if (!network_.Reachable(host->index(), replica->index()) || !replica->DatasetEmpty()) continue;
    Feed(host, cluster::ReplicaHoldsNothingNewer{doubtful.id});
  }
  Apply(host, host->core->Tick(ClockMs(*host)));
  Event next;
  next.at_us = now_us_ + kTickUs;
  next.host = host->index();
  next.life = host->life;
  events_.Push(std::move(next));
}

// A replica that reaches its master has all of it at once; a master that serves
// takes writes.
void World::Replicate(Host* host) {
  if (host->master) {
    const bool serves = host->core->StateOk() && !host->core->OwnSlots().empty();
    if (serves && host->paused_until_us <= now_us_) host->data.writes += 1 + static_cast<int64_t>(random_.Below(9));
    return;
  }
  host->link_up = false;
  Host* master = HostOfIp(host->follow_ip);
  if (host->stream_held || master == nullptr || !master->alive()) return;
  if (!network_.Reachable(host->index(), master->index())) return;
  if (!master->core->MayBeFollowed() || !master->master) return;
  checks_.Synchronising(*master, *host);
  host->link_up = true;
  host->last_sync_us = now_us_;
  host->synced_with = host->followed;
  host->data = master->data;
  host->data.tainted = false;
}

void World::Start(Host* host) {
  cluster::Start start;
  if (host->conf) {
    auto parsed = cluster::ParseNodesConf(*host->conf);
    if (!parsed.ok()) {
      checks_.Fail("host " + std::to_string(host->index()) + " cannot read its nodes.conf: " + parsed.error());
      return;
    }
    start.conf = std::move(parsed).value();
  }
  start.options = core_options_;
  start.options.announce.port = kPort;
  start.options.announce.bus_port = kBusPort;
  start.data.proven_complete = !host->data.tainted;
  start.data.offset = host->data.writes;
  ++host->life;
  host->clock_ms = host->skew_ms;
  host->frozen = false;
  host->answered_ticket = host->saved_ticket = 0;
  host->history = 0;
  host->master = true;
  host->follow_ip.clear();
  host->followed = host->synced_with = cluster::NodeId();
  host->link_up = false;
  host->stream_held = false;
  host->paused_until_us = 0;
  if (companion_ != nullptr) companion_->Starting(host);
  host->core = std::make_unique<cluster::ClusterCore>(std::move(start), base::Random(random_.Next()), host, ClockMs(*host));
  Trace(host, "started");
  Apply(host, host->core->Begin(ClockMs(*host)));
  if (companion_ != nullptr) companion_->Started(host);
  Event tick;
  tick.at_us = now_us_ + static_cast<int64_t>(random_.Below(kTickUs));
  tick.host = host->index();
  tick.life = host->life;
  events_.Push(std::move(tick));
}

void World::Crash(Host* host) {
  if (!host->alive()) return;
  Trace(host, "crashes");
  if (companion_ != nullptr) companion_->Crashed(host);
  kept_.erase(host->index());
  host->frozen = false;
  // A write that was under way may have reached the disk, or not.
  if (!host->writing.empty() && random_.Below(2) == 0) host->conf = host->writing.back().content;
  host->writing.clear();
  for (const uint64_t number : network_.Of(host->index())) CloseConnection(number, host->index());
  host->connection_of.clear();
  host->core.reset();
}

void World::Freeze(Host* host) {
  if (!host->alive()) return;
  Trace(host, "is frozen");
  host->frozen = true;
}

void World::Thaw(Host* host) {
  if (!host->frozen) return;
  host->frozen = false;
  Trace(host, "goes on");
  const auto found = kept_.extract(host->index());
  if (found.empty()) return;
  for (Event& event : found.mapped()) {
    event.at_us = now_us_;
    events_.Push(std::move(event));
  }
}

std::string World::Admin(Host* host, const cluster::AdminCommand& command, uint64_t* ticket) {
  cluster::AdminOutcome outcome = host->core->Execute(ClockMs(*host), command);
  if (ticket != nullptr) *ticket = outcome.reply.ok() ? outcome.reply_after_ticket : 0;
  const std::string error = outcome.reply.ok() ? "" : outcome.reply.error();
  Apply(host, std::move(outcome.effects));
  return error;
}

Host* World::HostOfIp(const std::string& ip) {
  for (const auto& host : hosts_) {
    if (host->ip() == ip) return host.get();
  }
  return nullptr;
}

// The other side learns of it, if it can be told.
void World::CloseConnection(uint64_t number, int closer) {
  Connection* connection = network_.Find(number);
  if (connection == nullptr) return;
  const bool by_opener = connection->opener == closer;
  const int other = by_opener ? connection->acceptor : connection->opener;
  if (!network_.Blocked(closer, other)) {
    Event event;
    event.at_us = network_.ArrivalUs(connection, by_opener, now_us_);
    event.kind = Event::Kind::kClosed;
    event.host = other;
    event.life = by_opener ? connection->acceptor_life : connection->opener_life;
    event.link = by_opener ? cluster::LinkId{true, number} : cluster::LinkId{false, connection->opener_link};
    if (connection->open || !by_opener) events_.Push(std::move(event));
  }
  network_.Remove(number);
}

void World::Apply(Host* host, cluster::Effects effects) {
  for (cluster::Effect& effect : effects) {
    if (!host->alive()) return;
    std::visit([&](auto& e) { Do(host, e); }, effect);
  }
}

void World::Do(Host* host, const cluster::Connect& effect) {
  Event event;
  event.host = host->index();
  event.life = host->life;
  event.link = effect.link;
  Host* target = HostOfIp(effect.ip);
  const bool reachable = target != nullptr && network_.Reachable(host->index(), target->index());
  if (!reachable || !target->alive()) {
    event.kind = Event::Kind::kClosed;
    event.at_us = now_us_ + (reachable ? network_.DelayUs() : 1000000);
    events_.Push(std::move(event));
    return;
  }
  Connection connection;
  connection.opener = host->index();
  connection.acceptor = target->index();
  connection.opener_life = host->life;
  connection.acceptor_life = target->life;
  connection.opener_link = effect.link.number;
  connection.open = true;
  host->connection_of[effect.link.number] = network_.Add(connection);
  event.kind = Event::Kind::kConnected;
  event.at_us = now_us_ + network_.DelayUs(host->index(), target->index());
  events_.Push(std::move(event));
}

void World::Do(Host* host, const cluster::Disconnect& effect) {
  if (effect.link.inbound) {
    CloseConnection(effect.link.number, host->index());
    return;
  }
  const auto it = host->connection_of.find(effect.link.number);
  if (it == host->connection_of.end()) return;
  CloseConnection(it->second, host->index());
  host->connection_of.erase(it);
}

void World::Do(Host* host, const cluster::Send& effect) {
  uint64_t number = effect.link.number;
  if (!effect.link.inbound) {
    const auto it = host->connection_of.find(effect.link.number);
    if (it == host->connection_of.end()) return;
    number = it->second;
  }
  Connection* connection = network_.Find(number);
  if (connection == nullptr) return;
  checks_.Sent(*host, *effect.message);
  const bool to_acceptor = !effect.link.inbound;
  const int to = to_acceptor ? connection->acceptor : connection->opener;
  if (network_.Lost(host->index(), to)) return;
  Event event;
  event.at_us = network_.ArrivalUs(connection, to_acceptor, now_us_);
  event.kind = Event::Kind::kMessage;
  event.host = to;
  event.life = to_acceptor ? connection->acceptor_life : connection->opener_life;
  event.link = to_acceptor ? cluster::LinkId{true, number} : cluster::LinkId{false, connection->opener_link};
  event.message = effect.message;
  event.from = host->index();
  events_.Push(std::move(event));
}

void World::Do(Host* host, const cluster::Persist& effect) {
  host->writing.push_back({effect.ticket, effect.content});
  Event event;
  event.at_us = now_us_ + 500 + static_cast<int64_t>(random_.Below(random_.Below(20) == 0 ? 300000 : 10000));
  event.kind = Event::Kind::kPersisted;
  event.host = host->index();
  event.life = host->life;
  event.number = effect.ticket;
  if (effect.critical && random_.Below(1000) < static_cast<uint64_t>(critical_crashes_)) {
    // The power goes while the file is being written.
    After((event.at_us - now_us_) / 2, [this, host, life = host->life] {
      if (!host->alive() || host->life != life) return;
      Crash(host);
      After(20000 + static_cast<int64_t>(random_.Below(400000)), [this, host] {
        if (!host->alive()) Start(host);
      });
    });
  }
  events_.Push(std::move(event));
}

// One writer: a newer content overtakes those before it.
void World::FinishWrite(Host* host, uint64_t ticket) {
  auto& writing = host->writing;
  while (!writing.empty() && writing.front().ticket < ticket) writing.erase(writing.begin());
  if (writing.empty() || writing.front().ticket != ticket) return;
  const bool ok = !DiskFails();
  if (ok) host->conf = std::move(writing.front().content);
  writing.erase(writing.begin());
  host->answered_ticket = ticket;
  if (ok) host->saved_ticket = ticket;
  Feed(host, cluster::Persisted{ticket, ok});
}

void World::Do(Host* host, const cluster::FollowMaster& effect) {
  Trace(host, "follows " + effect.ip);
  host->master = false;
  host->follow_ip = effect.ip;
  host->followed = effect.master;
  host->link_up = false;
  if (companion_ != nullptr) companion_->Follows(host);
}

void World::Do(Host* host, const cluster::HoldStream& effect) {
  host->stream_held = effect.held;
  if (effect.held) host->link_up = false;
  if (companion_ != nullptr) companion_->HoldsStream(host);
}

void World::Do(Host* host, const cluster::BecomeMaster&) {
  Trace(host, "is a master with " + std::to_string(host->data.writes) + " writes");
  host->master = true;
  host->data.tainted = false;  // elected: what it has is what counts from here
  if (companion_ != nullptr) companion_->IsMaster(host);
}

void World::Do(Host* host, const cluster::FlushData&) {
  host->data = Data{};
  if (companion_ != nullptr) companion_->Flushes(host);
}
void World::Do(Host* host, const cluster::SlotsLost& effect) {
  if (companion_ != nullptr && effect.delete_keys) companion_->LostSlots(host, *effect.slots);
}
void World::Do(Host*, const cluster::StateChanged&) {}
void World::Do(Host* host, const cluster::PauseWrites& effect) {
  host->paused_until_us = (effect.until_ms - kStartMs - host->clock_ms) * 1000;
}
void World::Do(Host* host, const cluster::UnpauseWrites&) { host->paused_until_us = 0; }
void World::Do(Host* host, const cluster::Log& effect) { Trace(host, effect.text); }
void World::Do(Host*, const cluster::DeliverPublish&) {}

}  // namespace windlass::sim
