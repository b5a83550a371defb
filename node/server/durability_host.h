// How loaded and replicated commands run here. Only durability*.cc include this.
#pragma once

#include <memory>
#include <string>

#include "node/client/client.h"
#include "node/persistence/keyspace_loader.h"
#include "node/resp/command.h"
#include "node/server/durability.h"

namespace windlass::server {

// Runs commands as a client that has no connection; an error reply is an error.
class CommandRunner {
 public:
  CommandRunner(commands::Node* node, uint64_t client_flags) : node_(node), client_(0, &out_) {
    client_.flags = client_flags;
    client_.authenticated = true;
  }
  client::Client& client() { return client_; }
  base::Result<void> Run(int db, std::span<const std::string_view> argv) {
    if (db < 0 || db >= node_->keyspace->database_count()) return base::Error{"ERR DB index is out of range"};
    client_.db = db;
    out_.clear();
    node_->executor->Execute(client_, argv);
    if (out_.empty() || out_[0] != '-') return {};
    return base::Error{out_.substr(1, out_.find('\r') - 1)};
  }

 private:
  commands::Node* node_;
  std::string out_;
  client::Client client_;
};

// AOF replay.
class Durability::LoaderSink final : public resp::CommandSink {
 public:
  explicit LoaderSink(commands::Node* node) : runner_(node, client::kAofLoader) {}
  base::Result<void> OnCommand(int db, std::span<const std::string_view> argv) override { return runner_.Run(db, argv); }

 private:
  CommandRunner runner_;
};

// The link to a master.
class Durability::Host final : public replication::ReplicaHost {
 public:
  explicit Host(Durability* owner) : owner_(owner), runner_(owner->node_, client::kMasterLink) {}

  base::Result<void> OnCommand(int db, std::span<const std::string_view> argv) override;
  void OnCutCommand(const resp::RequestParser& parser, std::string_view buffer) override;
  bool DataIsEmpty() const override;
  void OnFollow() override {
    owner_->node_->blocker->DisconnectAll();
    if (owner_->on_demoted_) owner_->on_demoted_();
  }
  void BeginLoading(int64_t total_bytes) override;
  persistence::RdbSink& LoadingSink() override { return *loader_; }
  void LoadingProgress(int64_t bytes_done) override;
  void EndLoading(bool ok) override;
  void OnLinkChanged() override;
  int64_t FsyncedOffset() const override { return owner_->FsyncedOffset(); }

 private:
  void DropPayload();

  Durability* owner_;
  CommandRunner runner_;
  std::unique_ptr<persistence::KeyspaceLoader> loader_;
  bool aof_was_enabled_ = false;
};

}  // namespace windlass::server
