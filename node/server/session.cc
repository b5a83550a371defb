// See session.h.
#include "node/server/session.h"

#include <algorithm>
#include <utility>

#include "node/client/memory.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/observe/stats.h"
#include "node/persistence/payload_reader.h"
#include "node/server/dispatcher.h"
#include "node/server/request_batch.h"
#include "node/server/session_table.h"

namespace windlass::server {

Session::Session(SessionTable* table, std::unique_ptr<net::Connection> connection, uint64_t id)
    : table_(table), connection_(std::move(connection)), client_(id, &connection_->output()) {
  client_.transport = this;
  RefreshLimits();
  connection_->SetHandler(this);
}

// To give pages back takes a tenth of a second for 300 MB.
Session::~Session() {
  constexpr size_t kLargeOutput = 1 << 20;
  if (connection_->output_capacity() < kLargeOutput) return;
  table_->node().keyspace->FreeInBackground(std::make_shared<std::string>(std::move(connection_->output())));
}

void Session::DropPayload() {
  if (client_.payload == nullptr) [[likely]] return;
  table_->node().keyspace->FreeInBackground(std::move(client_.payload));
}

void Session::RefreshLimits() {
  resp::RequestLimits& limits = parser_.limits();
  limits.max_bulk_bytes = table_->max_bulk_bytes();
  limits.max_arguments = INT32_MAX;
  limits.authenticated = client_.authenticated;
}

size_t Session::OnBytes(net::Connection& connection, std::string_view bytes) {
  observe::Stats& stats = *table_->node().stats;
  ++stats.reads_processed;
  client_.last_interaction_ms = table_->now_ms();
  if (client_.Has(client::kBlocked | client::kCloseAfterReply)) {
    if (bytes.size() > static_cast<size_t>(table_->query_buffer_limit())) {
      ++stats.query_buffer_limit_disconnections;
      Close("query buffer limit");
    }
    return 0;
  }
  const size_t used = RunRequests(bytes);
  if (connection_->closed()) return used;
  if (table_->limits_client_memory()) NoteMemory(bytes.size() - used);
  if (connection_->pending_output() > 0) OutputChanged();
  // Arguments that are whole have been understood: what counts is the rest.
  if (bytes.size() - used - parser_.cut().begin > static_cast<size_t>(table_->query_buffer_limit())) {
    table_->node().log->Warning("Closing client that reached max query buffer length: " +
                                table_->Describe(client_));
    ++stats.query_buffer_limit_disconnections;
    Close("query buffer limit");
  }
  return used;
}

// Parses what is whole of `bytes`, up to a batch. A stranger's requests one by one:
// the first may be AUTH, and what may come behind it depends on that.
resp::ParseStatus Session::ParseAhead(std::string_view bytes, RequestBatch* batch) {
  batch->count = 0;
  parser_.limits().authenticated = client_.authenticated;
  if (client_.Has(client::kImporting)) [[unlikely]] parser_.limits().max_bulk_bytes = INT64_MAX / 2;
  const size_t most = client_.authenticated && !client_.Has(client::kImporting) ? RequestBatch::kMost : 1;
  size_t position = 0;
  while (batch->count < most && position < bytes.size()) {
    // The words of an inline request stand in the parser: it is alone.
    const bool is_inline = bytes[position] != '*';
    if (is_inline && batch->count > 0) break;
    RequestBatch::Request& request = batch->requests[batch->count];
    const resp::ParseStatus status = parser_.Parse(bytes.substr(position), &request.bytes, &request.args);
    if (status != resp::ParseStatus::kComplete) return status;
    request.spec = nullptr;
    position += request.bytes;
    ++batch->count;
    if (is_inline) break;
  }
  return resp::ParseStatus::kComplete;
}

// Everything that has arrived is executed here, in order, before another client
// gets its turn.
size_t Session::RunRequests(std::string_view bytes) {
  size_t position = 0;
  RequestBatch& batch = table_->batch();
  while (position < bytes.size()) {
    const resp::ParseStatus status = ParseAhead(bytes.substr(position), &batch);
    if (batch.count == 0) {
      if (status == resp::ParseStatus::kNeedMore) {
        if (parser_.bytes_wanted() > resp::kLargeRequestBytes) TakeCutRequest(bytes.substr(position));
        break;
      }
      table_->node().log->Verbose("Protocol error (" + parser_.error() + ") from client: " + table_->Describe(client_));
      if (!client_.Has(client::kReplyOff)) client_.reply.Error("ERR " + parser_.error());
      CloseAfterReplies();
      return bytes.size();
    }
    if (batch.count > 1) table_->dispatcher().Prefetch(client_, &batch);
    if (!RunBatch(batch, &position)) {
      parser_.Reset();  // what was parsed ahead is parsed again, if ever
      return connection_->closed() || client_.Has(client::kCloseAfterReply) ? bytes.size() : position;
    }
  }
  return position;
}

// A large request, so far. In a transaction it will be queued, not executed.
void Session::TakeCutRequest(std::string_view bytes) {
  connection_->ReserveInput(parser_.bytes_wanted());
  if (client_.Has(client::kMulti | client::kImporting)) return;
  persistence::ReadAhead(parser_, bytes, table_->node().keyspace->limits(), &client_.payload);
}

// False: the client does not go on now. `position` is behind the last request that is done.
bool Session::RunBatch(RequestBatch& batch, size_t* position) {
  for (size_t i = 0; i < batch.count; ++i) {
    const RequestBatch::Request& request = batch.requests[i];
    const size_t request_bytes = request.bytes;
    if (!request.args.empty()) {
      const bool feeds_replica = client_.Has(client::kReplica);
      const size_t replies_begin = client_.reply.out()->size();
      const Outcome outcome = table_->dispatcher().Run(client_, request.args, request.spec);
      if (feeds_replica && client_.reply.out()->size() > replies_begin) {
        // It would stand amidst the replication stream.
        table_->node().log->Warning("Closing a replica that sent a command with a reply: " + table_->Describe(client_));
        Close("a replica asked for a reply");
        return false;
      }
      if (outcome == Outcome::kHeld) {
        // Not consumed: it is parsed again when the pause is over.
        client_.Set(client::kPaused);
        table_->NotePaused(client_);
        return false;
      }
      DropPayload();
      if (connection_->closed() || client_.Has(client::kCloseAfterReply)) return false;
      if (outcome == Outcome::kBlocked) {
        *position += request_bytes;
        return false;
      }
    }
    *position += request_bytes;
  }
  return true;
}

void Session::OnClosed(net::Connection& connection, std::string_view reason) {
  DropPayload();
  table_->OnSessionClosed(*this, reason);
}

bool Session::CheckOutputLimit() {
  const size_t pending = connection_->pending_output();
  if (pending < table_->smallest_output_limit()) return false;
  return table_->OverOutputLimit(client_, pending);
}

void Session::OutputChanged() {
  if (connection_->closed()) return;
  if (!output_noted_) {
    output_noted_ = true;
    table_->NoteOutput(client_.id);
  }
  connection_->OutputChanged();
  if (CheckOutputLimit()) {
    table_->node().log->Warning("Client " + table_->Describe(client_) +
                                " scheduled to be closed ASAP for overcoming of output buffer limits.");
    ++table_->node().stats->output_buffer_limit_disconnections;
    client_.Set(client::kCloseAfterReply);
    table_->CloseSoon(client_.id, "output buffer limit");
  }
}

void Session::CountBytes() {
  observe::Stats& stats = *table_->node().stats;
  const uint64_t in = connection_->bytes_in() - counted_in_;
  const uint64_t out = connection_->bytes_out() - counted_out_;
  stats.net_input_bytes += in;
  stats.net_output_bytes += out;
  if (client_.Has(client::kReplica)) {
    stats.net_repl_input_bytes += in;
    stats.net_repl_output_bytes += out;
  }
  counted_in_ = connection_->bytes_in();
  counted_out_ = connection_->bytes_out();
}

void Session::NoteMemory(size_t input) {
  if (client_.Has(client::kReplica | client::kMasterLink | client::kNoEvict)) return;
  const int64_t bytes = static_cast<int64_t>(client::MemoryBytes(client_) - connection_->pending_input() + input);
  table_->NoteClientBytes(bytes - noted_bytes_);
  noted_bytes_ = bytes;
}

void Session::Close(std::string_view reason) { connection_->Close(reason); }

void Session::CloseAfterReplies() {
  client_.Set(client::kCloseAfterReply);
  connection_->CloseAfterFlush();
}

void Session::PauseInput(bool paused) {
  if (connection_->closed()) return;
  paused ? connection_->PauseReading() : connection_->ResumeReading();
}

void Session::ResumeInput() { table_->QueueResume(client_.id); }

// --- replies that wait

void Session::HoldReplyForSave(uint64_t ticket, size_t bytes) {
  save_replies_.push_back({ticket, connection_->stream_end() - bytes, bytes});
}

bool Session::HoldFresh(const ReplyGate& released, const ReplyGate& end_of_log) {
  ReplyGate gate{end_of_log.log_offset, save_replies_.empty() ? 0 : save_replies_.back().ticket};
  if (client_.Has(client::kWrote)) {
    client_.Clear(client::kWrote);
    gate.wrote = true;
    gate.acked_offset = end_of_log.acked_offset;
  }
  // Replies leave in order: what is held holds what comes behind it.
  if (!held_.empty()) gate.acked_offset = std::max(gate.acked_offset, held_.back().gate.acked_offset);
  if (released.Covers(gate)) {
    // What is held, if anything, keeps this behind it.
    if (held_.empty()) save_replies_.clear();
    return !held_.empty();
  }
  const uint64_t end = connection_->stream_end();
  if (held_.empty()) connection_->HoldOutputFrom(end - connection_->pending_output());
  held_.push_back({end, gate});
  return true;
}

bool Session::ReleaseHeld(const ReplyGate& released) {
  size_t passed = 0;
  while (passed < held_.size() && released.Covers(held_[passed].gate)) ++passed;
  if (passed == 0) return !held_.empty();
  const uint64_t end = held_[passed - 1].end;
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(passed));
  connection_->ReleaseOutput(held_.empty() ? net::Connection::kNoHold : end);
  size_t answered = 0;
  while (answered < save_replies_.size() && save_replies_[answered].ticket <= released.conf_ticket) ++answered;
  save_replies_.erase(save_replies_.begin(), save_replies_.begin() + static_cast<std::ptrdiff_t>(answered));
  return !held_.empty();
}

void Session::FailReplies(uint64_t ticket) {
  static constexpr std::string_view kError = "-ERR error saving the cluster node config\r\n";
  for (size_t i = 0; i < save_replies_.size() && save_replies_[i].ticket <= ticket; ++i) {
    SaveReply& reply = save_replies_[i];
    if (!connection_->ReplaceOutput(reply.begin, reply.bytes, kError)) continue;
    const uint64_t begin = reply.begin;
    const uint64_t grown = kError.size() - reply.bytes;  // modulo 2^64: it may be negative
    reply.bytes = kError.size();
    for (size_t j = i + 1; j < save_replies_.size(); ++j) save_replies_[j].begin += grown;
    for (Held& held : held_) {
      if (held.end > begin) held.end += grown;
    }
  }
}

void Session::Resume() {
  if (connection_->closed()) return;
  connection_->ResumeParsing();
}

}  // namespace windlass::server
