// A sorted set: members with a score each, in order of score, then of their bytes.
//
// Two encodings are reported, by the rules of types::Limits: "listpack" while few and
// short, then "skiplist" for good. What is underneath is a ZsetTree in either case: a
// single packed leaf while everything fits in one.
//
// Views handed out are good until the next change and until the visitor returns.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "node/types/change_watch.h"
#include "node/types/limits.h"
#include "node/types/object.h"
#include "node/types/zset_tree.h"

namespace windlass::types {

class Zset final : public Object {
 public:
  static constexpr Type kType = Type::kSortedSet;

  // Empty, and small.
  Zset() = default;
  Zset(const Zset&) = default;
  ~Zset() override;
  // Empty, in the form for about `expected` members, one as long as this.
  Zset(size_t expected, size_t member_bytes, const Limits& limits);

  Type type() const override { return kType; }
  Encoding encoding() const override { return packed_ ? Encoding::kListpack : Encoding::kSkiplist; }
  size_t MemoryBytes() const override { return sizeof *this - sizeof tree_ + tree_.MemoryBytes(); }
  std::unique_ptr<Object> Clone() const override;
  bool FreeStep(size_t leaves) override { return tree_.FreeStep(leaves); }
  void Prefetch() const override { tree_.Prefetch(); }
  Watches* watches() const { return packed_ ? nullptr : &watches_; }

  size_t size() const { return tree_.size(); }
  std::optional<double> Score(std::string_view member) const { return tree_.Find(member); }
  // REQUIRES: the member is not there, the score is a number
  void Add(double score, std::string_view member, const Limits& limits);
  // All at once, if they are in order and few (ZsetTree::Fill), in the small form whatever
  // their length. False: nothing was done. REQUIRES: it is empty
  bool Fill(std::span<const ZsetTree::Element> elements, const Limits& limits) {
    return elements.size() <= limits.zset_max_listpack_entries && tree_.Fill(elements);
  }
  // REQUIRES (both): the member is there with this score
  void Change(double from, double to, std::string_view member);
  void Erase(double score, std::string_view member);
  // Elements [first, first + count) by rank.
  void EraseRange(size_t first, size_t count);

  // To the large form if about `expected` members, or one as long as this, are to come.
  void Expect(size_t expected, size_t member_bytes, const Limits& limits);
  void ToSkiplist() { packed_ = false; }
  // Back to the small form if it is within the limits: for results made as a whole.
  void FitEncoding(const Limits& limits);

  // How many elements are below the bound: with the bound of an element, its rank.
  size_t CountBelow(const ZsetBound& bound) const { return tree_.CountBelow(bound); }
  using Visitor = std::function<void(std::string_view member, double score)>;
  // Elements [first, first + count) in order, or backwards from the last of them;
  // f(member, score) for each.
  template <typename F>
  void ForRange(size_t first, size_t count, bool backwards, F&& f) const {
    tree_.ForRange(first, count, backwards, [&f](double score, std::string_view member) { f(member, score); });
  }
  void ForEach(const Visitor& f) const { ForRange(0, size(), false, f); }
  // Some elements from `cursor` on; returns the next cursor, 0 at the end.
  uint64_t Scan(uint64_t cursor, const Visitor& f) const;
  // One element, each as likely as any other. REQUIRES: size() > 0
  void Random(const std::function<uint64_t()>& random, const Visitor& f) const {
    ForRange(random() % size(), 1, false, f);
  }

  // Walks in order, a leaf at a time, whatever changes in between: an element that
  // stays where it is is met once.
  struct Position {
    std::string member;  // the last one met
    double score = 0;
    bool started = false;
  };
  // False: that was the end.
  bool Walk(Position* position, const Visitor& f) const;

 private:
  // The small form holds whole numbers as such, where zero has no sign.
  double Kept(double score) const { return packed_ && score == 0 ? 0 : score; }
  void Tell(std::string_view member) const {
    watches_.Tell([member](ChangeWatch& watch) { watch.BeforeElement(member); });
  }

  ZsetTree tree_;
  mutable Watches watches_;
  bool packed_ = true;
};

}  // namespace windlass::types
