// Pages of the group bitmap. See page.h for the notation.
#include "node/manual/pages.h"

namespace windlass::manual {
namespace {

constexpr Page kPages[] = {
    {.name = "bitcount", .group = "bitmap", .since = "2.6.0",
     .complexity = "O(N)",
     .summary = "How many bits of a string are 1, in all of it or in a range.",
     .history = "7.0.0 `BYTE` and `BIT`.",
     .arguments = "key@0 range?(start:int end:int unit^7.0.0?{BYTE BIT})",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "bitfield", .group = "bitmap", .since = "3.2.0",
     .complexity = "O(1) an operation",
     .summary = "Reads, writes and increments integers of any width inside a string.",
     .arguments =
         "key@0 operation?*{get-block='GET'(encoding offset:int) write(overflow-block='OVERFLOW'?{WRAP SAT FAIL} "
         "write-operation{set-block='SET'(encoding offset:int value:int) incrby-block='INCRBY'(encoding "
         "offset:int increment:int)})}",
     .keys = "RW access update variable_flags: index 1, range 0 1 0 # reads and writes, as the operations say"},
    {.name = "bitfield_ro", .group = "bitmap", .since = "6.0.0",
     .complexity = "O(1) an operation",
     .summary = "Reads integers of any width inside a string.",
     .arguments = "key@0 get-block='GET'?*+(encoding offset:int)",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "bitop", .group = "bitmap", .since = "2.6.0",
     .complexity = "O(N)",
     .summary = "Combines strings bit by bit and keeps what results.",
     .arguments = "operation{AND OR XOR NOT} destkey@0 key@1*",
     .keys = "OW update: index 2, range 0 1 0\n"
         "RO access: index 3, range -1 1 0"},
    {.name = "bitpos", .group = "bitmap", .since = "2.8.7",
     .complexity = "O(N)",
     .summary = "Where the first 0 or 1 bit of a string is.",
     .history = "7.0.0 `BYTE` and `BIT`.",
     .arguments = "key@0 bit:int range?(start:int end-unit-block?(end:int unit^7.0.0?{BYTE BIT}))",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "getbit", .group = "bitmap", .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "One bit of a string.",
     .arguments = "key@0 offset:int",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "setbit", .group = "bitmap", .since = "2.2.0",
     .complexity = "O(1)",
     .summary = "Writes one bit of a string, which grows as needed, and tells what was there.",
     .arguments = "key@0 offset:int value:int",
     .keys = "RW access update: index 1, range 0 1 0"},
};

}  // namespace

std::span<const Page> BitmapsPages() { return kPages; }

}  // namespace windlass::manual
