// The packed forms that RDB files of old versions hold: ziplist and zipmap. Read
// only; the bytes are untrusted.
#pragma once

#include <string_view>

#include "node/types/listpack.h"

namespace windlass::persistence {

// Appends the elements of a ziplist (or, field by value, of a zipmap) to *out.
// False: the bytes are no such thing.
bool ReadZiplist(std::string_view bytes, types::Listpack* out);
bool ReadZipmap(std::string_view bytes, types::Listpack* out);

}  // namespace windlass::persistence
