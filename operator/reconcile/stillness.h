// Whether a cluster is as it was when there was nothing to do: then a pass has nothing to
// do either, and ends once it has looked.
//
// Compared are the versions of all objects that a pass reads from the caches, of the Secret
// that has the password, and all that its nodes say on which a decision can hang while nothing is under way. What moves by
// itself (the stream of writes, memory, counters) is compared as far as something hangs on
// it. What time alone may change (schedules of a spec, slots to be weighed, what is looked
// up and not watched) is left to whole passes, of which there is one every few minutes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operator/reconcile/context.h"
#include "operator/reconcile/passwords.h"
#include "operator/reconcile/status.h"
#include "operator/reconcile/world.h"
#include "operator/redis/observe.h"

namespace windlass::reconcile {

// A number that differs if the nodes say anything else that matters. Nothing unless every
// one of them answers and has its data.
std::optional<uint64_t> WhatNodesSay(const std::vector<topology::NodeReport>& reports);

// Differs once anything was changed that the caches hold of a cluster, or of a machine.
std::string StampOfObjects(const Caches& caches, const std::string& name_space, const std::string& name);

// Of a pass that did nothing: whether the next may compare only. `step` is what was decided.
bool MayStandStill(const World& world, const std::optional<Step>& step, const api::Status& status);

struct Stillness {
  std::string objects;  // of the pass, before it read them; empty: not known to be still
  PasswordSource password;
  uint64_t said = 0;
  std::vector<topology::Address> addresses;
  redis::ObserveOptions options;
  int64_t until_ms = 0;  // of a clock that does not jump: then there is a whole pass
};

}  // namespace windlass::reconcile
