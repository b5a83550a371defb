// What is scraped of shards: their masters' words, and nothing that nobody said.
#include "operator/reconcile/shard_figures.h"

#include <gtest/gtest.h>

namespace windlass::reconcile {
namespace {

topology::NodeReport Report(const char* host, std::map<std::string, std::string> info) {
  topology::NodeReport report;
  report.asked = {host, 6379};
  report.info = std::move(info);
  return report;
}

std::string Text(const ShardFigures& figures) {
  health::MetricText text;
  figures.WriteTo(&text);
  return text.text();
}

bool Has(const std::string& text, const std::string& line) { return text.find(line + "\n") != std::string::npos; }

TEST(ShardFigures, AreThoseOfTheMastersThatAnswer) {
  ShardFigures figures;
  topology::NodeReport silent = Report("10.0.0.3", {{"used_memory", "7"}});
  silent.error = "no answer";
  figures.Note("shop/demo",
               {Report("10.0.0.1", {{"used_memory", "100"}, {"maxmemory", "400"}, {"instantaneous_ops_per_sec", "12"}}),
                Report("10.0.0.2", {{"used_memory", "99"}}), silent, Report("10.0.0.4", {{"used_memory", "50"}})},
               {{{"10.0.0.1", 6379}, "shard-0"}, {{"10.0.0.3", 6379}, "shard-1"}, {{"10.0.0.4", 6379}, "shard-2"}});
  const std::string text = Text(figures);
  EXPECT_TRUE(Has(text, "windlass_shard_used_memory_bytes{namespace=\"shop\",name=\"demo\",shard=\"shard-0\"} 100")) << text;
  EXPECT_TRUE(Has(text, "windlass_shard_maxmemory_bytes{namespace=\"shop\",name=\"demo\",shard=\"shard-0\"} 400")) << text;
  EXPECT_TRUE(Has(text, "windlass_shard_ops_per_second{namespace=\"shop\",name=\"demo\",shard=\"shard-0\"} 12")) << text;
  EXPECT_TRUE(Has(text, "windlass_shard_used_memory_bytes{namespace=\"shop\",name=\"demo\",shard=\"shard-2\"} 50")) << text;
  EXPECT_EQ(text.find("shard-1"), std::string::npos) << "it did not answer";
  EXPECT_EQ(text.find("} 99"), std::string::npos) << "a replica's";
  figures.Drop("shop/demo");
  EXPECT_EQ(Text(figures).find("shop"), std::string::npos);
}

}  // namespace
}  // namespace windlass::reconcile
