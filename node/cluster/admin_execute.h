// Executing the administrative commands, by subject.
#pragma once

#include "node/cluster/machine.h"

namespace windlass::cluster {

using Reply = base::Result<std::string>;

// A failed one leaves the state as it was.
Reply Run(Machine& m, const MeetCommand& c);
Reply Run(Machine& m, const ForgetCommand& c);
Reply Run(Machine& m, const ReplicateCommand& c);
Reply Run(Machine& m, const ResetCommand& c);
Reply Run(Machine& m, const AddSlotsCommand& c);
Reply Run(Machine& m, const DelSlotsCommand& c);
Reply Run(Machine& m, const FlushSlotsCommand& c);
Reply Run(Machine& m, const SetSlotCommand& c);
Reply Check(const Machine& m, const SetSlotCommand& c);  // what Run would refuse
Reply Run(Machine& m, const TakeSlotsCommand& c);
Reply Run(Machine& m, const BumpEpochCommand& c);
Reply Run(Machine& m, const SetConfigEpochCommand& c);
Reply Run(Machine& m, const FailoverCommand& c);
Reply Run(Machine& m, const SaveConfigCommand& c);
Reply Run(Machine& m, const BroadcastPublish& c);

// The node a user named, unless it is in handshake.
Node* NamedNode(const Machine& m, std::string_view id);
inline base::Error Refuse(std::string line) { return base::Error{"ERR " + std::move(line)}; }

}  // namespace windlass::cluster
