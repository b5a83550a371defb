// Arbitrary text as the manifest of an append-only log. What is accepted must be
// written so that it reads the same.
#include <cstdlib>
#include <string>
#include <string_view>

#include "node/persistence/aof_manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using windlass::persistence::AofManifest;
  const auto manifest = AofManifest::Parse({reinterpret_cast<const char*>(data), size});
  if (!manifest.ok()) {
    if (manifest.error().empty()) std::abort();
    return 0;
  }
  if (manifest->NextBase() < 1 || manifest->NextIncrement() < 1) std::abort();
  const std::string text = manifest->Text();
  const auto again = AofManifest::Parse(text);
  if (!again.ok() || again->Text() != text || again->increments.size() != manifest->increments.size()) std::abort();
  return 0;
}
