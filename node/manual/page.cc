// The index of the manual. See page.h.
#include "node/manual/page.h"

#include "node/manual/pages.h"

namespace windlass::manual {

// A few hundred pages, asked for by COMMAND alone: a walk is fast enough.
const Page* FindPage(std::string_view name) {
  for (const std::span<const Page> pages :
       {StringsPages(), KeysPages(), ListsPages(), HashesPages(), SetsPages(), SortedSetsPages(), StreamsPages(),
        BitmapsPages(), HyperloglogsPages(), GeoPages(), PubsubPages(), TransactionsPages(), ScriptingPages(),
        ConnectionPages(), ClusterPages(), ServerPages(), ServerContainerPages()}) {
    for (const Page& page : pages) {
      if (page.name == name) return &page;
    }
  }
  return nullptr;
}

}  // namespace windlass::manual
