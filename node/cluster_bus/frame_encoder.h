// Bus messages to bytes.
#pragma once

#include <string>

#include "node/cluster/messages.h"

namespace windlass::cluster_bus {

// Appends the frame of `message` to `out`. Texts that do not fit their field of
// the frame (an ip of more than 45 characters) are left empty: "unknown".
void EncodeFrame(const cluster::Message& message, std::string* out);

}  // namespace windlass::cluster_bus
