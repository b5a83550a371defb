// An array or map whose length is known only when it has been written.
//
//   CountedReply items(reply);
//   while (...) { reply.Bulk(...); items.Add(); }
//   items.EndArray();
//
// The header is put before the elements at the end, so nothing written before the
// beginning may be taken away meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "node/resp/reply_writer.h"

namespace windlass::resp {

class CountedReply {
 public:
  explicit CountedReply(ReplyWriter& reply) : reply_(reply), begin_(reply.out()->size()) {}

  void Add() { ++count_; }
  int64_t count() const { return count_; }
  void EndArray() {
    std::string header;
    ReplyWriter(&header, reply_.protocol()).Array(count_);
    reply_.out()->insert(begin_, header);
  }
  // In RESP2 an array of pairs, each an array of its own that the caller began.
  void EndMapOrPairs() {
    std::string header;
    ReplyWriter writer(&header, reply_.protocol());
    reply_.protocol() == 3 ? writer.Map(count_) : writer.Array(count_);
    reply_.out()->insert(begin_, header);
  }

 private:
  ReplyWriter& reply_;
  const size_t begin_;
  int64_t count_ = 0;
};

}  // namespace windlass::resp
