// Which sanitizer this is built with.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define WINDLASS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WINDLASS_ASAN 1
#endif
#endif

namespace windlass::base {

#if defined(WINDLASS_ASAN)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace windlass::base
