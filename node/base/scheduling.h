// What a thread asks of the kernel's scheduler.
#pragma once

namespace windlass::base {

// For the calling thread, if it sleeps mostly and others wait for what it does: on a busy
// machine it is put on a processor soon after it wakes, for a short while. Its share of
// the processors stays. Linux 6.12 and later; elsewhere nothing happens.
void AskForShortSlices();

}  // namespace windlass::base
