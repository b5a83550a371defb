// See digest.h. Order does not matter where parts are xor-ed by their SHA-1, and
// does where they are mixed: the running digest is hashed again after the xor.
#include "node/commands/digest.h"

#include <arpa/inet.h>
#include <openssl/sha.h>

#include <initializer_list>

#include "node/resp/double_text.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"
#include "node/types/zset.h"

namespace windlass::commands {
namespace {

void Xor(Digest* digest, const void* data, size_t size) {
  uint8_t hash[20];
  SHA1(static_cast<const unsigned char*>(data), size, hash);
  for (size_t i = 0; i < digest->size(); ++i) (*digest)[i] ^= hash[i];
}

void Mix(Digest* digest, const void* data, size_t size) {
  Xor(digest, data, size);
  uint8_t hash[20];
  SHA1(digest->data(), digest->size(), hash);
  for (size_t i = 0; i < digest->size(); ++i) (*digest)[i] = hash[i];
}

void MixNumber(Digest* digest, uint32_t number) {
  const uint32_t wire = htonl(number);
  Mix(digest, &wire, sizeof wire);
}

// Elements without order: each as a digest of its own.
void XorParts(Digest* digest, std::initializer_list<std::string_view> parts) {
  Digest element{};
  for (const std::string_view part : parts) Mix(&element, part.data(), part.size());
  Xor(digest, element.data(), element.size());
}

void MixStream(Digest* digest, const types::Stream& stream) {
  types::StreamRange range(stream, {}, types::kLastStreamId);
  while (range.Next()) {
    const types::StreamId id = range.entry().id();
    const std::string text = std::to_string(id.ms) + "." + std::to_string(id.seq);
    Mix(digest, text.data(), text.size());
    range.entry().ForEach([digest](std::string_view field, std::string_view value) {
      Mix(digest, field.data(), field.size());
      Mix(digest, value.data(), value.size());
    });
  }
}

void MixObject(Digest* digest, const types::Object& object) {
  switch (object.type()) {
    case types::Type::kList:
      return static_cast<const types::List&>(object).ForEach(
          [digest](std::string_view element) { Mix(digest, element.data(), element.size()); });
    case types::Type::kSet:
      return static_cast<const types::Set&>(object).ForEach(
          [digest](std::string_view member) { Xor(digest, member.data(), member.size()); });
    case types::Type::kHash:
      return static_cast<const types::Hash&>(object).ForEach(
          [digest](std::string_view field, std::string_view value) { XorParts(digest, {field, value}); });
    case types::Type::kSortedSet:
      return static_cast<const types::Zset&>(object).ForEach([digest](std::string_view member, double score) {
        char text[resp::kDoubleText];
        XorParts(digest, {member, {text, resp::PutShortest(text, score)}});
      });
    case types::Type::kStream: return MixStream(digest, static_cast<const types::Stream&>(object));
      default: return;
  }
}

// The digest's number of a type. A peer's modules have one between these.
uint32_t NumberOf(types::Type type) {
  constexpr uint32_t kStream = 6;
  return type == types::Type::kStream ? kStream : static_cast<uint32_t>(type);
}

void MixValue(Digest* digest, const keyspace::Entry& entry) {
  MixNumber(digest, NumberOf(entry.type()));
  if (entry.type() == types::Type::kString) {
    char buffer[types::kMaxIntegerDigits];
    const std::string_view text = entry.Text(buffer);
    Mix(digest, text.data(), text.size());
  } else {
    MixObject(digest, *entry.object());
  }
  if (entry.has_expiry()) Xor(digest, "!!expire!!", 10);
}

}  // namespace

Digest DigestOfValue(const keyspace::Entry* entry) {
  Digest digest{};
  if (entry != nullptr) MixValue(&digest, *entry);
  return digest;
}

Digest DigestOfAll(keyspace::Keyspace& keyspace) {
  Digest all{};
  for (int i = 0; i < keyspace.database_count(); ++i) {
    keyspace::Database& db = keyspace.db(i);
    if (db.size() == 0) continue;
    MixNumber(&all, static_cast<uint32_t>(i));
    db.ForEach([&all](slot::SlotId, keyspace::Entry& entry) {
      Digest one{};
      const std::string_view key = entry.key();
      Mix(&one, key.data(), key.size());
      MixValue(&one, entry);
      Xor(&all, one.data(), one.size());
    });
  }
  return all;
}

std::string HexOf(const Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace windlass::commands
