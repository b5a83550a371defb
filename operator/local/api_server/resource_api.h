// Create, read, update, patch, delete and watch of any resource: the generic
// part of a Kubernetes API server.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/local/api_server/managed_fields.h"
#include "operator/local/api_server/object_store.h"
#include "operator/local/api_server/registry.h"
#include "operator/local/api_server/request.h"

namespace windlass::api_server {

// One request for one resource, its path resolved.
struct ResourceCall {
  const Request* request = nullptr;
  ResourcePtr info;
  std::shared_ptr<const Registry> registry;
  std::string name_space;
  std::string name;
  std::string subresource;  // empty or "status": what the write goes to

  ObjectKey Key() const { return {info->storage_resource, name_space, name}; }
  Subject About() const { return {info->group, info->plural, name}; }
};

// How a write is to be done, from the query and the body.
struct WriteOptions {
  bool dry_run = false;
  bool force = false;
  bool resize = false;  // of a pod: what its containers may use is what changes
  std::string field_validation = "Warn";
  std::string field_manager;
};

struct DeleteOptions {
  bool dry_run = false;
  std::optional<int64_t> grace_period_seconds;
  std::string propagation;  // Background, Foreground, Orphan; empty: the default
  std::string uid_precondition;
  std::string revision_precondition;
};

class ResourceApi {
 public:
  explicit ResourceApi(ObjectStore& store);

  std::shared_ptr<const Registry> registry() const;
  ObjectStore& store() { return store_; }

  Response Get(const ResourceCall& call);
  Response List(const ResourceCall& call);
  Response Watch(const ResourceCall& call);
  Response Create(const ResourceCall& call);
  Response Update(const ResourceCall& call);
  Response Patch(const ResourceCall& call);
  Response Delete(const ResourceCall& call);
  Response DeleteCollection(const ResourceCall& call);

  // The steps the subresources and the collector share. They run in a transaction.
  using Tx = ObjectStore::Transaction;
  nlohmann::json Load(Tx& tx, const ResourceCall& call) const;  // throws 404
  // Makes a change of an existing object: preconditions, defaults, validation,
  // generation, managed fields. Returns the stored object, in the call's version.
  nlohmann::json Change(Tx& tx, const ResourceCall& call, const nlohmann::json& before,
                        nlohmann::json after, const WriteOptions& options,
                        std::vector<std::string>& warnings, bool fields_tracked = false);
  // The object as a patch of the request's type makes it; 415 for one it cannot be. An
  // apply patch sets `tracked`: then the fields' managers are in it.
  nlohmann::json PatchedObject(const ResourceCall& call, const nlohmann::json& live,
                               const nlohmann::json& patch, const WriteOptions& options,
                               bool& tracked) const;
  // Returns what a DELETE answers: the object if it stays for now, else a Status.
  nlohmann::json Remove(Tx& tx, const ResourceInfo& info, const ObjectKey& key,
                        const DeleteOptions& options);
  nlohmann::json MakeNew(Tx& tx, const ResourceCall& call, nlohmann::json object,
                         const WriteOptions& options, std::vector<std::string>& warnings,
                         bool fields_tracked = false);
  // Writes an object as it is; keeps the registry true to definitions.
  void PutRaw(Tx& tx, const ObjectKey& key, nlohmann::json object);
  void DeleteRaw(Tx& tx, const ObjectKey& key);

  static WriteOptions ParseWriteOptions(const Request& request);
  static DeleteOptions ParseDeleteOptions(const Request& request);
  static nlohmann::json ParseBody(const Request& request);
  static FieldWriter WriterOf(const ResourceCall& call, const WriteOptions& options);

  Response Show(const ResourceCall& call, const nlohmann::json& object, int status = 200) const;

 private:
  void RefreshRegistry(Tx& tx);
  void RunWatch(const ResourceCall& call, uint64_t from, bool initial, Stream& stream);

  ObjectStore& store_;
  mutable std::mutex registry_mutex_;
  std::shared_ptr<const Registry> registry_;
};

// The object as the call's version shows it; the store keeps another.
nlohmann::json ToVersion(const ResourceInfo& info, const nlohmann::json& stored);
nlohmann::json ToStored(const ResourceInfo& info, const nlohmann::json& object);

}  // namespace windlass::api_server
