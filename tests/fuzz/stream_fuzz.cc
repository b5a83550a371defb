// Operations on a stream read from the input, against a map of entries: the same
// entries in every range, forwards and backwards, and the same after a file.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "node/types/stream.h"
#include "tests/fuzz/input.h"

namespace {

using windlass::types::Limits;
using windlass::types::Listpack;
using windlass::types::Stream;
using windlass::types::StreamId;
using windlass::types::StreamRange;
using windlass::types::StreamTrim;

using Entries = std::map<StreamId, std::vector<std::string>>;

Entries Read(const Stream& stream, StreamId first, StreamId last, bool backwards) {
  Entries out;
  StreamRange range(stream, first, last, backwards);
  while (range.Next()) {
    std::vector<std::string>& content = out[range.entry().id()];
    Require(content.empty());
    range.entry().ForEach([&content](std::string_view field, std::string_view value) {
      content.emplace_back(field);
      content.emplace_back(value);
    });
  }
  return out;
}

void CompareRange(const Stream& stream, const Entries& model, StreamId first, StreamId last) {
  Entries wanted;
  if (first <= last) wanted.insert(model.lower_bound(first), model.upper_bound(last));
  Require(Read(stream, first, last, false) == wanted);
  Require(Read(stream, first, last, true) == wanted);
}

void CompareAsFile(const Stream& stream, const Entries& model) {
  Stream copy;
  for (const auto& [master, pack] : stream.nodes()) {
    auto parsed = Listpack::Parse(pack.bytes());
    Require(parsed.has_value() && copy.AppendNode(master, *std::move(parsed)));
  }
  Require(copy.Restore(stream.counters(), stream.size()));
  Require(copy.counters().first_id == stream.counters().first_id);
  CompareRange(copy, model, {}, windlass::types::kLastStreamId);
}

void Trim(Input* input, Stream* stream, Entries* model) {
  StreamTrim trim;
  trim.kind = input->Byte() % 2 == 0 ? StreamTrim::Kind::kMaxLength : StreamTrim::Kind::kMinId;
  trim.max_length = input->Byte() % 32;
  trim.min_id = {input->Byte(), input->Byte()};
  trim.approximate = input->Byte() % 2 == 0;
  const size_t before = model->size();
  const size_t most = trim.kind == StreamTrim::Kind::kMaxLength
                          ? before - std::min<size_t>(before, trim.max_length)
                          : static_cast<size_t>(std::distance(model->begin(), model->lower_bound(trim.min_id)));
  const size_t trimmed = stream->Trim(trim);
  Require(trim.approximate ? trimmed <= most : trimmed == most);
  model->erase(model->begin(), std::next(model->begin(), static_cast<std::ptrdiff_t>(trimmed)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Limits limits;
  limits.stream_node_max_entries = input.Byte() % 8;
  limits.stream_node_max_bytes = size_t{64} << input.Byte() % 7;
  Stream stream;
  Entries model;
  StreamId last;
  while (!input.empty()) {
    switch (input.Byte() % 8) {
      default: {
        const uint8_t step = input.Byte();
        last = step % 3 == 0 ? StreamId{last.ms, last.seq + 1} : StreamId{last.ms + 1 + step / 64, step % 5u};
        std::vector<std::string>& content = model[last];
        for (size_t fields = 1 + input.Byte() % 3; fields > 0; --fields) {
          content.push_back(input.Text());
          content.push_back(input.Text());
        }
        const std::vector<std::string_view> views(content.begin(), content.end());
        stream.Append(last, views, limits);
        break;
      }
      case 4: {
        const StreamId id{input.Byte(), input.Byte() % 8u};
        Require(stream.Contains(id) == (model.count(id) == 1));
        Require(stream.Erase(id) == (model.erase(id) == 1));
        break;
      }
      case 5: Trim(&input, &stream, &model); break;
      case 6: CompareRange(stream, model, {input.Byte(), input.Byte()}, {input.Byte(), input.Byte()}); break;
      case 7: CompareAsFile(stream, model); break;
    }
    Require(stream.size() == model.size());
    Require(stream.counters().first_id == (model.empty() ? StreamId{} : model.begin()->first));
    Require(stream.LastEntryId() == (model.empty() ? StreamId{} : model.rbegin()->first));
  }
  CompareRange(stream, model, {}, windlass::types::kLastStreamId);
  CompareAsFile(stream, model);
  while (!stream.FreeStep(1)) {
  }
  Require(stream.MemoryBytes() == Stream().MemoryBytes());
  return 0;
}
