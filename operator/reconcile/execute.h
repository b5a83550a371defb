// Does one step. The only place that changes pods, claims or nodes.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "operator/reconcile/context.h"
#include "operator/reconcile/steps.h"
#include "operator/reconcile/world.h"
#include "operator/redis/node_pool.h"

namespace windlass::reconcile {

// What one step on pods or on the bus may take: it is not begun with less of the Lease left.
inline constexpr std::chrono::milliseconds kStepTime{2000};

struct StepResult {
  // Changed by RecordOperation and FinishOperation, and where something failed.
  std::optional<api::Operation> operation;
  bool formed = false;
  bool acted = false;  // look again at once
  int64_t bytes_moved = 0;  // roughly, with slots
  std::string resize_refused;
  std::string growth_refused;  // what it said to a claim that may not grow
  std::string refused;  // what the API server said to a pod or claim that it did not admit
};

class Executor {
 public:
  Executor(const Context& context, redis::AdminOptions admin)
      : context_(context), admin_(std::move(admin)), pool_(admin_) {}

  // Throws where the step failed as a whole; a failure of one slot move is in
  // the result, so that status can say it.
  StepResult Do(const World& world, const Step& step);

 private:
  // What the API server said to one that it did not admit; the rest was not tried.
  std::string Do(const World& world, const CreateNodes& step);
  void Do(const World& world, const DeletePods& step);
  void Do(const World& world, const Meet& step);
  void Do(const World& world, const SetEpochs& step);
  void Do(const World& world, const AssignSlots& step);
  void Do(const World& world, const Replicate& step);
  void Do(const World& world, const Forget& step);
  void Do(const World& world, const ClearMarks& step);
  void Do(const World& world, const TellSettings& step);
  void Do(const World& world, const FailOver& step);
  void Do(const World& world, const RemoveNodes& step);
  void Do(const World& world, const TakeOver& step);
  // What the API server said to one that it does not resize; empty: all were asked.
  std::string Do(const World& world, const ResizePods& step);
  // What the API server said to one that may not grow; empty: all were told.
  std::string Do(const World& world, const GrowClaims& step);
  StepResult Move(const World& world, const MoveSlots& step);

  // Throws if one of them is refused.
  void TellPasswords(const TellSettings& step);
  void Event(const World& world, kube::EventType type, const std::string& reason, const std::string& message);

  const Context& context_;
  const redis::AdminOptions admin_;
  redis::NodePool pool_;
};

}  // namespace windlass::reconcile
