// Sets of slots as status keeps them: "0-99,200".
#pragma once

#include <string>
#include <vector>

#include "node/slot/slot_set.h"

namespace windlass::reconcile {

// As many texts as are needed to keep each under what the schema allows.
std::vector<std::string> SlotTexts(const slot::SlotSet& slots);
// What cannot be understood is left out: status may have been edited, and the
// nodes decide what is left to move.
slot::SlotSet ParseSlots(const std::string& text);

}  // namespace windlass::reconcile
