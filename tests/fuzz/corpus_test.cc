// Runs a fuzz target over its corpus, as it is and with seeded damage, so that
// every build checks what the fuzzer has found before.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "node/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int kRounds = DAMAGE_ROUNDS;  // damaged and cut inputs of each

std::vector<std::string> Corpus() {
  std::vector<std::string> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(CORPUS_DIR)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".md") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    inputs.push_back(text.str());
  }
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

// On the heap at its exact size, so that a sanitizer sees one byte too many.
void Feed(const std::string& input) {
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

TEST(FuzzTarget, TakesItsCorpusWholeAndCut) {
  const auto corpus = Corpus();
  ASSERT_FALSE(corpus.empty());
  Feed("");
  for (const std::string& input : corpus) {
    Feed(input);
    for (size_t length = 0; length < input.size(); length += 1 + input.size() / kRounds) {
      Feed(input.substr(0, length));
    }
  }
}

TEST(FuzzTarget, TakesSeededDamage) {
  windlass::base::Random random(20);
  for (const std::string& input : Corpus()) {
    for (int round = 0; round < kRounds && !input.empty(); ++round) {
      std::string damaged = input;
      for (uint64_t i = 0; i <= random.Below(6); ++i) {
        damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
      }
      if (random.Below(4) == 0) damaged += input.substr(random.Below(input.size()));
      Feed(damaged);
    }
  }
}

}  // namespace
