// Pages of the group geo. See page.h for the notation.
#include "node/manual/pages.h"

namespace windlass::manual {
namespace {

constexpr Page kPages[] = {
    {.name = "geoadd", .group = "geo", .since = "3.2.0",
     .complexity = "O(log(N)) a member, N members",
     .summary = "Adds members with their coordinates, or moves them.",
     .history = "6.2.0 `CH`, `NX` and `XX`.",
     .arguments =
         "key@0 condition^6.2.0?{NX XX} change:token='CH'^6.2.0? data*(longitude:double latitude:double member)",
     .keys = "RW update: index 1, range 0 1 0"},
    {.name = "geodist", .group = "geo", .since = "3.2.0",
     .complexity = "O(1)",
     .summary = "How far two members are from each other.",
     .arguments = "key@0 member1 member2 unit?{M KM FT MI}",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "geohash", .group = "geo", .since = "3.2.0",
     .complexity = "O(1) a member",
     .summary = "The positions of members as geohash text.",
     .arguments = "key@0 member?*",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "geopos", .group = "geo", .since = "3.2.0",
     .complexity = "O(1) a member",
     .summary = "The coordinates of members.",
     .arguments = "key@0 member?*",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "georadius", .group = "geo", .since = "3.2.0",
     .complexity = "O(N+log(M)), N members in the box around the circle, M in the index",
     .summary = "Members within a distance of a point; may keep the result.",
     .history = "6.2.0 `ANY` after `COUNT`.\n"
         "7.0.0 Units in capitals.",
     .doc_flags = "deprecated",
     .deprecated_since = "6.2.0", .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS`",
     .arguments =
         "key@0 longitude:double latitude:double radius:double unit{M KM FT MI} WITHCOORD? WITHDIST? WITHHASH? "
         "count-block?(count:int='COUNT' ANY^6.2.0?) order?{ASC DESC} store?{storekey@1='STORE'~'key' "
         "storedistkey@2='STOREDIST'~'key'}",
     .keys = "RO access: index 1, range 0 1 0\n"
         "OW update: keyword STORE 6, range 0 1 0\n"
         "OW update: keyword STOREDIST 6, range 0 1 0"},
    {.name = "georadius_ro", .group = "geo", .since = "3.2.10",
     .complexity = "O(N+log(M)), N members in the box around the circle, M in the index",
     .summary = "Members within a distance of a point, for reading only.",
     .history = "6.2.0 `ANY` after `COUNT`.\n"
         "7.0.0 Units in capitals.",
     .doc_flags = "deprecated",
     .deprecated_since = "6.2.0", .replaced_by = "`GEOSEARCH` with `BYRADIUS`",
     .arguments =
         "key@0 longitude:double latitude:double radius:double unit{M KM FT MI} WITHCOORD? WITHDIST? WITHHASH? "
         "count-block?(count:int='COUNT' ANY^6.2.0?) order?{ASC DESC}",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "georadiusbymember", .group = "geo", .since = "3.2.0",
     .complexity = "O(N+log(M)), N members in the box around the circle, M in the index",
     .summary = "Members within a distance of a member; may keep the result.",
     .history = "6.2.0 `ANY` after `COUNT`.\n"
         "7.0.0 Units in capitals.",
     .doc_flags = "deprecated",
     .deprecated_since = "6.2.0", .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with `BYRADIUS` and `FROMMEMBER`",
     .arguments =
         "key@0 member radius:double unit{M KM FT MI} WITHCOORD? WITHDIST? WITHHASH? "
         "count-block?(count:int='COUNT' ANY?) order?{ASC DESC} store?{storekey@1='STORE'~'key' "
         "storedistkey@2='STOREDIST'~'key'}",
     .keys = "RO access: index 1, range 0 1 0\n"
         "OW update: keyword STORE 5, range 0 1 0\n"
         "OW update: keyword STOREDIST 5, range 0 1 0"},
    {.name = "georadiusbymember_ro", .group = "geo", .since = "3.2.10",
     .complexity = "O(N+log(M)), N members in the box around the circle, M in the index",
     .summary = "Members within a distance of a member, for reading only.",
     .history = "6.2.0 `ANY` after `COUNT`.\n"
         "7.0.0 Units in capitals.",
     .doc_flags = "deprecated",
     .deprecated_since = "6.2.0", .replaced_by = "`GEOSEARCH` with `BYRADIUS` and `FROMMEMBER`",
     .arguments =
         "key@0 member radius:double unit{M KM FT MI} WITHCOORD? WITHDIST? WITHHASH? "
         "count-block?(count:int='COUNT' ANY?) order?{ASC DESC}",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "geosearch", .group = "geo", .since = "6.2.0",
     .complexity = "O(N+log(M)), N members in the cells that the shape touches, M in the index",
     .summary = "Members inside a circle or a box.",
     .history = "7.0.0 Units in capitals.",
     .arguments =
         "key@0 from{member='FROMMEMBER' fromlonlat='FROMLONLAT'(longitude:double latitude:double)} "
         "by{circle(radius:double='BYRADIUS' unit{M KM FT MI}) box(width:double='BYBOX' height:double unit{M KM "
         "FT MI})} order?{ASC DESC} count-block?(count:int='COUNT' ANY?) WITHCOORD? WITHDIST? WITHHASH?",
     .keys = "RO access: index 1, range 0 1 0"},
    {.name = "geosearchstore", .group = "geo", .since = "6.2.0",
     .complexity = "O(N+log(M)), N members in the cells that the shape touches, M in the index",
     .summary = "Keeps the members inside a circle or a box under another key.",
     .history = "7.0.0 Units in capitals.",
     .arguments =
         "destination@0 source@1 from{member='FROMMEMBER' fromlonlat='FROMLONLAT'(longitude:double "
         "latitude:double)} by{circle(radius:double='BYRADIUS' unit{M KM FT MI}) box(width:double='BYBOX' "
         "height:double unit{M KM FT MI})} order?{ASC DESC} count-block?(count:int='COUNT' ANY?) STOREDIST?",
     .keys = "OW update: index 1, range 0 1 0\n"
         "RO access: index 2, range 0 1 0"},
};

}  // namespace

std::span<const Page> GeoPages() { return kPages; }

}  // namespace windlass::manual
