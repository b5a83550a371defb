// See replica_survey.h.
#include "node/server/replica_survey.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "node/config/config.h"
#include "node/net/connection.h"
#include "node/resp/command.h"
#include "node/server/cluster_driver.h"

namespace windlass::server {
namespace {

constexpr int64_t kAskEveryMs = 500;
constexpr int64_t kConnectTimeoutMs = 2000;
// An ordinary election, which has the votes of the majority, goes first: the time
// for this node to be seen to fail and for a replica to be elected.
constexpr int64_t kElectionTimeouts = 2;
constexpr int64_t kElectionExtraMs = 2000;
// A replica that a majority says has failed is waited for this many node timeouts.
constexpr int64_t kFailedReplicaTimeouts = 10;

int64_t Number(std::string_view text, int64_t otherwise) {
  int64_t value = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

// The value of "name:value" in the text of INFO; empty if it is not there.
std::string_view InfoField(std::string_view info, std::string_view name) {
  size_t at = 0;
  while (at < info.size()) {
    const size_t end = std::min(info.find("\r\n", at), info.size());
    const std::string_view line = info.substr(at, end - at);
    if (line.size() > name.size() && line.substr(0, name.size()) == name && line[name.size()] == ':') {
      return line.substr(name.size() + 1);
    }
    at = end + 2;
  }
  return {};
}

// Takes a line without its end off `rest`. False: it is not whole.
bool TakeLine(std::string_view* rest, std::string_view* line) {
  const size_t end = rest->find("\r\n");
  if (end == std::string_view::npos) return false;
  *line = rest->substr(0, end);
  rest->remove_prefix(end + 2);
  return true;
}

}  // namespace

ReplicaHolds CompareWithReplica(const ReplicaAnswer& answer, const HistoryPoint& loaded, uint64_t keys) {
  if (answer.keys == 0) return ReplicaHolds::kNothingNewer;
  const bool same = !loaded.id.empty() && answer.at.id == loaded.id;
  const bool continued = !loaded.id.empty() && answer.second_id == loaded.id && loaded.offset < answer.second_offset;
  if (same || continued) {
    return answer.at.offset > loaded.offset ? ReplicaHolds::kMore : ReplicaHolds::kNothingNewer;
  }
  if (keys == 0) return ReplicaHolds::kMore;
  // It came back from its own disk, of another history or of none: this node, from
  // which it had its data, came back with at least what its own log kept.
  return answer.linked_once ? ReplicaHolds::kUnknown : ReplicaHolds::kNothingNewer;
}

bool ReadReplicaAnswer(std::string_view bytes, bool auth, ReplicaAnswer* answer, bool* failed) {
  *failed = false;
  std::string_view line;
  // A refused AUTH shows in what follows: a replica without a password refuses it too.
  if (auth && !TakeLine(&bytes, &line)) return false;
  if (!TakeLine(&bytes, &line)) return false;
  *failed = true;
  if (line.empty() || line[0] != '$') return true;
  const int64_t length = Number(line.substr(1), -1);
  if (length < 0) return true;
  *failed = false;
  if (bytes.size() < static_cast<size_t>(length) + 2) return false;
  const std::string_view info = bytes.substr(0, static_cast<size_t>(length));
  bytes.remove_prefix(static_cast<size_t>(length) + 2);
  if (!TakeLine(&bytes, &line)) return false;
  const int64_t keys = line.empty() || line[0] != ':' ? -1 : Number(line.substr(1), -1);
  answer->is_replica = InfoField(info, "role") == "slave";
  answer->at.id = InfoField(info, "master_replid");
  answer->at.offset = Number(InfoField(info, "slave_repl_offset"), 0);
  answer->second_id = InfoField(info, "master_replid2");
  answer->second_offset = Number(InfoField(info, "second_repl_offset"), -1);
  answer->linked_once = InfoField(info, "master_link_status") == "up" ||
                        InfoField(info, "master_link_down_since_seconds") != "-1";
  answer->keys = static_cast<uint64_t>(std::max<int64_t>(keys, 0));
  *failed = keys < 0 || answer->at.id.empty() || InfoField(info, "master_sync_in_progress") == "1";
  return true;
}

// One connection to one replica: a few commands, and what came back.
class ReplicaSurvey::Question final : public net::ByteHandler, public std::enable_shared_from_this<Question> {
 public:
  explicit Question(net::EventLoop* loop) : loop_(loop) {}
  ~Question() override { Drop(); }

  // `done` gets null if there is no usable answer. Not called once dropped.
  void Begin(const net::ConnectOptions& options, std::string commands, bool auth,
             std::function<void(const ReplicaAnswer*)> done) {
    auth_ = auth;
    done_ = std::move(done);
    net::Connection::Connect(loop_, options,
                             [weak = weak_from_this(), commands = std::move(commands)](
                                 base::Result<std::unique_ptr<net::Connection>> made) {
                               const std::shared_ptr<Question> self = weak.lock();
                               if (self == nullptr || self->done_ == nullptr) return;
                               if (!made.ok()) return self->End(nullptr);
                               self->connection_ = std::move(*made);
                               self->connection_->SetHandler(self.get());
                               self->connection_->Write(commands);
                             });
  }
  bool ended() const { return done_ == nullptr; }

 private:
  size_t OnBytes(net::Connection&, std::string_view bytes) override {
    ReplicaAnswer answer;
    bool failed = false;
    if (done_ == nullptr) return bytes.size();
    if (!ReadReplicaAnswer(bytes, auth_, &answer, &failed)) return 0;
    End(failed ? nullptr : &answer);
    return bytes.size();
  }
  void OnClosed(net::Connection&, std::string_view) override { End(nullptr); }

  void End(const ReplicaAnswer* answer) {
    const auto self = shared_from_this();  // `done` may drop the last other reference
    const auto done = std::exchange(done_, nullptr);
    Drop();
    if (done) done(answer);
  }
  void Drop() {
    if (connection_ == nullptr) return;
    connection_->SetHandler(nullptr);
    connection_->Close("asked");
    loop_->DeleteLater(std::move(connection_));
  }

  net::EventLoop* loop_;
  bool auth_ = false;
  std::function<void(const ReplicaAnswer*)> done_;
  std::unique_ptr<net::Connection> connection_;
};

ReplicaSurvey::ReplicaSurvey(commands::Node* node, ClusterDriver* driver, HistoryPoint loaded, uint64_t keys)
    : node_(node), driver_(driver), loaded_(std::move(loaded)), keys_(keys), begun_ms_(node->loop->NowMs()) {
  timer_ = node_->loop->Every(kAskEveryMs, [this] { Tick(); });
}

ReplicaSurvey::~ReplicaSurvey() {
  if (timer_ != 0) node_->loop->Cancel(timer_);
}

void ReplicaSurvey::Tick() {
  if (!driver_->core().OnProbation()) {
    questions_.clear();
    node_->loop->Cancel(std::exchange(timer_, 0));
    return;
  }
  Conclude();
  for (const cluster::DoubtfulReplica& replica : driver_->core().ReplicasInDoubt()) {
    const auto asked = questions_.find(replica.endpoint.id.str());
    if (asked == questions_.end() || asked->second->ended()) Ask(replica.endpoint, /*take_over=*/false);
  }
}

void ReplicaSurvey::Ask(const cluster::NodeEndpoint& replica, bool take_over) {
  if (replica.address.ip.empty()) return;
  net::ConnectOptions options;
  options.host = replica.address.ip;
  options.port = replica.address.port;
  options.bind_ip = node_->config->Text("bind-source-addr");
  options.timeout_ms = kConnectTimeoutMs;
  std::string out;
  const std::string& password = node_->config->Text("masterauth");
  const std::string& user = node_->config->Text("masteruser");
  if (!password.empty()) {
    std::vector<std::string_view> auth{"AUTH"};
    if (!user.empty()) auth.push_back(user);
    auth.push_back(password);
    resp::EncodeCommand(auth, &out);
  }
  const std::string_view info[] = {"INFO", "replication"};
  const std::string_view size[] = {"DBSIZE"};
  const std::string_view failover[] = {"CLUSTER", "FAILOVER", "TAKEOVER"};
  resp::EncodeCommand(info, &out);
  resp::EncodeCommand(size, &out);
  if (take_over) resp::EncodeCommand(failover, &out);
  const std::string id = replica.id.str();
  auto question = std::make_shared<Question>(node_->loop);
  questions_[id] = question;
  question->Begin(options, std::move(out), !password.empty(), [this, id](const ReplicaAnswer* answer) {
    if (answer == nullptr || !answer->is_replica) {
      answers_.erase(id);
    } else {
      answers_[id] = *answer;
    }
  });
}

// Nothing is concluded before every replica was heard; what each said is at most
// as old as the last round.
void ReplicaSurvey::Conclude() {
  const int64_t waited_ms = node_->loop->NowMs() - begun_ms_;
  const int64_t timeout_ms = driver_->core().options().node_timeout_ms;
  const std::vector<cluster::DoubtfulReplica> replicas = driver_->core().ReplicasInDoubt();
  std::vector<cluster::NodeId> nothing_newer;
  const cluster::DoubtfulReplica* best = nullptr;
  bool unknown = false;
  for (const cluster::DoubtfulReplica& replica : replicas) {
    const auto found = answers_.find(replica.endpoint.id.str());
    if (found == answers_.end()) {
      const bool given_up = replica.failed && keys_ > 0 && waited_ms > kFailedReplicaTimeouts * timeout_ms;
      if (!given_up) return;
      node_->log->Logf(base::LogLevel::kWarning, "Replica %s has failed and is not waited for any longer",
                       replica.endpoint.id.str().c_str());
      nothing_newer.push_back(replica.endpoint.id);
      continue;
    }
    switch (CompareWithReplica(found->second, loaded_, keys_)) {
      case ReplicaHolds::kNothingNewer:
        nothing_newer.push_back(replica.endpoint.id);
        break;
      case ReplicaHolds::kUnknown:
        unknown = true;
        break;
      case ReplicaHolds::kMore: {
        if (!replica.may_stand) {
          unknown = true;
          break;
        }
        const auto rank = [](const ReplicaAnswer& a) { return std::make_pair(a.at.offset, a.keys); };
        if (best == nullptr || rank(found->second) > rank(answers_[best->endpoint.id.str()])) best = &replica;
        break;
      }
    }
  }
  if (best == nullptr && !unknown) {
    for (const cluster::NodeId& id : nothing_newer) driver_->TellNothingNewer(id);
    return;
  }
  if (best == nullptr || unknown) return;
  if (waited_ms < kElectionTimeouts * timeout_ms + kElectionExtraMs) return;
  OrderTakeover(best->endpoint);
}

void ReplicaSurvey::OrderTakeover(const cluster::NodeEndpoint& replica) {
  const int64_t now_ms = node_->loop->NowMs();
  if (ordered_ms_ != 0 && now_ms - ordered_ms_ < driver_->core().options().node_timeout_ms) return;
  ordered_ms_ = now_ms;
  node_->log->Logf(base::LogLevel::kWarning,
                   "Replica %s holds newer data than I was restarted with, and nobody was elected: telling it to take over",
                   replica.id.str().c_str());
  Ask(replica, /*take_over=*/true);
}

}  // namespace windlass::server
