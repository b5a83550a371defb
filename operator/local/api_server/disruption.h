// PodDisruptionBudgets: how many more pods may be disrupted now. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "operator/local/api_server/object_store.h"

namespace windlass::api_server {

// The status of a budget over the pods of its namespace.
nlohmann::json BudgetStatus(const nlohmann::json& budget, const std::vector<StoredObject>& pods);

// Throws ApiError 429 if evicting `pod` would break a budget, and 500 if more
// than one budget matches it, as Kubernetes does.
void RefuseDisruption(const nlohmann::json& pod, const std::vector<StoredObject>& pods,
                      const std::vector<StoredObject>& budgets);

}  // namespace windlass::api_server
