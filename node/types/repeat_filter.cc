// See repeat_filter.h.
#include "node/types/repeat_filter.h"

#include <algorithm>

#include "node/types/packed_table.h"

namespace windlass::types {
namespace {

// Calls f(position, text) for every (skip + 1)-th element while it returns true; false if
// one did not. Tells the longest of all.
template <typename F>
bool ForEachKey(const Listpack& pack, size_t skip, size_t* longest, F&& f) {
  char buffer[kMaxIntegerDigits];
  size_t until_key = 0;
  for (auto at = pack.First(); at != Listpack::kEnd; at = pack.Next(at)) {
    const std::string_view text = pack.Get(at).Text(buffer);
    *longest = std::max(*longest, text.size());
    const bool is_key = until_key == 0;
    until_key = is_key ? skip : until_key - 1;
    if (is_key && !f(at, text)) return false;
  }
  return true;
}

}  // namespace

PackSurvey Survey(const Listpack& pack, size_t skip) {
  PackSurvey survey;
  const size_t keys = pack.size() / (skip + 1);
  if (keys <= RepeatFilter::kMostTexts) {
    RepeatFilter filter(keys);
    survey.repeats = !ForEachKey(pack, skip, &survey.longest, [&](Listpack::Position at, std::string_view text) {
      return !filter.MaybeSeen(text) || pack.Find(text, pack.First(), skip) == at;
    });
  } else {
    PackedTable table(false);
    survey.repeats = !ForEachKey(pack, skip, &survey.longest,
                                 [&table](Listpack::Position, std::string_view text) { return table.Set(text); });
  }
  return survey;
}

}  // namespace windlass::types
