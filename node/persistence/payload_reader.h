// A large payload of RESTORE, read while its bytes come in: when the last one is there, so
// is the value, and no command has to take all of it at once. Who sends it waits no longer
// than if it were only received.
//
// The bytes are untrusted, and nothing is known of their checksum until the end: a value
// is given out only then.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "node/persistence/dump_payload.h"
#include "node/types/limits.h"

namespace windlass::resp {
class RequestParser;
}

namespace windlass::persistence {

class LzfUnpacker;
class ObjectReader;

class PayloadReader {
 public:
  // Below this a payload is read at once.
  static constexpr size_t kLarge = 1 << 20;

  // `bytes`: of the whole payload.
  PayloadReader(size_t bytes, const types::Limits& limits);
  ~PayloadReader();

  size_t bytes() const { return bytes_; }
  // What is there of the payload, from its first byte on.
  void Take(std::string_view payload);
  // As ParseDumpPayload. REQUIRES: the whole payload, and called once
  RestoredValue Finish(std::string_view payload, bool verify_checksum);

 private:
  void BeginText(std::string_view body);
  void BeginPackedText(std::string_view body);
  void TakeBody(std::string_view body);
  void TakeParts(std::string_view body);
  std::string_view BodyOf(std::string_view payload) const;

  const size_t bytes_;
  const types::Limits limits_;
  size_t summed_ = 0;  // bytes in checksum_
  uint64_t checksum_ = 0;
  bool begun_ = false;
  // Null: it is of a kind that is read at once, as small ones are, or nothing more is read.
  std::unique_ptr<ObjectReader> reader_;
  std::unique_ptr<types::Object> object_;
  types::OwnedBlob text_;  // of a string that is all of the payload
  size_t text_at_ = 0;     // where it begins in the body
  std::unique_ptr<LzfUnpacker> unpacker_;  // into text_; null: it stands there as it is
  bool in_parts_ = false;
  size_t taken_ = 0;   // of the body, in reader_ or text_
  size_t wanted_ = 1;  // of the body, before there is another part
  std::string bad_;    // why it is no such value
};

// Beside a parser of requests that has not got all of one: if that is a RESTORE with a
// large payload, *reader takes what has come. Null before the first time.
void ReadAhead(const resp::RequestParser& parser, std::string_view buffer, const types::Limits& limits,
               std::shared_ptr<PayloadReader>* reader);

}  // namespace windlass::persistence
