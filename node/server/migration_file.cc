// See migration_file.h.
#include "node/server/migration_file.h"

#include "node/base/atomic_file.h"

namespace windlass::server {

base::Result<migration::JobRecords> MigrationFile::Load() const {
  const auto text = base::ReadFileIfExists(path_);
  if (!text.ok()) return base::Error{text.error()};
  if (!text->has_value()) return migration::JobRecords();
  auto records = migration::JobRecords::Parse(**text);
  if (!records.ok()) return base::Error{"the record of slot migrations " + path_ + " is damaged: " + records.error()};
  return records;
}

void MigrationFile::Save(const migration::JobRecords& records, OnSaved done) {
  ++running_;
  helper_.Run([this, number = ++newest_, text = records.Text(), done = std::move(done), alive = alive_, loop = loop_, path = path_] {
    const auto written = base::WriteFileAtomically(path, text);
    loop->Post([this, number, ok = written.ok(), error = written.ok() ? std::string() : written.error(), done, alive] {
      if (!*alive) return;
      --running_;
      if (number == newest_) failed_ = !ok;
      if (!ok) log_->Warning("The record of slot migrations could not be saved: " + error);
      if (done) done(ok);
    });
  });
}

bool MigrationFile::SaveNow(const migration::JobRecords& records) {
  helper_.Drain();
  ++newest_;
  const auto written = base::WriteFileAtomically(path_, records.Text());
  failed_ = !written.ok();
  if (!written.ok()) log_->Warning("The record of slot migrations could not be saved: " + written.error());
  return written.ok();
}

}  // namespace windlass::server
