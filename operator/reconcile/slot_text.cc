// See slot_text.h.
#include "operator/reconcile/slot_text.h"

#include "operator/base/text.h"

namespace windlass::reconcile {
namespace {
constexpr size_t kLongest = 4000;
}

std::vector<std::string> SlotTexts(const slot::SlotSet& slots) {
  std::vector<std::string> texts;
  for (const slot::SlotRange& range : slots.Ranges()) {
    const std::string text = slot::ToString(range);
    if (texts.empty() || texts.back().size() + text.size() + 1 > kLongest) {
      texts.push_back(text);
    } else {
      texts.back() += "," + text;
    }
  }
  return texts;
}

slot::SlotSet ParseSlots(const std::string& text) {
  slot::SlotSet slots;
  for (const std::string& part : base::SplitNonEmpty(text, ',')) {
    if (const auto range = slot::ParseSlotRange(part)) slots.Add(*range);
  }
  return slots;
}

}  // namespace windlass::reconcile
