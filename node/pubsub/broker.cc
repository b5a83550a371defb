// See broker.h.
#include "node/pubsub/broker.h"

#include <utility>

#include "node/base/glob.h"
#include "node/resp/reply_writer.h"

namespace windlass::pubsub {
namespace {

constexpr std::string_view kMessageWords[kKinds] = {"message", "pmessage", "smessage"};

}  // namespace

bool Broker::Subscribe(Subscriber& who, Kind kind, std::string_view name) {
  Topics& all = topics(kind);
  auto found = all.find(name);
  if (found == all.end()) {
    const slot::SlotId slot = kind == Kind::kShard ? slot::KeySlot(name) : slot::SlotId{0};
    auto topic = std::make_unique<Topic>(Topic{kind, std::string(name), slot, {}});
    const std::string_view key = topic->name;
    found = all.emplace(key, std::move(topic)).first;
  }
  Topic* topic = found->second.get();
  const bool added = who.topics_[static_cast<size_t>(kind)].emplace(topic, topic->subscribers.size()).second;
  if (added) topic->subscribers.push_back(&who);
  return added;
}

bool Broker::Unsubscribe(Subscriber& who, Kind kind, std::string_view name) {
  const auto found = topics(kind).find(name);
  if (found == topics(kind).end()) return false;
  auto& mine = who.topics_[static_cast<size_t>(kind)];
  const auto place = mine.find(found->second.get());
  if (place == mine.end()) return false;
  Remove(who, place->first, place->second);
  return true;
}

// The last subscriber takes the place that becomes free.
void Broker::Remove(Subscriber& who, Topic* topic, size_t place) {
  const size_t kind = static_cast<size_t>(topic->kind);
  Subscriber* last = topic->subscribers.back();
  topic->subscribers[place] = last;
  last->topics_[kind][topic] = place;
  topic->subscribers.pop_back();
  who.topics_[kind].erase(topic);
  if (topic->subscribers.empty()) topics_[kind].erase(topics_[kind].find(topic->name));
}

void Broker::Forget(Subscriber& who) {
  for (auto& mine : who.topics_) {
    while (!mine.empty()) Remove(who, mine.begin()->first, mine.begin()->second);
  }
}

std::vector<std::string> Broker::NamesOf(const Subscriber& who, Kind kind) const {
  std::vector<std::string> names;
  for (const auto& [topic, place] : who.topics_[static_cast<size_t>(kind)]) names.push_back(topic->name);
  return names;
}

// The two protocols differ in the first byte of the frame alone.
size_t Broker::Give(const Topic& topic, std::string_view channel, std::string_view message) {
  frame_.clear();
  resp::ReplyWriter writer(&frame_, 3);
  const bool by_pattern = topic.kind == Kind::kPattern;
  writer.Push(by_pattern ? 4 : 3);
  writer.Bulk(kMessageWords[static_cast<size_t>(topic.kind)]);
  if (by_pattern) writer.Bulk(topic.name);
  writer.Bulk(channel);
  writer.Bulk(message);
  for (Subscriber* subscriber : topic.subscribers) {
    frame_[0] = subscriber->protocol() == 3 ? '>' : '*';
    subscriber->Push(frame_);
  }
  return topic.subscribers.size();
}

size_t Broker::Publish(std::string_view channel, std::string_view message) {
  size_t given = 0;
  const Topics& channels = topics(Kind::kChannel);
  if (const auto found = channels.find(channel); found != channels.end()) {
    given += Give(*found->second, channel, message);
  }
  for (const auto& [pattern, topic] : topics(Kind::kPattern)) {
    if (base::GlobMatch(pattern, channel)) given += Give(*topic, channel, message);
  }
  return given;
}

size_t Broker::PublishToShard(std::string_view channel, std::string_view message) {
  const Topics& channels = topics(Kind::kShard);
  const auto found = channels.find(channel);
  return found == channels.end() ? 0 : Give(*found->second, channel, message);
}

size_t Broker::SubscriberCount(Kind kind, std::string_view name) const {
  const Topics& all = topics_[static_cast<size_t>(kind)];
  const auto found = all.find(name);
  return found == all.end() ? 0 : found->second->subscribers.size();
}

void Broker::ForEachTopic(Kind kind, const std::function<void(const Topic&)>& f) const {
  for (const auto& [name, topic] : topics_[static_cast<size_t>(kind)]) f(*topic);
}

void Broker::DropShardTopics(const std::function<bool(slot::SlotId)>& left,
                             const std::function<void(Subscriber&, std::string_view)>& tell) {
  std::vector<std::string> names;
  ForEachTopic(Kind::kShard, [&](const Topic& topic) {
    if (left(topic.slot)) names.push_back(topic.name);
  });
  for (const std::string& name : names) {
    const std::vector<Subscriber*> subscribers = topics(Kind::kShard).find(name)->second->subscribers;
    for (Subscriber* subscriber : subscribers) {
      Unsubscribe(*subscriber, Kind::kShard, name);
      tell(*subscriber, name);
    }
  }
}

}  // namespace windlass::pubsub
