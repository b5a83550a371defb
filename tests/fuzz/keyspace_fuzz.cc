// Operations on a database read from the input, against a map of keys: strings in all their
// forms, expiry by look-up and by cycle, renames, scans and walks under way, dropped slots;
// alone and in cluster mode. At the end no memory is left booked.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "node/base/random.h"
#include "node/keyspace/keyspace.h"
#include "node/keyspace/object_edit.h"
#include "node/slot/slot.h"
#include "node/types/number.h"
#include "node/types/set.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scan_promise.h"

namespace {

using namespace windlass::keyspace;
using windlass::slot::SlotId;
using windlass::types::kMaxIntegerDigits;

struct Value {
  std::optional<std::string> text;  // none: a set with one member, the key
  int64_t expire_at_ms = kNoExpiry;
};

class Player : public ExpiryListener {
 public:
  explicit Player(Input* input)
      : input_(*input),
        keyspace_({2, input->Flag(), size_t{1} << 30}, windlass::base::Random(7)) {
    keyspace_.set_expiry_listener(this);
  }

  void Play() {
    while (!input_.empty()) {
      Operate(input_.Byte());
      CheckCounts();
    }
    CompareAll();
    keyspace_.FlushAll(true);
    while (keyspace_.BackgroundStep(1000) || keyspace_.pending_free_bytes() > 0) {
    }
    Require(db().size() == 0 && keyspace_.used_bytes() == 0);
  }

  void OnExpired(Database&, SlotId slot, std::string_view key) override {
    Require(slot == SlotOf(key));
    const auto found = model_.find(std::string(key));
    Require(found != model_.end() && IsPast(found->second));
    Forget(found->first);
  }
  void OnEvicted(Database&, SlotId, std::string_view) override { std::abort(); }

 private:
  Database& db() { return keyspace_.db(0); }
  SlotId SlotOf(std::string_view key) const { return keyspace_.cluster_mode() ? windlass::slot::KeySlot(key) : 0; }
  bool IsPast(const Value& value) const { return value.expire_at_ms != kNoExpiry && value.expire_at_ms < now_; }

  std::string Key() {
    const uint8_t kind = input_.Byte();
    if (kind < 200) return "k" + std::to_string(kind % 64);
    if (kind < 210) return std::string(kind * 3, 'k');  // some too long to stand in an entry
    return "{t}" + input_.Text();
  }

  void Forget(const std::string& key) {
    if (scan_) scan_->Gone(key);
    model_.erase(key);
  }

  // The live entry, after the same was looked for in the model.
  Entry* Live(const std::string& key) {
    Entry* entry = input_.Flag() ? db().Find(SlotOf(key), key, now_) : db().FindRead(SlotOf(key), key, now_);
    const auto found = model_.find(key);
    Require((entry != nullptr) == (found != model_.end()));
    if (entry != nullptr) Compare(*entry, key, found->second);
    return entry;
  }

  static void Compare(const Entry& entry, const std::string& key, const Value& value) {
    char buffer[kMaxIntegerDigits];
    Require(entry.key() == key && entry.expire_at_ms() == value.expire_at_ms);
    if (value.text) {
      Require(entry.type() == windlass::types::Type::kString && entry.Text(buffer) == *value.text);
      Require(entry.TextLength() == value.text->size());
    } else {
      const auto& set = static_cast<const windlass::types::Set&>(*entry.object());
      Require(set.size() == 1 && set.Contains(key));
    }
  }

  int64_t SomeTime() { return now_ - 5 + input_.Byte(); }

  void Operate(uint8_t choice) {
    if (choice % 16 >= 12) return OperateOnAll(choice);
    const std::string key = Key();
    const SlotId slot = SlotOf(key);
    Entry* entry = Live(key);
    const auto found = model_.find(key);
    switch (choice % 16) {
      case 0: Set(key, input_.Text()); break;
      case 1: Set(key, std::string(input_.Word() % 2100, 'v')); break;
      case 2: {
        const auto number = static_cast<int64_t>(input_.Word()) * (input_.Flag() ? -1 : 1) << input_.Byte() % 47;
        db().SetInteger(slot, key, number);
        model_[key] = {std::to_string(number)};
        break;
      }
      case 3: {
        const std::string text = std::to_string(input_.Byte());
        db().SetString(slot, key, text, {}, StringForm::kBytes);
        model_[key] = {text};
        break;
      }
      case 4:
      case 5:
        Require(db().Erase(slot, key) == (found != model_.end()));
        if (found != model_.end()) Forget(key);
        break;
      case 6: {
        const int64_t at_ms = SomeTime();
        Require(db().SetExpiry(slot, key, at_ms) == (found != model_.end()));
        if (found != model_.end()) found->second.expire_at_ms = at_ms;
        break;
      }
      case 7: {
        const bool had = found != model_.end() && found->second.expire_at_ms != kNoExpiry;
        Require(db().ClearExpiry(slot, key) == had);
        if (had) found->second.expire_at_ms = kNoExpiry;
        break;
      }
      case 8:
        if (entry == nullptr || found->second.text) Resize(key);
        break;
      case 9:
      case 10: Rename(key, choice % 16 == 9); break;
      case 11: {
        auto set = std::make_unique<windlass::types::Set>();
        set->Add(key, keyspace_.limits());
        const int64_t at_ms = input_.Flag() ? SomeTime() : kNoExpiry;
        db().SetObject(slot, key, std::move(set), {.at_ms = at_ms});
        model_[key] = {std::nullopt, at_ms};
        break;
      }
    }
  }

  void OperateOnAll(uint8_t choice) {
    switch (choice % 16) {
      case 12:
        now_ += input_.Byte() % 64;
        if (choice < 128) keyspace_.ExpireStep(now_, 1000);
        break;
      case 13: {
        if (!scan_) scan_.emplace(Keys());
        const bool over = scan_->Step([this](uint64_t cursor, auto&& met) {
          return db().Scan(cursor, 1 + input_.Byte() % 20, [&](SlotId slot, Entry& entry) {
            Require(slot == SlotOf(entry.key()));
            met(entry.key());
          });
        });
        if (over) scan_.reset();
        break;
      }
      case 14:
        if (choice < 64) DropSlot();
        keyspace_.BackgroundStep(input_.Byte());
        break;
      case 15: {
        // Many, so that tables grow and shrink.
        const uint32_t first = input_.Byte();
        const uint32_t count = input_.Byte();
        for (uint32_t i = first; i < first + count; ++i) {
          const std::string key = "many" + std::to_string(i);
          if (choice < 160) {
            Live(key);
            Set(key, std::to_string(i));
          } else if (Live(key) != nullptr) {
            Require(db().Unlink(SlotOf(key), key));
            Forget(key);
          }
        }
        break;
      }
    }
  }

  void Set(const std::string& key, const std::string& text) {
    Expiry expiry;
    const uint8_t choice = input_.Byte();
    if (choice % 3 == 0) expiry.at_ms = SomeTime();
    expiry.keep = choice % 5 == 0;
    db().SetString(SlotOf(key), key, text, expiry);
    Value& value = model_[key];
    value.text = text;
    if (!expiry.keep) value.expire_at_ms = expiry.at_ms;
  }

  void Resize(const std::string& key) {
    std::string& text = model_[key].text.emplace(model_[key].text.value_or(""));
    const size_t length = 1 + input_.Word() % 3000;
    const std::span<char> bytes = db().ResizeString(SlotOf(key), key, length);
    Require(bytes.size() == length);
    text.resize(length, '\0');
    Require(std::string_view(bytes.data(), length) == text);
    bytes[length - 1] = text[length - 1] = 'e';
  }

  void Rename(const std::string& key, bool move) {
    const std::string other = Key();
    const auto found = model_.find(key);
    if (found == model_.end() || other == key || !found->second.text) return;
    Live(other);
    const Database::Target target{db(), SlotOf(other), other};
    move ? db().Move(SlotOf(key), key, target) : db().Copy(SlotOf(key), key, target);
    model_[other] = Value(model_.at(key));
    if (move) Forget(key);
  }

  void DropSlot() {
    if (!keyspace_.cluster_mode()) return;
    const SlotId slot = SlotOf(Key());
    std::set<std::string> gone;
    for (const auto& [key, value] : model_) {
      if (SlotOf(key) == slot) gone.insert(key);
    }
    Require(db().DropSlot(slot, input_.Flag()) == gone.size());
    for (const std::string& key : gone) Forget(key);
  }

  std::set<std::string> Keys() const {
    std::set<std::string> keys;
    for (const auto& [key, value] : model_) keys.insert(key);
    return keys;
  }

  void CheckCounts() {
    Require(db().size() == model_.size());
    SlotId slot = 0;
    const Entry* entry = db().RandomEntry(&slot);
    Require((entry == nullptr) == model_.empty());
    if (entry != nullptr) Require(model_.count(std::string(entry->key())) == 1 && slot == SlotOf(entry->key()));
  }

  void CompareAll() {
    size_t expiring = 0;
    for (const auto& [key, value] : model_) {
      const Entry* entry = db().Peek(SlotOf(key), key);
      Require(entry != nullptr);
      Compare(*entry, key, value);
      if (value.expire_at_ms != kNoExpiry) ++expiring;
    }
    Require(expiring == db().expires_size());
    std::set<std::string> met;
    db().ForEach([&](SlotId, Entry& entry) { Require(met.insert(std::string(entry.key())).second); });
    Require(met == Keys());
    // The same by steps of a walk through each slot that has keys.
    std::set<std::string> walked;
    const auto walk = [&](SlotId slot) {
      for (uint64_t at = 0; at != SlotTable::kEnd;) {
        at = db().WalkSlot(slot, at, [&](Entry& entry) { Require(walked.insert(std::string(entry.key())).second); });
      }
    };
    std::set<SlotId> slots;
    for (const std::string& key : met) slots.insert(SlotOf(key));
    for (const SlotId slot : slots) walk(slot);
    Require(walked == met);
  }

  Input& input_;
  Keyspace keyspace_;
  std::map<std::string, Value> model_;
  std::optional<ScanPromise> scan_;
  int64_t now_ = 1'000'000;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Player(&input).Play();
  return 0;
}
