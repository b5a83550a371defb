// What the caches keep of objects that are large and many: all that a pass reads of them.
#pragma once

#include "operator/informer/store.h"

namespace windlass::reconcile {

informer::Json KeptOfPod(const informer::Json& pod);
// Of a machine: where it is, and whether it is to be left.
informer::Json KeptOfMachine(const informer::Json& node);

}  // namespace windlass::reconcile
