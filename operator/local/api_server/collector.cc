// The passes of the collector.
//
// Each pass looks at everything in one transaction: at the sizes a local control
// plane has, that is simpler than a graph and cannot be stale. An owner counts as
// gone only if its kind is served here and no object has its uid.
#include "operator/local/api_server/collector.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/disruption.h"
#include "operator/local/api_server/object_meta.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

constexpr int kWaitMs = 1000;
constexpr int kMostPasses = 50;  // in a row, before new events are looked at

std::string GroupOf(const std::string& api_version) {
  size_t slash = api_version.find('/');
  return slash == std::string::npos ? "" : api_version.substr(0, slash);
}

const json* ReferenceTo(const json& object, const std::string& uid) {
  for (const json& one : At(object, {"metadata", "ownerReferences"})) {
    if (TextAt(one, {"uid"}) == uid) return &one;
  }
  return nullptr;
}

}  // namespace

void Collector::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Run(); });
}

void Collector::Stop() {
  stopping_ = true;
  api_.store().Wake();
  if (thread_.joinable()) thread_.join();
}

void Collector::Run() {
  uint64_t seen = 0;
  while (!stopping_) {
    try {
      for (int i = 0; i < kMostPasses && !stopping_ && Pass(); ++i) {
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "collector: %s\n", error.what());
    }
    auto batch = api_.store().Events("", seen, kWaitMs);
    seen = batch ? batch->next : api_.store().revision();
  }
}

bool Collector::Pass() {
  Tx tx(api_.store());
  const ObjectStore::Page all = tx.ListAll();
  Uids alive;
  for (const StoredObject& stored : all.items) {
    alive.insert({stored.key.resource, MetaText(*stored.object, "uid")});
  }
  bool changed = false;
  for (const StoredObject& stored : all.items) {
    Object now = tx.Get(stored.key);
    if (now != stored.object) continue;  // changed by this pass; the next one sees it
    if (stored.key.resource == "namespaces") changed = FinishNamespace(tx, stored, all) || changed;
    if (stored.key.resource == "customresourcedefinitions.apiextensions.k8s.io") {
      changed = FinishDefinition(tx, stored) || changed;
    }
    if (stored.key.resource == "poddisruptionbudgets.policy") changed = UpdateBudget(tx, stored) || changed;
    if (tx.Get(stored.key) != stored.object) continue;
    if (IsDeleting(*stored.object)) changed = FinishOwner(tx, stored, all) || changed;
    if (tx.Get(stored.key) != stored.object) continue;
    changed = CollectOne(tx, stored, alive) || changed;
  }
  return changed;
}

// Deletes an object none of whose owners is left.
bool Collector::CollectOne(Tx& tx, const StoredObject& stored, const Uids& alive) {
  const json& references = At(*stored.object, {"metadata", "ownerReferences"});
  if (!references.is_array() || references.empty() || IsDeleting(*stored.object)) return false;
  auto registry = api_.registry();
  for (const json& reference : references) {
    ResourcePtr kind = registry->FindKind(GroupOf(TextAt(reference, {"apiVersion"})), TextAt(reference, {"kind"}));
    if (kind == nullptr) return false;  // not known to be gone
    std::string uid = TextAt(reference, {"uid"});
    if (alive.count({kind->storage_resource, uid}) != 0) return false;
  }
  ResourcePtr info = registry->FindStored(stored.key.resource);
  if (info == nullptr) return false;
  DeleteOptions options;
  options.uid_precondition = MetaText(*stored.object, "uid");
  api_.Remove(tx, *info, stored.key, options);
  return true;
}

// An owner that waits for its dependents (foreground) or lets go of them (orphan).
bool Collector::FinishOwner(Tx& tx, const StoredObject& stored, const ObjectStore::Page& all) {
  const bool foreground = HasFinalizer(*stored.object, kForegroundFinalizer);
  const bool orphan = HasFinalizer(*stored.object, kOrphanFinalizer);
  if (!foreground && !orphan) return false;
  const std::string uid = MetaText(*stored.object, "uid");
  bool changed = false;
  bool blocked = false;
  for (const StoredObject& one : all.items) {
    Object now = tx.Get(one.key);
    const json* reference = now == nullptr ? nullptr : ReferenceTo(*now, uid);
    if (reference == nullptr) continue;
    if (orphan) {
      json freed = *now;
      json kept = json::array();
      for (const json& other : freed["metadata"]["ownerReferences"]) {
        if (TextAt(other, {"uid"}) != uid) kept.push_back(other);
      }
      freed["metadata"]["ownerReferences"] = kept;
      if (kept.empty()) freed["metadata"].erase("ownerReferences");
      api_.PutRaw(tx, one.key, std::move(freed));
      changed = true;
      continue;
    }
    blocked = blocked || At(*reference, {"blockOwnerDeletion"}) == true;
    ResourcePtr info = api_.registry()->FindStored(one.key.resource);
    if (info == nullptr || IsDeleting(*now)) continue;
    DeleteOptions options;
    options.propagation = "Foreground";
    options.uid_precondition = MetaText(*now, "uid");
    api_.Remove(tx, *info, one.key, options);
    changed = true;
  }
  if (blocked) return changed;
  json object = *tx.Get(stored.key);
  SetFinalizer(object, kForegroundFinalizer, false);
  SetFinalizer(object, kOrphanFinalizer, false);
  bool runs = stored.key.resource == "pods" && IntegerAt(object, {"metadata", "deletionGracePeriodSeconds"}) > 0;
  if (HasFinalizers(object) || runs || stored.key.resource == "namespaces") {
    api_.PutRaw(tx, stored.key, std::move(object));
  } else {
    api_.DeleteRaw(tx, stored.key);
  }
  return true;
}

bool Collector::FinishNamespace(Tx& tx, const StoredObject& stored, const ObjectStore::Page& all) {
  auto registry = api_.registry();
  if (!IsDeleting(*stored.object)) {
    if (tx.Get({"serviceaccounts", stored.key.name, "default"}) != nullptr) return false;
    json account = {{"apiVersion", "v1"},
                    {"kind", "ServiceAccount"},
                    {"metadata",
                     {{"name", "default"},
                      {"namespace", stored.key.name},
                      {"uid", NewUid()},
                      {"creationTimestamp", NowText()}}}};
    api_.PutRaw(tx, {"serviceaccounts", stored.key.name, "default"}, std::move(account));
    return true;
  }
  bool changed = false;
  bool empty = true;
  for (const StoredObject& one : all.items) {
    if (one.key.name_space != stored.key.name) continue;
    Object now = tx.Get(one.key);
    if (now == nullptr) continue;
    empty = false;
    ResourcePtr info = registry->FindStored(one.key.resource);
    if (info == nullptr || IsDeleting(*now)) continue;
    api_.Remove(tx, *info, one.key, {});
    changed = true;
  }
  if (!empty) return changed;
  json object = *stored.object;
  json kept = json::array();
  for (const json& one : At(object, {"spec", "finalizers"})) {
    if (one != "kubernetes") kept.push_back(one);
  }
  if (kept.empty() && !HasFinalizers(object)) {
    api_.DeleteRaw(tx, stored.key);
    return true;
  }
  if (kept == object["spec"]["finalizers"]) return changed;
  object["spec"]["finalizers"] = kept;
  api_.PutRaw(tx, stored.key, std::move(object));
  return true;
}

bool Collector::FinishDefinition(Tx& tx, const StoredObject& stored) {
  if (!IsDeleting(*stored.object) || !HasFinalizer(*stored.object, kInstancesFinalizer)) return false;
  ResourcePtr info = api_.registry()->FindStored(stored.key.name);
  bool changed = false;
  for (const StoredObject& one : tx.List(stored.key.name, "").items) {
    if (info == nullptr || IsDeleting(*one.object)) continue;
    api_.Remove(tx, *info, one.key, {});
    changed = true;
  }
  if (!tx.List(stored.key.name, "").items.empty()) return changed;
  json object = *stored.object;
  SetFinalizer(object, kInstancesFinalizer, false);
  if (HasFinalizers(object)) {
    api_.PutRaw(tx, stored.key, std::move(object));
  } else {
    api_.DeleteRaw(tx, stored.key);
  }
  return true;
}

bool Collector::UpdateBudget(Tx& tx, const StoredObject& stored) {
  json status = BudgetStatus(*stored.object, tx.List("pods", stored.key.name_space).items);
  if (status == At(*stored.object, {"status"})) return false;
  json object = *stored.object;
  object["status"] = std::move(status);
  api_.PutRaw(tx, stored.key, std::move(object));
  return true;
}

}  // namespace windlass::api_server
