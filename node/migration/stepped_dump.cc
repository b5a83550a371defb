// See stepped_dump.h.
#include "node/migration/stepped_dump.h"

#include <utility>

#include "node/base/clock.h"
#include "node/net/event_loop.h"
#include "node/persistence/dump_stream.h"

namespace windlass::migration {
namespace {

constexpr int64_t kStepUs = 500;         // a turn
constexpr size_t kLookBytes = 16 << 10;  // between two looks at the clock

struct Dump {
  net::EventLoop* loop;
  std::shared_ptr<persistence::DumpStream> stream;
  std::function<uint64_t()> served;
  std::function<void(std::string)> done;
  std::string bulk;
  uint64_t served_before = 0;
};

// True: there is nothing more to do.
bool Step(Dump& dump) {
  const base::SystemClock clock;
  const int64_t end_us = clock.MonotonicUs() + kStepUs;
  persistence::DumpStream& stream = *dump.stream;
  do {
    if (stream.broken()) {
      dump.bulk.clear();
      return true;
    }
    if (!stream.measured()) {
      if (!stream.Measure(kLookBytes)) continue;
      const std::string head = "$" + std::to_string(stream.size()) + "\r\n";
      dump.bulk.reserve(head.size() + stream.size() + 2);  // grown later, it would be copied
      dump.bulk = head;
    } else if (stream.Step(kLookBytes, &dump.bulk)) {
      dump.bulk += "\r\n";
      return true;
    }
  } while (clock.MonotonicUs() < end_us);
  return false;
}

void StepLater(std::shared_ptr<Dump> dump) {
  const uint64_t served = dump->served();
  const bool idle = served == std::exchange(dump->served_before, served);
  net::EventLoop* const loop = dump->loop;
  loop->After(idle ? 0 : 1, [dump = std::move(dump)] {
    if (!Step(*dump)) return StepLater(dump);
    dump->done(std::move(dump->bulk));
  });
}

}  // namespace

void DumpInSteps(net::EventLoop* loop, std::shared_ptr<persistence::DumpStream> stream,
                 std::function<uint64_t()> served, std::function<void(std::string)> done) {
  StepLater(std::make_shared<Dump>(Dump{loop, std::move(stream), std::move(served), std::move(done), {}}));
}

}  // namespace windlass::migration
