// Elements picked at random, as HRANDFIELD, SRANDMEMBER and ZRANDMEMBER share it: a
// positive count picks different ones, a negative count may pick one again.
#pragma once

#include <algorithm>
#include <climits>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "node/commands/command.h"
#include "node/types/number.h"

namespace windlass::commands {

// Nothing: the error reply was written.
inline std::optional<int64_t> ParsePickCount(Call& call, std::string_view text) {
  const auto count = types::ParseInteger(text);
  if (!count) {
    call.reply.Error(kNotInteger);
    return std::nullopt;
  }
  if (*count == INT64_MIN) {
    call.reply.Error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
    return std::nullopt;
  }
  return count;
}

inline int64_t PickCount(int64_t wanted, size_t size) {
  return wanted < 0 ? -wanted : std::min(wanted, static_cast<int64_t>(size));
}

// Which of `size` elements, in order, to pick `count` of them, each choice as
// likely as any other (selection sampling).
class Sampler {
 public:
  Sampler(size_t size, size_t count, std::function<uint64_t()> random)
      : left_(size), wanted_(count), random_(std::move(random)) {}
  bool TakesNext() {
    const bool takes = wanted_ > 0 && random_() % left_ < wanted_;
    --left_;
    if (takes) --wanted_;
    return takes;
  }

 private:
  size_t left_;
  size_t wanted_;
  std::function<uint64_t()> random_;
};

// Calls write(parts of the element...) for each pick. REQUIRES: not empty
template <typename T>
void PickElements(const T& object, int64_t wanted, const std::function<uint64_t()>& random,
                  const typename T::Visitor& write) {
  if (wanted < 0) {
    for (int64_t i = 0; i < -wanted; ++i) object.Random(random, write);
    return;
  }
  Sampler sampler(object.size(), static_cast<size_t>(PickCount(wanted, object.size())), random);
  object.ForEach([&](auto... parts) {
    if (sampler.TakesNext()) write(parts...);
  });
}

}  // namespace windlass::commands
