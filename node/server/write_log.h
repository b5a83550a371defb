// Where the effects of commands go: the one log behind AOF and replicas. The
// dispatcher appends, propagation implements.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace windlass::server {

// Sees every change of the data as it is appended, whoever else does: migrations of
// its slots.
class LogTap {
 public:
  virtual ~LogTap() = default;
  virtual void OnLogged(int db, std::span<const std::string_view> argv) = 0;
  // What was logged since the last call is one unit.
  virtual void OnUnitEnd() = 0;
};

class WriteLog {
 public:
  virtual ~WriteLog() = default;
  // False: nobody keeps what is appended.
  virtual bool HasReader() const = 0;
  // Everything appended between Begin and End enters the log as one unit: wrapped
  // in MULTI/EXEC when it is more than one command. Outside, each is its own unit.
  // Begin and End nest; only the outermost pair counts.
  virtual void BeginUnit() = 0;
  virtual void EndUnit() = 0;
  // Deterministic commands, in order. The views die with the call.
  virtual void Append(int db, std::span<const std::string_view> argv) = 0;
  // The same for a command that changes nothing: replicas hear of it, the AOF does not.
  virtual void AppendForReplicas(int db, std::span<const std::string_view> argv) = 0;
  // A change that not all are to follow, as a script may want it.
  struct Readers {
    bool aof;
    bool replicas;
  };
  virtual void AppendChange(int db, std::span<const std::string_view> argv, Readers readers) = 0;
  // Once a turn, before replies leave: AOF and replica sockets are written.
  // Returns the offset up to which replies may leave now.
  virtual int64_t EndOfTurn() = 0;
  // The offset a reply made now has to wait for.
  virtual int64_t EndOffset() const = 0;
};

}  // namespace windlass::server
