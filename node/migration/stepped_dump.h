// The payload of a large value, whole, made in steps beside everything else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace windlass::net {
class EventLoop;
}
namespace windlass::persistence {
class DumpStream;
}

namespace windlass::migration {

// Calls `done` in a later turn with the payload as a bulk string of RESP; with nothing if
// the stream was broken. `served` counts what clients have asked for: while it grows there
// is sleep between the steps.
void DumpInSteps(net::EventLoop* loop, std::shared_ptr<persistence::DumpStream> stream,
                 std::function<uint64_t()> served, std::function<void(std::string)> done);

}  // namespace windlass::migration
