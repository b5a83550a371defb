// One large value on its way out, in steps: what lies between two steps is time for
// clients. A container may change meanwhile, and is written as it was (value_walk.h). What
// is left of one that is about to be freed, or of a string that is about to change, is made
// at once.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "node/keyspace/entry.h"
#include "node/persistence/value_form.h"
#include "node/types/object.h"

namespace windlass::persistence {

class ValueWalk;

class ValueWriter {
 public:
  // Whether a value is large enough for steps, and of a kind that can be cut: no small form.
  static bool Cuts(const keyspace::Entry& entry);

  // REQUIRES: Cuts(entry). What tells of type and key was written already.
  ValueWriter(const keyspace::Entry& entry, std::unique_ptr<ValueForm> form);
  ~ValueWriter();

  // Appends about `bytes` more bytes, no part cut; true when the value is whole.
  bool Step(size_t bytes, std::string* out);
  // The entry, or any, is about to change. A string cannot tell what changes in it: the
  // rest of it is made at once. Step still has to be called for that.
  void BeforeChange(const keyspace::Entry& entry);
  void BeforeAnyChange();
  // Made and not taken by a step.
  size_t pending() const { return early_.size() + rest_bytes_; }

 private:
  class Death;  // finishes if the container is freed

  bool StepValue(size_t bytes, std::string* out);
  void Finish();
  void LetGo();

  const std::unique_ptr<ValueForm> form_;
  const types::Object* object_ = nullptr;  // null: a string, or nothing more to be read
  std::string_view string_;                // what is left of it
  std::string early_;                      // parts made before their time came
  std::deque<std::string> rest_;           // steps made before their time came
  size_t rest_bytes_ = 0;
  std::unique_ptr<ValueWalk> walk_;
  std::unique_ptr<Death> death_;
  bool whole_ = false;
};

}  // namespace windlass::persistence
