// See durability_host.h.
#include "node/server/durability_host.h"

#include "node/persistence/payload_reader.h"

namespace windlass::server {

// What the master sends is applied as it decided: a key past its time is still
// there until its DEL comes.
base::Result<void> Durability::Host::OnCommand(int db, std::span<const std::string_view> argv) {
  keyspace::Keyspace& keyspace = *owner_->node_->keyspace;
  keyspace.set_expiry_mode(keyspace::ExpiryMode::kIgnore);
  auto result = runner_.Run(db, argv);
  keyspace.set_expiry_mode(keyspace::ExpiryMode::kHide);
  DropPayload();
  return result;
}

void Durability::Host::OnCutCommand(const resp::RequestParser& parser, std::string_view buffer) {
  persistence::ReadAhead(parser, buffer, owner_->node_->keyspace->limits(), &runner_.client().payload);
}

void Durability::Host::DropPayload() {
  auto& payload = runner_.client().payload;
  if (payload != nullptr) owner_->node_->keyspace->FreeInBackground(std::move(payload));
}

bool Durability::Host::DataIsEmpty() const {
  keyspace::Keyspace& keyspace = *owner_->node_->keyspace;
  for (int i = 0; i < keyspace.database_count(); ++i) {
    if (keyspace.db(i).size() > 0) return false;
  }
  return true;
}

void Durability::Host::BeginLoading(int64_t total_bytes) {
  // The AOF describes the data that goes now; it is begun anew with what comes.
  aof_was_enabled_ = owner_->aof_.enabled();
  owner_->fsynced_offset_ = 0;
  owner_->fsync_mark_.reset();
  owner_->aof_.Disable();
  owner_->SetLoading(true, total_bytes < 0 ? 0 : total_bytes);
  owner_->node_->keyspace->FlushAll(/*later=*/true);
  owner_->ForgetFunctions();
  loader_ = std::make_unique<persistence::KeyspaceLoader>(owner_->node_->keyspace, owner_->node_->log, &owner_->functions_,
                                                          owner_->LoaderOptions());
}

void Durability::Host::LoadingProgress(int64_t bytes_done) { owner_->node_->status.loading_done_bytes = bytes_done; }

void Durability::Host::EndLoading(bool ok) {
  base::Logger& log = *owner_->node_->log;
  if (ok) {
    log.Logf(base::LogLevel::kNotice, "Done loading RDB, keys loaded: %llu, keys expired: %llu.",
             static_cast<unsigned long long>(loader_->summary().keys), static_cast<unsigned long long>(loader_->summary().expired));
    // A copy from a replica joins its master's stream, which named its database before.
    const auto& point = loader_->summary().replication;
    if (point.has_value()) owner_->replica_.RestoreStreamDb(point->stream_db);
  } else {
    owner_->node_->keyspace->FlushAll(/*later=*/true);
    owner_->ForgetFunctions();
  }
  loader_.reset();
  owner_->SetLoading(false, 0);
  if (!aof_was_enabled_) return;
  if (auto enabled = owner_->aof_.Enable(); !enabled.ok()) {
    log.Warning("Failed enabling the AOF after successful master synchronization: " + enabled.error());
  }
}

void Durability::Host::OnLinkChanged() {
  DropPayload();  // of a link that was lost, the rest will not come
  owner_->RefreshStatus();
}

}  // namespace windlass::server
