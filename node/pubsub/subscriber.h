// One who listens to channels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace windlass::pubsub {

enum class Kind : uint8_t { kChannel, kPattern, kShard };
inline constexpr size_t kKinds = 3;

struct Topic;

class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // 2 or 3: what its messages are written in.
  virtual int protocol() const = 0;
  // Takes a message in that protocol.
  virtual void Push(std::string_view bytes) = 0;

  size_t Count(Kind kind) const { return topics_[static_cast<size_t>(kind)].size(); }
  bool subscribed() const { return Count(Kind::kChannel) + Count(Kind::kPattern) + Count(Kind::kShard) > 0; }

 private:
  friend class Broker;
  // Its place in each topic's list.
  std::array<std::unordered_map<Topic*, size_t>, kKinds> topics_;
};

}  // namespace windlass::pubsub
