// What nodes say that cannot be so, and nodes that say nothing.
//
// Nothing is done on such evidence. A person is told of it once it has lasted: nodes learn of
// every change one after the other, and any answer may be late once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "operator/reconcile/world.h"

namespace windlass::reconcile {

// Of a cluster that is formed. Pure.
std::vector<Oddity> Oddities(const World& world);

// How long each has been there. Told at every look.
class Patience {
 public:
  // Those that have lasted, each as it was first seen.
  std::vector<Oddity> Lasting(const std::vector<Oddity>& seen, int64_t now_ms);
  bool any() const { return !known_.empty(); }

 private:
  struct Known {
    int64_t since_ms = 0;
    Oddity oddity;
  };
  std::map<std::string, Known> known_;  // by key
};

}  // namespace windlass::reconcile
