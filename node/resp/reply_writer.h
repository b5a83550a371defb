// Writes replies in RESP2 or RESP3 to the end of a string.
//
// One writer serves one client for its life; the protocol changes with HELLO. In
// RESP2 the types it lacks fall back as Redis does: a map is a flat array, a set
// an array, a double a bulk, a boolean an integer, a push an array.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace windlass::resp {

class ReplyWriter {
 public:
  explicit ReplyWriter(std::string* out, int protocol = 2) : out_(out), protocol_(protocol) {}

  int protocol() const { return protocol_; }
  void set_protocol(int protocol) { protocol_ = protocol; }
  std::string* out() const { return out_; }
  void set_out(std::string* out) { out_ = out; }

  void Ok() { out_->append("+OK\r\n", 5); }
  void Simple(std::string_view text);       // +text
  // The text includes its code, "ERR no such key"; CR and LF become blanks. A word of a
  // client's in it is shown up to its zero byte: what follows is left out up to a quote.
  void Error(std::string_view text);
  void Integer(int64_t value);              // :value
  void Bulk(std::string_view bytes);        // $len
  void BulkInteger(int64_t value);          // an integer as a bulk string
  void Null();                              // $-1 or _
  void NullArray();                         // *-1 or _
  void Array(int64_t count);
  void Map(int64_t pairs);
  void Set(int64_t count);
  void Push(int64_t count);
  void Attribute(int64_t pairs);            // RESP3 only; nothing in RESP2 (then write no pairs)
  void Double(double value);                // shortest text that reads back
  void Bool(bool value);
  void BigNumber(std::string_view digits);
  void Verbatim(std::string_view format3, std::string_view text);  // e.g. "txt"
  void Raw(std::string_view bytes) { out_->append(bytes.data(), bytes.size()); }
  void Strings(const std::string_view* items, size_t count);

 private:
  void Header(char type, int64_t value);

  std::string* out_;
  int protocol_;
};

// Shortest decimal text that reads back as `value`, in the form Redis prints:
// "3", "3.1", "1e+21", "inf", "-inf", "nan".
std::string FormatDouble(double value);

}  // namespace windlass::resp
