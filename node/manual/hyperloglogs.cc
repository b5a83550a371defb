// Pages of the group hyperloglog. See page.h for the notation.
#include "node/manual/pages.h"

namespace windlass::manual {
namespace {

constexpr Page kPages[] = {
    {.name = "pfadd", .group = "hyperloglog", .since = "2.8.9",
     .complexity = "O(1) an element",
     .summary = "Lets a HyperLogLog see elements.",
     .arguments = "key@0 element?*",
     .keys = "RW insert: index 1, range 0 1 0"},
    {.name = "pfcount", .group = "hyperloglog", .since = "2.8.9",
     .complexity = "O(1) for one key, O(N) for N keys, with greater constants",
     .summary = "How many different elements HyperLogLogs have seen, about.",
     .arguments = "key@0*",
     .keys = "RW access: index 1, range -1 1 0 # the cached cardinality may be renewed"},
    {.name = "pfdebug", .group = "hyperloglog", .since = "2.8.9",
     .complexity = "Not for users.",
     .summary = "Looks inside a HyperLogLog; for tests of the server.",
     .doc_flags = "syscmd",
     .arguments = "subcommand key@0",
     .keys = "RW access: index 2, range 0 1 0"},
    {.name = "pfmerge", .group = "hyperloglog", .since = "2.8.9",
     .complexity = "O(N), N HyperLogLogs, with great constants",
     .summary = "Unites HyperLogLogs into one.",
     .arguments = "destkey@0 sourcekey@1?*",
     .keys = "RW access insert: index 1, range 0 1 0\n"
         "RO access: index 2, range -1 1 0"},
    {.name = "pfselftest", .group = "hyperloglog", .since = "2.8.9",
     .complexity = "Not for users.",
     .summary = "Checks the HyperLogLog code; for tests of the server.",
     .doc_flags = "syscmd"},
};

}  // namespace

std::span<const Page> HyperloglogsPages() { return kPages; }

}  // namespace windlass::manual
