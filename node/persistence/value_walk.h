// Going through one large container in steps, with changes to it between them: what is
// told is the container as it was at the beginning, each part once. Whatever has not been
// reached is taken just before it changes, an element, a chunk or a node at a time
// (types::ChangeWatch), so the price of a change is that of what it touches.
//
// Elements have no order in what is written, so one that is taken early is written at once
// and remembered (in a tree, which never moves all it holds at once). Chunks and nodes have
// an order: copies of those taken early wait for their turn.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "node/persistence/value_form.h"
#include "node/types/change_watch.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/zset.h"

namespace windlass::persistence {

// `early` takes what is written because it is about to change.
class ValueWalk : public types::ChangeWatch {
 public:
  // Null: it is of no kind that can be walked.
  static std::unique_ptr<ValueWalk> Of(const types::Object& object, ValueForm* form, std::string* early);
  // How many parts there are at the beginning.
  virtual uint64_t Parts() const = 0;
  // Writes parts until *out has `end` bytes; true when all are written.
  virtual bool Step(size_t end, std::string* out) = 0;
};

// A hash or a set.
template <typename Table>
class TableWalk final : public ValueWalk {
 public:
  TableWalk(const Table& table, ValueForm* form, std::string* early) : table_(table), form_(form), early_(early) {}
  uint64_t Parts() const override { return table_.size(); }
  bool Step(size_t end, std::string* out) override;
  void BeforeElement(std::string_view element) override;

 private:
  const Table& table_;
  ValueForm* form_;
  std::string* early_;
  uint64_t cursor_ = 0;  // of a scan
  bool whole_ = false;
  bool changed_ = false;
  std::set<std::string, std::less<>> touched_;  // written already, or not of the beginning
};

// From the greatest to the smallest, as an RDB has them.
class ZsetWalk final : public ValueWalk {
 public:
  ZsetWalk(const types::Zset& zset, ValueForm* form, std::string* early) : zset_(zset), form_(form), early_(early) {}
  uint64_t Parts() const override { return zset_.size(); }
  bool Step(size_t end, std::string* out) override;
  void BeforeElement(std::string_view element) override;

 private:
  bool IsPast(double score, std::string_view member) const;

  const types::Zset& zset_;
  ValueForm* form_;
  std::string* early_;
  bool begun_ = false;  // all elements from (score_, member_) on are past
  double score_ = 0;
  std::string member_;
  std::set<std::string, std::less<>> touched_;
};

class ListWalk final : public ValueWalk {
 public:
  ListWalk(const types::List& list, ValueForm* form) : list_(list), form_(form) {}
  uint64_t Parts() const override { return list_.chunks().size(); }
  bool Step(size_t end, std::string* out) override;
  void BeforeChunk(size_t chunk) override;
  void BeforeChunkGoes(size_t chunk) override;
  void AfterChunkCame(size_t chunk) override;

 private:
  // Of a chunk not reached: what is to be written before it, and whether it is itself.
  struct Ahead {
    std::vector<types::Listpack> before;
    bool skip = false;
  };
  Ahead& AheadOf(size_t chunk);
  void Copy(size_t chunk);
  void WriteAll(std::vector<types::Listpack>* chunks, std::string* out);

  const types::List& list_;
  ValueForm* form_;
  size_t at_ = 0;  // chunks before it are past
  bool changed_ = false;
  std::deque<Ahead> ahead_;  // once something has changed: of all chunks from at_ on
  std::vector<types::Listpack> last_;  // to be written behind all
};

class StreamWalk final : public ValueWalk {
 public:
  StreamWalk(const types::Stream& stream, ValueForm* form);
  uint64_t Parts() const override { return parts_; }
  bool Step(size_t end, std::string* out) override;
  void BeforeNode(types::StreamId master) override;
  void AfterNodeCame(types::StreamId master) override;
  void BeforeGroups() override;

 private:
  // Between what is past and the end as it was.
  bool IsAhead(types::StreamId master) const { return master <= end_ && (!begun_ || master > past_); }
  bool StepNode(std::string* out);

  const types::Stream& stream_;
  ValueForm* form_;
  const uint64_t parts_;
  const StreamFigures figures_;
  types::StreamId end_;   // the last node at the beginning
  bool begun_ = false;    // nodes up to past_ are written
  types::StreamId past_;
  bool nodes_done_;
  std::map<types::StreamId, std::optional<types::Listpack>> aside_;  // as it was; none: it was not
  bool tail_made_ = false;
  std::string tail_;
};

}  // namespace windlass::persistence
