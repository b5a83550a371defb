// See listpack.h.
#include "node/types/listpack.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace windlass::types {
namespace {

constexpr size_t kMaxBackLength = 5;
constexpr size_t kMaxHead = 9;  // encoding byte and the longest integer

// An element's encoding: the head, then (for strings) the bytes.
struct Encoded {
  uint8_t head[kMaxHead];
  size_t head_bytes = 0;
  std::string_view body = {};
  uint8_t back[kMaxBackLength];
  size_t back_bytes = 0;
  size_t size() const { return head_bytes + body.size() + back_bytes; }
  // Mostly one byte.
  static uint8_t* Put(const uint8_t* from, size_t bytes, uint8_t* out) {
    *out = *from;
    for (size_t i = 1; i < bytes; ++i) out[i] = from[i];
    return out + bytes;
  }
  void WriteTo(uint8_t* out) const {
    out = Put(head, head_bytes, out);
    if (!body.empty()) std::memcpy(out, body.data(), body.size());
    Put(back, back_bytes, out + body.size());
  }
};

size_t BackLengthBytes(uint64_t length) {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  if (length < 268435455) return 4;
  return 5;
}

// Seven bits a byte, most significant first, the high bit set in all but the first.
void EncodeBackLength(uint64_t length, Encoded* out) {
  out->back_bytes = BackLengthBytes(length);
  for (size_t i = out->back_bytes; i-- > 0; length >>= 7) {
    out->back[i] = static_cast<uint8_t>((length & 127) | (i == 0 ? 0 : 128));
  }
}

void EncodeInteger(int64_t value, Encoded* out) {
  const auto little_endian = [out](uint8_t code, uint64_t bits, size_t bytes) {
    out->head[0] = code;
    for (size_t i = 0; i < bytes; ++i) out->head[i + 1] = static_cast<uint8_t>(bits >> (8 * i));
    out->head_bytes = bytes + 1;
  };
  const uint64_t bits = static_cast<uint64_t>(value);
  if (value >= 0 && value <= 127) {
    out->head[0] = static_cast<uint8_t>(value);
    out->head_bytes = 1;
  } else if (value >= -4096 && value <= 4095) {
    out->head[0] = static_cast<uint8_t>(0xc0 | (bits >> 8 & 0x1f));
    out->head[1] = static_cast<uint8_t>(bits);
    out->head_bytes = 2;
  } else if (value >= INT16_MIN && value <= INT16_MAX) {
    little_endian(0xf1, bits, 2);
  } else if (value >= -(1 << 23) && value < 1 << 23) {
    little_endian(0xf2, bits, 3);
  } else if (value >= INT32_MIN && value <= INT32_MAX) {
    little_endian(0xf3, bits, 4);
  } else {
    little_endian(0xf4, bits, 8);
  }
}

Encoded Encode(std::string_view value) {
  Encoded out;
  if (const auto integer = value.size() <= kMaxIntegerDigits ? ParseInteger(value) : std::nullopt) {
    EncodeInteger(*integer, &out);
  } else {
    const size_t length = value.size();
    if (length < 64) {
      out.head[0] = static_cast<uint8_t>(0x80 | length);
      out.head_bytes = 1;
    } else if (length < 4096) {
      out.head[0] = static_cast<uint8_t>(0xe0 | length >> 8);
      out.head[1] = static_cast<uint8_t>(length);
      out.head_bytes = 2;
    } else {
      out.head[0] = 0xf0;
      for (size_t i = 0; i < 4; ++i) out.head[i + 1] = static_cast<uint8_t>(length >> (8 * i));
      out.head_bytes = 5;
    }
    out.body = value;
  }
  EncodeBackLength(out.head_bytes + out.body.size(), &out);
  return out;
}

Encoded EncodeWhole(int64_t value) {
  Encoded out;
  EncodeInteger(value, &out);
  EncodeBackLength(out.head_bytes, &out);
  return out;
}

// Head and body of the element at `p`, without its back-length; 0: no such
// encoding. Reads at most `available` bytes; the result may be more than that.
size_t ContentBytes(const uint8_t* p, size_t available) {
  const uint8_t first = p[0];
  if (first < 0x80) return 1;
  if (first < 0xc0) return size_t{1} + (first & 0x3f);
  if (first < 0xe0) return 2;
  if (first < 0xf0) return available < 2 ? 2 : 2 + (static_cast<size_t>(first & 15) << 8 | p[1]);
  switch (first) {
    case 0xf0: {
      if (available < 5) return 5;
      uint32_t length = 0;
      std::memcpy(&length, p + 1, 4);
      return size_t{5} + length;
    }
    case 0xf1: return 3;
    case 0xf2: return 4;
    case 0xf3: return 5;
    case 0xf4: return 9;
    default: return 0;
  }
}

int64_t SignedLittleEndian(const uint8_t* p, size_t bytes) {
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes; ++i) bits |= static_cast<uint64_t>(p[i]) << (8 * i);
  const size_t unused = 64 - 8 * bytes;
  return static_cast<int64_t>(bits << unused) >> unused;
}

uint8_t* Allocate(uint8_t* old, size_t bytes) {
  assert(bytes <= UINT32_MAX);
  void* memory = std::realloc(old, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<uint8_t*>(memory);
}

// Whether what was left for more at the front is out of proportion by now.
bool IsTooRoomy(size_t bytes, size_t capacity) {
  constexpr size_t kAlwaysAllowed = 2048;
  return bytes * 2 + kAlwaysAllowed < capacity;
}

}  // namespace

Listpack::~Listpack() {
  if (capacity_ != 0) std::free(data_ - front_);
}

Listpack::Listpack(Listpack&& other) noexcept : Listpack() { *this = std::move(other); }

Listpack& Listpack::operator=(Listpack&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(capacity_, other.capacity_);
  std::swap(front_, other.front_);
  return *this;
}

Listpack Listpack::Clone() const {
  Listpack copy;
  if (empty()) return copy;
  copy.data_ = Allocate(nullptr, total());
  copy.capacity_ = static_cast<uint32_t>(total());
  std::memcpy(copy.data_, data_, total());
  return copy;
}

void Listpack::Clear() { *this = Listpack(); }

void Listpack::Move(size_t front, size_t capacity) {
  uint8_t* moved = nullptr;
  if (front_ == 0 && front == 0) {
    moved = Allocate(capacity_ == 0 ? nullptr : data_, capacity);
    if (capacity_ == 0) std::memcpy(moved, kEmpty, sizeof kEmpty);
  } else {
    moved = Allocate(nullptr, capacity) + front;
    std::memcpy(moved, data_, total());
    if (capacity_ != 0) std::free(data_ - front_);
  }
  data_ = moved;
  capacity_ = static_cast<uint32_t>(capacity);
  front_ = static_cast<uint32_t>(front);
}

size_t Listpack::total() const {
  uint32_t bytes = 0;
  std::memcpy(&bytes, data_, 4);
  return bytes;
}

void Listpack::SetTotal(size_t bytes) {
  const uint32_t stored = static_cast<uint32_t>(bytes);
  std::memcpy(data_, &stored, 4);
}

size_t Listpack::size() const {
  uint16_t count = 0;
  std::memcpy(&count, data_ + 4, 2);
  if (count != kCountUnknown) return count;
  size_t counted = 0;
  for (Position at = First(); at != kEnd; at = Next(at)) ++counted;
  return counted;
}

void Listpack::AddToCount(int64_t change) {
  if (capacity_ == 0) return;  // nothing is left
  uint16_t count = 0;
  std::memcpy(&count, data_ + 4, 2);
  size_t now = 0;
  if (count != kCountUnknown) {
    now = static_cast<size_t>(static_cast<int64_t>(count) + change);
  } else if (change < 0) {
    now = size();  // the bytes have changed already: it may have become known again
  } else {
    return;
  }
  count = now >= kCountUnknown ? kCountUnknown : static_cast<uint16_t>(now);
  std::memcpy(data_ + 4, &count, 2);
}

size_t Listpack::ElementBytes(Position at) const {
  const size_t content = ContentBytes(data_ + at, total() - at);
  return content + BackLengthBytes(content);
}

Listpack::Position Listpack::Last() const {
  return empty() ? kEnd : Previous(static_cast<Position>(total() - 1));
}

Listpack::Position Listpack::Previous(Position at) const {
  if (at <= kHeaderBytes) return kEnd;
  size_t content = 0;
  size_t shift = 0;
  size_t p = at;
  uint8_t byte = 0;
  do {
    byte = data_[--p];
    content |= static_cast<size_t>(byte & 127) << shift;
    shift += 7;
  } while ((byte & 128) != 0);
  return static_cast<Position>(p - content);
}

Listpack::Position Listpack::Seek(int64_t index) const {
  Position at = index >= 0 ? First() : Last();
  for (; index > 0 && at != kEnd; --index) at = Next(at);
  for (; index < -1 && at != kEnd; ++index) at = Previous(at);
  return at;
}

Listpack::Value Listpack::ValueAt(const uint8_t* p) {
  const uint8_t first = p[0];
  const auto text = [&](size_t head) {
    return Value{false, 0, {reinterpret_cast<const char*>(p + head), ContentBytes(p, kMaxHead) - head}};
  };
  if (first < 0x80) return {true, first, {}};
  if (first < 0xc0) return text(1);
  if (first < 0xe0) {
    const int64_t bits = static_cast<int64_t>(first & 0x1f) << 8 | p[1];
    return {true, bits >= 4096 ? bits - 8192 : bits, {}};
  }
  if (first < 0xf0) return text(2);
  if (first == 0xf0) return text(5);
  constexpr size_t kBytes[] = {0, 2, 3, 4, 8};
  return {true, SignedLittleEndian(p + 1, kBytes[first - 0xf0]), {}};
}

Listpack::Position Listpack::Find(std::string_view value, Position from, size_t skip) const {
  const auto integer = value.size() <= kMaxIntegerDigits ? ParseInteger(value) : std::nullopt;
  for (Position at = from; at != kEnd;) {
    if (IsShortText(data_[at])) {
      const std::string_view text(reinterpret_cast<const char*>(data_ + at + 1), ShortTextBytes(data_[at]));
      if (text == value) return at;
    } else {
      const Value here = Get(at);
      if (here.is_integer ? integer.has_value() && *integer == here.integer : here.bytes == value) return at;
    }
    for (size_t i = 0; i <= skip; ++i) {
      at += static_cast<Position>(IsShortText(data_[at]) ? ShortTextBytes(data_[at]) + 2 : ElementBytes(at));
      if (data_[at] == kTerminator) return kEnd;
    }
  }
  return kEnd;
}

void Listpack::Splice(size_t at, size_t old_bytes, size_t new_bytes) {
  if (new_bytes == old_bytes || (at == kHeaderBytes && SpliceFront(old_bytes, new_bytes))) return;
  const size_t before = total();
  const size_t after = before - old_bytes + new_bytes;
  // Who has had room at one end may come back to it after the other.
  if (after > capacity_ - front_) Move(front_, front_ + after + (front_ == 0 ? 0 : std::min(after / 8, kMostBackRoom)));
  std::memmove(data_ + at + new_bytes, data_ + at + old_bytes, before - at - old_bytes);
  SetTotal(after);
  if (after > before) return;
  if (front_ == 0 ? after < capacity_ : IsTooRoomy(after, capacity_)) ShrinkToFit();
}

bool Listpack::SpliceFront(size_t old_bytes, size_t new_bytes) {
  const size_t before = total();
  const size_t after = before - old_bytes + new_bytes;
  if (empty() || after < kNoFrontRoomBelow || (old_bytes != 0 && new_bytes != 0)) return false;
  if (new_bytes > old_bytes && new_bytes - old_bytes > front_) {
    const size_t room = std::min(after / 4, kMostFrontRoom);
    Move(room + new_bytes - old_bytes, room + after);
  }
  uint8_t* header = data_ + old_bytes - new_bytes;
  std::memmove(header, data_, kHeaderBytes);
  front_ = static_cast<uint32_t>(front_ + (header - data_));
  data_ = header;
  SetTotal(after);
  if (after < before && IsTooRoomy(after, capacity_)) ShrinkToFit();
  return true;
}

Listpack::Position Listpack::Insert(Position before, std::string_view value) {
  // The value may lie in this very listpack.
  const bool inside = value.data() >= reinterpret_cast<const char*>(data_) &&
                      value.data() < reinterpret_cast<const char*>(data_) + total();
  const std::string copy = inside ? std::string(value) : std::string();
  const Encoded encoded = Encode(inside ? std::string_view(copy) : value);
  const Position at = before == kEnd ? static_cast<Position>(total() - 1) : before;
  Splice(at, 0, encoded.size());
  encoded.WriteTo(data_ + at);
  AddToCount(1);
  return at;
}

Listpack::Position Listpack::AppendInteger(int64_t value) {
  const Encoded encoded = EncodeWhole(value);
  const Position at = static_cast<Position>(total() - 1);
  Splice(at, 0, encoded.size());
  encoded.WriteTo(data_ + at);
  AddToCount(1);
  return at;
}

Listpack::Appender::Appender(Listpack* pack, size_t bytes) : pack_(pack), end_(pack->total() - 1) {
  const size_t needed = end_ + bytes + 1;
  if (needed > pack->capacity_ - pack->front_) pack->Move(0, needed);
}

Listpack::Appender::~Appender() {
  pack_->data_[end_] = kTerminator;
  pack_->SetTotal(end_ + 1);
  pack_->AddToCount(count_);
}

void Listpack::Appender::Text(std::string_view value) {
  const Encoded encoded = Encode(value);
  encoded.WriteTo(pack_->data_ + end_);
  end_ += encoded.size();
  ++count_;
}

void Listpack::Appender::Integer(int64_t value) {
  uint8_t* out = pack_->data_ + end_;
  ++count_;
  if (value >= 0 && value <= 127) {  // most numbers of a stream's entry
    out[0] = static_cast<uint8_t>(value);
    out[1] = 1;
    end_ += 2;
    return;
  }
  const Encoded encoded = EncodeWhole(value);
  encoded.WriteTo(out);
  end_ += encoded.size();
}

Listpack::Position Listpack::ReplaceInteger(Position at, int64_t value) {
  const Encoded encoded = EncodeWhole(value);
  Splice(at, ElementBytes(at), encoded.size());
  encoded.WriteTo(data_ + at);
  return at;
}

void Listpack::Reserve(size_t bytes) {
  const size_t wanted = kHeaderBytes + 1 + bytes;
  if (wanted > capacity_ - front_) Move(0, wanted);
}

void Listpack::ShrinkToFit() {
  if (empty()) return Clear();
  if (capacity_ != total()) Move(0, total());
}

Listpack::Position Listpack::Replace(Position at, std::string_view value) {
  const Encoded encoded = Encode(value);
  Splice(at, ElementBytes(at), encoded.size());
  encoded.WriteTo(data_ + at);
  return at;
}

Listpack::Position Listpack::Erase(Position at, size_t count) {
  size_t bytes = 0;
  int64_t erased = 0;
  for (; count > 0 && data_[at + bytes] != kTerminator; --count, ++erased) {
    bytes += ElementBytes(static_cast<Position>(at + bytes));
  }
  Splice(at, bytes, 0);
  AddToCount(-erased);
  return data_[at] == kTerminator ? kEnd : at;
}

size_t Listpack::EncodedBytes(std::string_view value) { return Encode(value).size(); }

Listpack::Walk::Walk(std::string_view bytes) : data_(reinterpret_cast<const uint8_t*>(bytes.data())) {
  damaged_ = bytes.size() < sizeof kEmpty || bytes.size() > kMaxBytes;
  if (damaged_) return;
  end_ = bytes.size() - 1;
  uint32_t total = 0;
  uint16_t count = 0;
  std::memcpy(&total, data_, 4);
  std::memcpy(&count, data_ + 4, 2);
  announced_ = count;
  damaged_ = total != bytes.size() || data_[end_] != kTerminator;
}

bool Listpack::Walk::Next(Value* value) {
  if (damaged_) return false;
  if (at_ == end_) {
    damaged_ = announced_ != kCountUnknown && announced_ != found_;
    return false;
  }
  const uint8_t* element = data_ + at_;
  const size_t available = end_ - at_;
  if (IsShortText(element[0])) [[likely]] {
    const size_t text = ShortTextBytes(element[0]);
    damaged_ = text + 1 >= available || element[text + 1] != text + 1;
    *value = {false, 0, {reinterpret_cast<const char*>(element + 1), damaged_ ? 0 : text}};
    at_ += text + 2;
    ++found_;
    return !damaged_;
  }
  const size_t content = ContentBytes(element, available);
  damaged_ = content == 0 || content >= available;
  if (damaged_) return false;
  if (content <= 127) [[likely]] {
    damaged_ = element[content] != content;
    at_ += content + 1;
  } else {
    Encoded back;
    EncodeBackLength(content, &back);
    damaged_ = back.back_bytes > available - content ||
               std::memcmp(element + content, back.back, back.back_bytes) != 0;
    at_ += content + back.back_bytes;
  }
  if (damaged_) return false;
  *value = ValueAt(element);
  ++found_;
  return true;
}

std::optional<Listpack> Listpack::Parse(std::string_view bytes) {
  Walk walk(bytes);
  for (Value value; walk.Next(&value);) {}
  if (walk.damaged()) return std::nullopt;
  Listpack parsed;
  if (bytes.size() == sizeof kEmpty) return parsed;
  parsed.data_ = Allocate(nullptr, bytes.size());
  parsed.capacity_ = static_cast<uint32_t>(bytes.size());
  std::memcpy(parsed.data_, bytes.data(), bytes.size());
  return parsed;
}

}  // namespace windlass::types
