// The pages, a file a group. Only the index (page.cc) includes this.
#pragma once

#include <span>

#include "node/manual/page.h"

namespace windlass::manual {

std::span<const Page> BitmapsPages();
std::span<const Page> ClusterPages();
std::span<const Page> ConnectionPages();
std::span<const Page> GeoPages();
std::span<const Page> HashesPages();
std::span<const Page> HyperloglogsPages();
std::span<const Page> KeysPages();
std::span<const Page> ListsPages();
std::span<const Page> PubsubPages();
std::span<const Page> ScriptingPages();
std::span<const Page> ServerContainerPages();
std::span<const Page> ServerPages();
std::span<const Page> SetsPages();
std::span<const Page> SortedSetsPages();
std::span<const Page> StreamsPages();
std::span<const Page> StringsPages();
std::span<const Page> TransactionsPages();

}  // namespace windlass::manual
