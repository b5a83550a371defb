// See value_writer.h.
#include "node/persistence/value_writer.h"

#include <utility>

#include "node/persistence/value_walk.h"
#include "node/types/change_watch.h"
#include "node/types/number.h"

namespace windlass::persistence {
namespace {

constexpr size_t kLarge = 1 << 20;  // bytes in memory
// A string is one piece for the compressor: a larger one is written as it is.
constexpr size_t kLongestCompressed = 4 << 20;

}  // namespace

class ValueWriter::Death final : public types::ChangeWatch {
 public:
  explicit Death(ValueWriter* writer) : writer_(writer) {}
  void BeforeGone() override { writer_->Finish(); }

 private:
  ValueWriter* writer_;
};

bool ValueWriter::Cuts(const keyspace::Entry& entry) {
  if (entry.type() == types::Type::kString) {
    char digits[types::kMaxIntegerDigits];
    return entry.Text(digits).size() > kLongestCompressed;
  }
  return types::WatchesOf(*entry.object()) != nullptr && entry.object()->MemoryBytes() > kLarge;
}

ValueWriter::ValueWriter(const keyspace::Entry& entry, std::unique_ptr<ValueForm> form) : form_(std::move(form)) {
  if (entry.type() == types::Type::kString) {
    char digits[types::kMaxIntegerDigits];  // not used: it is no integer
    string_ = entry.Text(digits);
    form_->Begin(string_.size(), &early_);
    return;
  }
  object_ = entry.object();
  walk_ = ValueWalk::Of(*object_, form_.get(), &early_);
  form_->Begin(walk_->Parts(), &early_);
  death_ = std::make_unique<Death>(this);
  types::WatchesOf(*object_)->Add(walk_.get());
  types::WatchesOf(*object_)->Add(death_.get());
}

ValueWriter::~ValueWriter() { LetGo(); }

void ValueWriter::LetGo() {
  if (object_ == nullptr) return;
  types::WatchesOf(*object_)->Remove(walk_.get());
  types::WatchesOf(*object_)->Remove(death_.get());
  object_ = nullptr;
}

void ValueWriter::BeforeChange(const keyspace::Entry& entry) {
  if (string_.empty() || entry.type() != types::Type::kString) return;
  char digits[types::kMaxIntegerDigits];
  const std::string_view text = entry.Text(digits);
  if (text.data() + text.size() == string_.data() + string_.size()) Finish();
}

void ValueWriter::BeforeAnyChange() {
  if (!string_.empty()) Finish();
}

bool ValueWriter::StepValue(size_t bytes, std::string* out) {
  if (walk_ != nullptr) return walk_->Step(out->size() + bytes, out);
  const std::string_view piece = string_.substr(0, bytes);
  form_->Bytes(piece, out);
  string_.remove_prefix(piece.size());
  return string_.empty();
}

bool ValueWriter::Step(size_t bytes, std::string* out) {
  const size_t end = out->size() + bytes;
  out->append(early_);
  early_.clear();
  for (; !rest_.empty() && out->size() < end; rest_.pop_front()) {
    out->append(rest_.front());
    rest_bytes_ -= rest_.front().size();
  }
  if (whole_) return rest_.empty();
  if (out->size() >= end) return false;
  whole_ = StepValue(end - out->size(), out);
  if (whole_) {
    LetGo();
    form_->End(out);
  }
  return whole_;
}

void ValueWriter::Finish() {
  constexpr size_t kPieceBytes = 64 << 10;
  while (!whole_) {
    std::string piece;
    whole_ = StepValue(kPieceBytes, &piece);
    if (whole_) {
      LetGo();
      form_->End(&piece);
    }
    rest_bytes_ += piece.size();
    rest_.push_back(std::move(piece));
  }
}

}  // namespace windlass::persistence
