// One core under test, among peers that the test plays.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/cluster/core.h"

namespace windlass::cluster {

inline NodeId Id(char digit) { return *NodeId::Parse(std::string(40, digit)); }

// Three masters of a third of the slots each, 'a' (myself), 'b' and 'c', and a
// replica for each: '1' of a, '2' of b, '3' of c; epochs 1, 2, 3.
inline std::string ThreeShards(char myself = 'a') {
  struct Line {
    char id, master;
    int epoch;
    const char* slots;
  };
  constexpr Line kLines[] = {{'a', 0, 1, " 0-5460"},       {'b', 0, 2, " 5461-10922"},
                             {'c', 0, 3, " 10923-16383"}, {'1', 'a', 1, ""},
                             {'2', 'b', 2, ""},           {'3', 'c', 3, ""}};
  std::string text;
  int port = 7000;
  for (const Line& line : kLines) {
    text += std::string(40, line.id) + " 127.0.0.1:" + std::to_string(port) + "@" + std::to_string(port + 10000);
    text += line.id == myself ? " myself," : " ";
    text += line.master == 0 ? "master - " : "slave " + std::string(40, line.master) + " ";
    text += "0 0 " + std::to_string(line.epoch) + " connected" + line.slots + "\n";
    ++port;
  }
  return text + "vars currentEpoch 3 lastVoteEpoch 0\n";
}

class Keys : public KeyCounts {
 public:
  uint64_t KeysInSlot(slot::SlotId slot) const override {
    const auto it = counts.find(slot);
    return it == counts.end() ? 0 : it->second;
  }
  bool DatasetEmpty() const override { return counts.empty(); }
  std::map<slot::SlotId, uint64_t> counts;
};

class OneNode {
 public:
  explicit OneNode(const std::string& conf, DataAtStart data = {}, Options options = DefaultOptions()) {
    Start start;
    if (!conf.empty()) {
      auto parsed = ParseNodesConf(conf);
      EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error());
      start.conf = std::move(parsed).value();
    }
    start.options = std::move(options);
    start.data = data;
    core = std::make_unique<ClusterCore>(std::move(start), base::Random(7), &keys, now);
    Take(core->Begin(now));
  }

  static Options DefaultOptions() {
    Options options;
    options.node_timeout_ms = 1000;
    options.announce = Address{"127.0.0.1", 7000, 17000, 0};
    return options;
  }

  // Keeps the effects; answers Connect with LinkConnected, and Persist with
  // Persisted unless `hold_disk`.
  void Take(Effects effects) {
    for (Effect& effect : effects) {
      seen.push_back(effect);
      if (const auto* connect = std::get_if<Connect>(&effect)) {
        link_to[connect->bus_port] = connect->link;
        Take(core->Step(now, LinkConnected{connect->link}));
      } else if (const auto* persist = std::get_if<Persist>(&effect)) {
        disk = persist->content;
        last_ticket = persist->ticket;
        if (!hold_disk) Take(core->Step(now, Persisted{persist->ticket, true}));
      }
    }
  }

  void Tick(int64_t ms = 100) {
    now += ms;
    Take(core->Tick(now));
  }
  void Feed(const Input& input) { Take(core->Step(now, input)); }
  base::Result<std::string> Admin(const AdminCommand& command) {
    AdminOutcome outcome = core->Execute(now, command);
    Take(std::move(outcome.effects));
    return outcome.reply;
  }

  // A message from a peer on a link of its own.
  std::shared_ptr<Message> From(char id, MessageType type) {
    auto message = std::make_shared<Message>();
    message->type = type;
    message->header.sender = Id(id);
    message->header.slots = std::make_shared<slot::SlotSet>();
    message->header.flags = kFlagMaster;
    message->header.address = AddressOf(id);
    if (type == MessageType::kPing || type == MessageType::kPong || type == MessageType::kMeet) {
      message->body = Heartbeat{};
    }
    return message;
  }
  // As the peers of ThreeShards speak: their role, slots, epoch. Another is a master
  // without slots.
  std::shared_ptr<Message> Usual(char id, MessageType type = MessageType::kPing) {
    auto message = From(id, type);
    const bool replica = id >= '1' && id <= '3';
    const int shard = replica ? id - '1' : id - 'a';
    constexpr slot::SlotRange kRanges[] = {{0, 5460}, {5461, 10922}, {10923, 16383}};
    message->header.current_epoch = 3;
    if (shard < 0 || shard >= 3) return message;
    auto slots = std::make_shared<slot::SlotSet>();
    slots->Add(kRanges[shard]);
    message->header.slots = slots;
    message->header.config_epoch = static_cast<uint64_t>(shard + 1);
    if (replica) {
      message->header.flags = kFlagReplica;
      message->header.replica_of = Id(static_cast<char>('a' + shard));
    }
    return message;
  }
  static Address AddressOf(char id) {
    constexpr char kIds[] = "abc123";
    const std::string ids = kIds;
    const size_t at = ids.find(id);
    const auto port = static_cast<uint16_t>(7000 + (at == std::string::npos ? 50 + id % 40 : at));
    return Address{"127.0.0.1", port, static_cast<uint16_t>(port + 10000), 0};
  }
  void Deliver(char id, std::shared_ptr<Message> message) {
    Feed(MessageReceived{LinkId{true, static_cast<uint64_t>(id)}, std::move(message), "127.0.0.1", "127.0.0.1"});
  }
  // A master, whatever it was, claims these slots and no others.
  void Claims(char by, slot::SlotRange range, uint64_t epoch) {
    auto claim = From(by, MessageType::kPing);
    auto slots = std::make_shared<slot::SlotSet>();
    slots->Add(range);
    claim->header.slots = slots;
    claim->header.config_epoch = claim->header.current_epoch = epoch;
    Deliver(by, claim);
  }
  // On our own link to it, as its answer.
  void DeliverAnswer(char id, std::shared_ptr<Message> message) {
    Feed(MessageReceived{link_to[AddressOf(id).bus_port], std::move(message), "127.0.0.1", "127.0.0.1"});
  }
  void Answer(char id) { DeliverAnswer(id, Usual(id, MessageType::kPong)); }
  void AllAnswerBut(const std::string& silent) {
    const std::string ids = "abc123";
    for (const char id : ids) {
      if (!(core->MyId() == Id(id)) && silent.find(id) == std::string::npos) Answer(id);
    }
  }
  // Who is not silent answers at every tick.
  void TickWithout(const std::string& silent, int64_t ms) {
    for (int64_t t = 0; t < ms; t += 100) {
      Tick();
      AllAnswerBut(silent);
    }
  }
  void HearOfFailure(char failed, char from) {
    auto fail = Usual(from, MessageType::kFail);
    fail->body = Fail{Id(failed)};
    Deliver(from, fail);
  }

  std::vector<const Message*> Sent(MessageType type) const {
    std::vector<const Message*> found;
    for (const Effect& effect : seen) {
      const auto* send = std::get_if<Send>(&effect);
      if (send != nullptr && send->message->type == type) found.push_back(send->message.get());
    }
    return found;
  }
  template <typename T>
  int Count() const {
    int n = 0;
    for (const Effect& effect : seen) n += std::holds_alternative<T>(effect) ? 1 : 0;
    return n;
  }
  bool Logged(const std::string& part) const {
    for (const Effect& effect : seen) {
      const auto* log = std::get_if<Log>(&effect);
      if (log != nullptr && log->text.find(part) != std::string::npos) return true;
    }
    return false;
  }
  std::string LineOf(char id) const {
    const std::string text = core->NodesText(now);
    size_t start = 0;
    while (start < text.size()) {
      const size_t end = text.find('\n', start);
      if (text.compare(start, 40, std::string(40, id)) == 0) return text.substr(start, end - start);
      start = end + 1;
    }
    return "";
  }

  int64_t now = 1700000000000;
  Keys keys;
  std::unique_ptr<ClusterCore> core;
  Effects seen;
  std::string disk;
  uint64_t last_ticket = 0;
  bool hold_disk = false;
  std::map<uint16_t, LinkId> link_to;  // by bus port
};

}  // namespace windlass::cluster
