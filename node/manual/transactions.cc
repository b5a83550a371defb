// Pages of the group transactions. See page.h for the notation.
#include "node/manual/pages.h"

namespace windlass::manual {
namespace {

constexpr Page kPages[] = {
    {.name = "discard", .group = "transactions", .since = "2.0.0",
     .complexity = "O(N), N queued commands",
     .summary = "Gives up a transaction."},
    {.name = "exec", .group = "transactions", .since = "1.2.0",
     .complexity = "As the commands do",
     .summary = "Runs what was queued since MULTI."},
    {.name = "multi", .group = "transactions", .since = "1.2.0",
     .complexity = "O(1)",
     .summary = "Begins to queue commands for EXEC."},
    {.name = "unwatch", .group = "transactions", .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Forgets what WATCH watches."},
    {.name = "watch", .group = "transactions", .since = "2.2.0",
     .complexity = "O(1) a key",
     .summary = "Lets the next EXEC run only if the keys have not changed.",
     .arguments = "key@0*",
     .keys = "RO: index 1, range -1 1 0"},
};

}  // namespace

std::span<const Page> TransactionsPages() { return kPages; }

}  // namespace windlass::manual
