// Arbitrary bytes as a link of the cluster bus would see them: frame after frame
// until the bytes end or are no frame. What decodes must encode, and decode to
// a message of the same type again.
#include <cstdlib>
#include <string>
#include <string_view>

#include "node/cluster_bus/frame_decoder.h"
#include "node/cluster_bus/frame_encoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace windlass::cluster_bus;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FrameDecoder decoder;
  size_t frame_bytes = 0;
  while (FindFrame(bytes, &frame_bytes) == FrameStatus::kWhole) {
    const auto message = decoder.Decode(bytes.substr(0, frame_bytes));
    if (message.ok() && *message != nullptr) {
      std::string again;
      EncodeFrame(**message, &again);
      FrameDecoder fresh;
      const auto reread = fresh.Decode(again);
      if (!reread.ok() || *reread == nullptr || (*reread)->type != (*message)->type) std::abort();
    }
    bytes.remove_prefix(frame_bytes);
  }
  return 0;
}
