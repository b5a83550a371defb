#include "tests/ledger/cluster_client.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <thread>

namespace windlass::ledger {

namespace {

constexpr std::chrono::milliseconds kConnectTimeout{1000};
constexpr std::chrono::milliseconds kRetryPause{20};
constexpr std::chrono::milliseconds kRefreshPause{50};
constexpr std::chrono::milliseconds kShunFor{100};
constexpr std::chrono::milliseconds kTroubledFor{1000};
constexpr int kShortWaitMs = 20;
constexpr std::chrono::milliseconds kNoWaitFor{200};

using ReplyPointer = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

ReplyPointer ReadReply(redisContext* context) {
  void* reply = nullptr;
  if (redisGetReply(context, &reply) != REDIS_OK) reply = nullptr;
  return {static_cast<redisReply*>(reply), &freeReplyObject};
}

void Append(redisContext* context, const std::vector<std::string>& argv) {
  std::vector<const char*> pointers;
  std::vector<size_t> sizes;
  for (const std::string& arg : argv) {
    pointers.push_back(arg.data());
    sizes.push_back(arg.size());
  }
  redisAppendCommandArgv(context, static_cast<int>(argv.size()), pointers.data(), sizes.data());
}

timeval ToTimeval(std::chrono::milliseconds ms) {
  return {static_cast<time_t>(ms.count() / 1000), static_cast<suseconds_t>(ms.count() % 1000 * 1000)};
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// The address in "MOVED 1234 10.0.0.1:6379"; empty if there is none.
std::string AddressIn(const std::string& error) {
  const size_t space = error.rfind(' ');
  return space == std::string::npos ? "" : error.substr(space + 1);
}

}  // namespace

uint16_t SlotOf(const std::string& key) {
  std::string_view hashed = key;
  const size_t open = key.find('{');
  if (open != std::string::npos) {
    const size_t close = key.find('}', open + 1);
    if (close != std::string::npos && close > open + 1) hashed = std::string_view(key).substr(open + 1, close - open - 1);
  }
  uint16_t crc = 0;
  for (const char c : hashed) {
    crc = static_cast<uint16_t>(crc ^ static_cast<uint8_t>(c) << 8);
    for (int bit = 0; bit < 8; ++bit) crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
  }
  return crc & 16383;
}

void ErrorCounts::Add(const ErrorCounts& more) {
  moved += more.moved;
  ask += more.ask;
  try_again += more.try_again;
  cluster_down += more.cluster_down;
  read_only += more.read_only;
  loading += more.loading;
  other += more.other;
  disconnects += more.disconnects;
}

ClusterClient::ClusterClient(ClientOptions options) : options_(std::move(options)) {
  for (const auto& [host, port] : options_.seeds) known_.push_back(host + ":" + std::to_string(port));
}

ErrorCounts ClusterClient::TakeErrors() {
  const ErrorCounts taken = errors_;
  errors_ = {};
  return taken;
}

redisContext* ClusterClient::Connect(const Address& address) {
  const auto found = connections_.find(address);
  if (found != connections_.end()) return found->second.get();
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return nullptr;
  Connection context(redisConnectWithTimeout(address.substr(0, colon).c_str(), std::stoi(address.substr(colon + 1)),
                                             ToTimeval(kConnectTimeout)));
  if (!context || context->err != 0) return nullptr;
  redisSetTimeout(context.get(), ToTimeval(options_.command_timeout));
  if (!options_.password.empty()) {
    Append(context.get(), {"AUTH", options_.password});
    const ReplyPointer reply = ReadReply(context.get());
    if (!reply || reply->type == REDIS_REPLY_ERROR) {
      if (reply) last_error_ = reply->str;
      return nullptr;
    }
  }
  return connections_.emplace(address, std::move(context)).first->second.get();
}

void ClusterClient::Shun(const Address& address) {
  shunned_until_[address] = Clock::now() + kShunFor;
  troubled_until_[address] = Clock::now() + kTroubledFor;
  refresh_wanted_ = true;
}

void ClusterClient::Drop(const Address& address) {
  connections_.erase(address);
  ++errors_.disconnects;
  Shun(address);
}

bool ClusterClient::RefreshFrom(const Address& address) {
  redisContext* context = Connect(address);
  if (context == nullptr) return false;
  Append(context, {"CLUSTER", "SLOTS"});
  const ReplyPointer reply = ReadReply(context);
  if (!reply) Drop(address);
  if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) return false;
  std::vector<Address> nodes;
  for (size_t i = 0; i < reply->elements; ++i) {
    const redisReply* row = reply->element[i];
    for (size_t n = 2; n < row->elements; ++n) {
      const redisReply* node = row->element[n];
      if (node->elements < 2 || node->element[0]->str == nullptr) continue;
      const Address owner = std::string(node->element[0]->str) + ":" + std::to_string(node->element[1]->integer);
      nodes.push_back(owner);
      if (n != 2) continue;
      for (long long s = row->element[0]->integer; s <= row->element[1]->integer; ++s) {
        owner_[static_cast<size_t>(s)] = owner;
      }
    }
  }
  for (const auto& [host, port] : options_.seeds) nodes.push_back(host + ":" + std::to_string(port));
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  known_ = std::move(nodes);
  return true;
}

void ClusterClient::RefreshSlots() {
  if (Clock::now() - last_refresh_ < kRefreshPause) return;
  last_refresh_ = Clock::now();
  std::vector<Address> candidates = known_;
  // Another one first each time: the node asked last may be the one that is behind. Those
  // with a connection before all others: an address whose pod is gone answers nothing, and
  // to find that out takes as long as a connection may take.
  const size_t start = static_cast<size_t>(last_refresh_.time_since_epoch().count()) % std::max<size_t>(1, candidates.size());
  std::rotate(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(start), candidates.end());
  std::stable_partition(candidates.begin(), candidates.end(), [this](const Address& node) { return connections_.count(node) != 0; });
  for (const Address& candidate : candidates) {
    if (RefreshFrom(candidate)) {
      refresh_wanted_ = false;
      return;
    }
  }
}

bool ClusterClient::Usable(uint16_t slot) const {
  const Address& owner = owner_[slot];
  return !owner.empty() && shunned_until_.count(owner) == 0;
}

bool ClusterClient::Healthy(uint16_t slot) const {
  const auto troubled = troubled_until_.find(owner_[slot]);
  return Usable(slot) && (troubled == troubled_until_.end() || Clock::now() >= troubled->second);
}

void ClusterClient::Round(const std::vector<Command*>& commands) {
  const auto now = Clock::now();
  for (auto it = shunned_until_.begin(); it != shunned_until_.end();) {
    it = now >= it->second ? shunned_until_.erase(it) : std::next(it);
  }
  if (refresh_wanted_) RefreshSlots();
  std::map<Address, std::vector<Command*>> by_node;
  for (Command* command : commands) {
    if (command->outcome != Outcome::kPending) continue;
    if (command->started == Clock::time_point()) command->started = now;
    if (now - command->started > options_.give_up_after) {
      command->outcome = Outcome::kFailed;
      command->ended = now;
      if (command->text.empty()) command->text = last_error_.empty() ? "no answer" : last_error_;
    } else if (Usable(command->slot)) {
      by_node[owner_[command->slot]].push_back(command);
    } else {
      refresh_wanted_ = true;
    }
  }
  // All are sent before the first is read, so that the nodes work side by side.
  std::vector<Address> sent;
  for (const auto& [address, batch] : by_node) {
    if (Send(address, batch)) sent.push_back(address);
  }
  for (const Address& address : sent) {
    const auto found = connections_.find(address);
    if (!ReadReplies(found->second.get(), address, by_node.at(address))) Drop(address);
  }
  // Now that no connection has replies under way.
  for (const auto& [command, target] : asked_) {
    ++errors_.ask;
    ExecuteAsking(target, command);
  }
  asked_.clear();
}

void ClusterClient::Finish(const std::vector<Command*>& commands) {
  const auto pending = [](const Command* c) { return c->outcome == Outcome::kPending; };
  Round(commands);
  while (std::any_of(commands.begin(), commands.end(), pending)) {
    std::this_thread::sleep_for(kRetryPause);
    Round(commands);
  }
}

// True if replies are to be read.
bool ClusterClient::Send(const Address& address, const std::vector<Command*>& batch) {
  redisContext* context = Connect(address);
  if (context == nullptr) {  // never sent
    ++errors_.disconnects;
    Shun(address);
    return false;
  }
  for (const Command* command : batch) Append(context, command->argv);
  AppendWait(context, address);
  int done = 0;
  while (done == 0) {
    if (redisBufferWrite(context, &done) == REDIS_OK) continue;
    Lost(batch, 0);
    Drop(address);
    return false;
  }
  return true;
}

void ClusterClient::AppendWait(redisContext* context, const Address& address) {
  waiting_[address] = options_.wait_ms > 0 && Clock::now() >= no_wait_until_[address];
  if (!waiting_[address]) return;
  // A shard that had no replica a moment ago is asked again, but not waited for.
  const bool doubtful = no_wait_until_[address] != Clock::time_point();
  Append(context, {"WAIT", "1", std::to_string(doubtful ? kShortWaitMs : options_.wait_ms)});
}

bool ClusterClient::ReadWait(redisContext* context, const Address& address, bool* confirmed) {
  if (!waiting_[address]) return true;
  const ReplyPointer wait = ReadReply(context);
  if (!wait) return false;
  *confirmed = wait->type == REDIS_REPLY_INTEGER && wait->integer >= 1;
  no_wait_until_[address] = *confirmed ? Clock::time_point() : Clock::now() + kNoWaitFor;
  return true;
}

bool ClusterClient::ReadReplies(redisContext* context, const Address& address, const std::vector<Command*>& batch) {
  std::vector<Command*> answered;
  for (size_t i = 0; i < batch.size(); ++i) {
    const ReplyPointer reply = ReadReply(context);
    if (!reply) {
      Lost(batch, i);
      return false;
    }
    if (reply->type == REDIS_REPLY_ERROR && StartsWith(reply->str, "ASK ")) {
      asked_.emplace_back(batch[i], AddressIn(reply->str));
    } else if (Take(reply.get(), address, batch[i])) {
      answered.push_back(batch[i]);
    }
  }
  bool confirmed = false;
  const bool alive = ReadWait(context, address, &confirmed);
  for (Command* command : answered) command->confirmed = confirmed;
  return alive;
}

void ClusterClient::Lost(const std::vector<Command*>& batch, size_t from) {
  for (size_t i = from; i < batch.size(); ++i) {
    if (batch[i]->idempotent) continue;  // stays pending
    batch[i]->outcome = Outcome::kUnknown;
    batch[i]->ended = Clock::now();
  }
}

// True if the command got its reply from the node it was sent to.
bool ClusterClient::Take(redisReply* reply, const Address& from, Command* command) {
  if (reply->type != REDIS_REPLY_ERROR) {
    command->outcome = Outcome::kReply;
    command->type = reply->type;
    command->integer = reply->integer;
    if (reply->str != nullptr) command->text.assign(reply->str, reply->len);
    command->ended = Clock::now();
    if (!troubled_until_.empty()) troubled_until_.erase(from);
    return true;
  }
  const std::string error(reply->str, reply->len);
  if (StartsWith(error, "MOVED ")) {
    ++errors_.moved;
    owner_[command->slot] = AddressIn(error);
    return false;
  }
  const bool transient = StartsWith(error, "TRYAGAIN") || StartsWith(error, "CLUSTERDOWN") ||
                         StartsWith(error, "READONLY") || StartsWith(error, "LOADING") ||
                         StartsWith(error, "MASTERDOWN");
  if (StartsWith(error, "TRYAGAIN")) ++errors_.try_again;
  if (StartsWith(error, "CLUSTERDOWN")) ++errors_.cluster_down;
  if (StartsWith(error, "READONLY")) ++errors_.read_only;
  if (StartsWith(error, "LOADING")) ++errors_.loading;
  last_error_ = error;
  refresh_wanted_ = true;
  if (transient) {
    Shun(from);
    return false;
  }
  ++errors_.other;
  command->outcome = Outcome::kFailed;
  command->text = error;
  command->ended = Clock::now();
  return false;
}

void ClusterClient::ExecuteAsking(const Address& address, Command* command) {
  redisContext* context = Connect(address);
  if (context == nullptr) return;
  Append(context, {"ASKING"});
  Append(context, command->argv);
  AppendWait(context, address);
  const ReplyPointer asking = ReadReply(context);
  const ReplyPointer reply = asking ? ReadReply(context) : ReplyPointer(nullptr, &freeReplyObject);
  if (!reply) {
    Lost({command}, 0);
    Drop(address);
    return;
  }
  // Redirected by the importing side: the move has ended meanwhile; ask anew.
  const bool redirected = reply->type == REDIS_REPLY_ERROR && (StartsWith(reply->str, "MOVED ") || StartsWith(reply->str, "ASK "));
  const bool done = !redirected && Take(reply.get(), address, command);
  if (redirected) refresh_wanted_ = true;
  bool confirmed = false;
  if (!ReadWait(context, address, &confirmed)) Drop(address);
  if (done) command->confirmed = confirmed;
}

}  // namespace windlass::ledger
