// See zset.h.
#include "node/types/zset.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace windlass::types {

Zset::Zset(size_t expected, size_t member_bytes, const Limits& limits)
    : packed_(expected <= limits.zset_max_listpack_entries && member_bytes <= limits.zset_max_listpack_value) {}

Zset::~Zset() {
  watches_.Tell([](ChangeWatch& watch) { watch.BeforeGone(); });
}

std::unique_ptr<Object> Zset::Clone() const { return std::make_unique<Zset>(*this); }

void Zset::Add(double score, std::string_view member, const Limits& limits) {
  if (size() + 1 > limits.zset_max_listpack_entries || member.size() > limits.zset_max_listpack_value) packed_ = false;
  Tell(member);
  tree_.Insert(Kept(score), member);
}

void Zset::Change(double from, double to, std::string_view member) {
  Tell(member);
  tree_.ChangeScore(from, Kept(to), member);
}

void Zset::Erase(double score, std::string_view member) {
  Tell(member);
  tree_.Erase(score, member);
}

void Zset::EraseRange(size_t first, size_t count) {
  // Some at a time: what is to go is copied.
  constexpr size_t kAtOnce = 64;
  std::vector<std::pair<double, std::string>> gone;
  while (count > 0) {
    gone.clear();
    tree_.ForRange(first, std::min(count, kAtOnce), false,
                   [&gone](double score, std::string_view member) { gone.emplace_back(score, member); });
    for (const auto& [score, member] : gone) Erase(score, member);
    count -= gone.size();
  }
}

void Zset::Expect(size_t expected, size_t member_bytes, const Limits& limits) {
  if (expected > limits.zset_max_listpack_entries || member_bytes > limits.zset_max_listpack_value) packed_ = false;
}

void Zset::FitEncoding(const Limits& limits) {
  if (packed_ || size() > limits.zset_max_listpack_entries) return;
  size_t longest = 0;
  std::vector<std::string> negative_zeros;
  ForEach([&](std::string_view member, double score) {
    longest = std::max(longest, member.size());
    if (score == 0 && std::signbit(score)) negative_zeros.emplace_back(member);
  });
  packed_ = longest <= limits.zset_max_listpack_value;
  if (!packed_) return;
  for (const std::string& member : negative_zeros) Change(-0.0, 0, member);
}

uint64_t Zset::Scan(uint64_t cursor, const Visitor& f) const {
  return tree_.Scan(cursor, [&f](double score, std::string_view member) { f(member, score); });
}

bool Zset::Walk(Position* position, const Visitor& f) const {
  if (size() == 0) return false;
  const ZsetTree::Run run = position->started
                                ? tree_.From(ZsetBound(position->score, position->member, ZsetBound::Side::kAfter))
                                : tree_.From(size_t{0});
  if (run.begin == run.end) return false;
  for (size_t at = run.begin; at < run.end; ++at) f(run.leaf->member(at), run.leaf->score(at));
  position->started = true;
  position->member = run.leaf->member(run.end - 1);
  position->score = run.leaf->score(run.end - 1);
  return true;
}

}  // namespace windlass::types
