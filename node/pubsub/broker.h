// Gives messages to those who subscribed: to a channel by name, to all channels a
// pattern matches, or to a sharded channel.
//
// Owns no subscriber: Forget one before it dies. A Subscriber's Push must not
// subscribe or unsubscribe anybody. Loop thread only.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "node/pubsub/subscriber.h"
#include "node/slot/slot.h"

namespace windlass::pubsub {

// What is subscribed to: a channel or pattern with at least one subscriber.
struct Topic {
  Kind kind;
  std::string name;
  slot::SlotId slot;  // of a sharded channel
  std::vector<Subscriber*> subscribers;
};

class Broker {
 public:
  // False: it was subscribed already, or was not.
  bool Subscribe(Subscriber& who, Kind kind, std::string_view name);
  bool Unsubscribe(Subscriber& who, Kind kind, std::string_view name);
  void Forget(Subscriber& who);
  // What it is subscribed to.
  std::vector<std::string> NamesOf(const Subscriber& who, Kind kind) const;

  // How many were given the message.
  size_t Publish(std::string_view channel, std::string_view message);
  size_t PublishToShard(std::string_view channel, std::string_view message);
  bool empty() const { return TopicCount(Kind::kChannel) + TopicCount(Kind::kPattern) + TopicCount(Kind::kShard) == 0; }

  size_t TopicCount(Kind kind) const { return topics_[static_cast<size_t>(kind)].size(); }
  size_t SubscriberCount(Kind kind, std::string_view name) const;
  void ForEachTopic(Kind kind, const std::function<void(const Topic&)>& f) const;
  // Sharded channels of slots for which `left` holds lose their subscribers, each

  void DropShardTopics(const std::function<bool(slot::SlotId)>& left,
                       const std::function<void(Subscriber&, std::string_view channel)>& tell);

 private:
  using Topics = std::unordered_map<std::string_view, std::unique_ptr<Topic>>;  // keys are the topics' names
  Topics& topics(Kind kind) { return topics_[static_cast<size_t>(kind)]; }
  void Remove(Subscriber& who, Topic* topic, size_t place);
  size_t Give(const Topic& topic, std::string_view channel, std::string_view message);

  std::array<Topics, kKinds> topics_;
  std::string frame_;  // a message being given out
};

}  // namespace windlass::pubsub
