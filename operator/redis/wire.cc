// See wire.h.
#include "operator/redis/wire.h"

#include <hiredis/hiredis.h>

#include <vector>

#include "operator/base/failure.h"

namespace windlass::redis {
namespace {

Reply Convert(const redisReply& raw) {
  Reply reply;
  switch (raw.type) {
    case REDIS_REPLY_STATUS: reply.type = Reply::kStatus; break;
    case REDIS_REPLY_ERROR: reply.type = Reply::kError; break;
    case REDIS_REPLY_INTEGER: reply.type = Reply::kInteger; break;
    case REDIS_REPLY_STRING: reply.type = Reply::kString; break;
    case REDIS_REPLY_ARRAY: reply.type = Reply::kArray; break;
    default: reply.type = Reply::kNil; break;
  }
  if (raw.str != nullptr) reply.text.assign(raw.str, raw.len);
  reply.integer = raw.integer;
  reply.elements.reserve(raw.elements);
  for (size_t i = 0; i < raw.elements; ++i) reply.elements.push_back(Convert(*raw.element[i]));
  return reply;
}

}  // namespace

void AppendCommand(const Command& command, std::string* out) {
  std::vector<const char*> words;
  std::vector<size_t> lengths;
  for (const std::string& word : command) {
    words.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* formatted = nullptr;
  const long long size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()),
                                                words.data(), lengths.data());
  if (size < 0) throw base::Failure("out of memory while formatting a command");
  out->append(formatted, static_cast<size_t>(size));
  redisFreeCommand(formatted);
}

std::string NameOf(const Command& command) {
  if (command.empty()) return "an empty command";
  std::string name = command[0];
  if (command.size() > 1 && (name == "CLUSTER" || name == "CONFIG" || name == "CLIENT")) {
    name += " " + command[1];
  }
  return name;
}

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader(Keeps keeps) : reader_(redisReaderCreate()) {
  if (reader_ == nullptr) throw base::Failure("out of memory");
  // The default gives a large buffer back after each reply.
  if (keeps == Keeps::kItsBuffer) reader_->maxbuf = 0;
}

void ReplyReader::Feed(const char* bytes, size_t size) {
  if (redisReaderFeed(reader_.get(), bytes, size) != REDIS_OK) throw base::Failure("out of memory");
}

std::optional<Reply> ReplyReader::Next() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) throw base::Failure(reader_->errstr);
  if (raw == nullptr) return std::nullopt;
  const std::unique_ptr<void, decltype(&freeReplyObject)> owned(raw, &freeReplyObject);
  return Convert(*static_cast<redisReply*>(raw));
}

}  // namespace windlass::redis
