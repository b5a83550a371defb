// Arbitrary text as nodes.conf. What is accepted starts a cluster core, whose own
// nodes.conf is accepted too, at once and later, and starts a core that would
// write the same.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "node/cluster/core.h"

namespace {

using namespace windlass::cluster;

class NoKeys final : public KeyCounts {
 public:
  uint64_t KeysInSlot(windlass::slot::SlotId) const override { return 0; }
  bool DatasetEmpty() const override { return true; }
};

// The core's nodes.conf after some seconds of hearing nobody.
std::string RunAndWrite(NodesConf conf, int ticks) {
  const NoKeys keys;
  int64_t now_ms = 1'700'000'000'000;
  Start start;
  start.conf = std::move(conf);
  start.options.node_timeout_ms = 1000;
  start.options.announce = Address{"127.0.0.1", 7000, 17000, 0};
  ClusterCore core(std::move(start), windlass::base::Random(7), &keys, now_ms);
  core.Begin(now_ms);
  for (int i = 0; i < ticks; ++i) core.Tick(now_ms += 100);
  core.NodesText(now_ms);
  core.SlotsReport();
  core.ShardsReport(now_ms);
  return core.ConfText();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto conf = ParseNodesConf({reinterpret_cast<const char*>(data), size});
  if (!conf.ok()) {
    if (conf.error().empty()) std::abort();
    return 0;
  }
  if (!ParseNodesConf(RunAndWrite(*conf, 30)).ok()) std::abort();
  const std::string written = RunAndWrite(std::move(conf).value(), 0);
  auto again = ParseNodesConf(written);
  if (!again.ok()) std::abort();
  const std::string rewritten = RunAndWrite(std::move(again).value(), 0);
  if (rewritten != written) {
    std::fprintf(stderr, "written\n%sand then\n%s", written.c_str(), rewritten.c_str());
    std::abort();
  }
  return 0;
}
