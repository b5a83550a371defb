// Operations on a list read from the input, against a deque: the same elements at every
// index, from both ends and in every range, under small chunks.
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "node/types/list.h"
#include "tests/fuzz/input.h"

namespace {

using windlass::types::Encoding;
using windlass::types::Limits;
using windlass::types::List;
using windlass::types::Listpack;

using Model = std::deque<std::string>;

constexpr size_t kMostElements = 2000;

std::ptrdiff_t At(size_t index) { return static_cast<std::ptrdiff_t>(index); }

void CompareAll(const List& list, const Model& model) {
  size_t at = 0;
  list.ForEach([&](std::string_view value) { Require(at < model.size() && model[at++] == value); });
  Require(at == model.size());
  size_t in_chunks = 0;
  for (size_t i = 0; i < list.chunks().size(); ++i) {
    const Listpack& chunk = list.chunks()[i];
    Require(!chunk.empty() && Listpack::Parse(chunk.bytes()).has_value());
    in_chunks += chunk.size();
  }
  Require(in_chunks == model.size());
}

void CompareRange(Input* input, const List& list, const Model& model) {
  if (model.empty()) return;
  const size_t first = input->Word() % model.size();
  const size_t count = input->Word() % (model.size() - first + 1);
  size_t at = first;
  list.ForRange(first, count, [&](std::string_view value) { Require(model[at++] == value); });
  Require(at == first + count);
}

void Change(Input* input, List* list, Model* model, const Limits& limits) {
  const size_t index = input->Word() % model->size();
  const int64_t from_tail = At(index) - At(model->size());
  List::Place place = list->Seek(input->Flag() ? At(index) : from_tail);
  Require(list->Get(place).ToString() == (*model)[index]);
  switch (input->Byte() % 4) {
    case 0: {
      const std::string value = input->Text();
      const bool after = input->Flag();
      list->Insert(place, after, value, limits);
      model->insert(model->begin() + At(index + (after ? 1 : 0)), value);
      break;
    }
    case 1: {
      const std::string value = input->Text();
      list->Replace(place, value, limits);
      (*model)[index] = value;
      break;
    }
    case 2: {
      const bool backwards = input->Flag();
      const bool more = list->Erase(&place, backwards);
      model->erase(model->begin() + At(index));
      Require(more == (backwards ? index > 0 : index < model->size()));
      if (more) Require(list->Get(place).ToString() == (*model)[backwards ? index - 1 : index]);
      break;
    }
    case 3: {
      const size_t count = input->Word() % (model->size() - index + 1);
      list->EraseRange(index, count);
      model->erase(model->begin() + At(index), model->begin() + At(index + count));
      break;
    }
  }
}

// By steps from an element, in one direction to the end.
void Step(Input* input, const List& list, const Model& model) {
  size_t index = input->Word() % model.size();
  List::Place place = list.Seek(At(index));
  const bool forwards = input->Flag();
  for (int steps = input->Byte(); steps > 0; --steps) {
    const bool more = forwards ? list.Next(&place) : list.Previous(&place);
    Require(more == (forwards ? index + 1 < model.size() : index > 0));
    if (!more) return;
    index += forwards ? 1 : -1;
    Require(list.Get(place).ToString() == model[index]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Limits limits;
  const int64_t sizes[] = {1, 2, 3, 8, 64, -1, -2, -5};
  limits.list_max_listpack_size = sizes[input.Byte() % 8];
  List list;
  Model model;
  while (!input.empty()) {
    const uint8_t choice = input.Byte();
    switch (choice % 8) {
      case 0:
      case 1: {
        const bool head = choice % 8 == 0;
        for (size_t count = choice < 16 ? 50 : 1; count > 0 && model.size() < kMostElements; --count) {
          const std::string value = input.Text();
          list.Grow(1, value.size(), limits);
          list.Push(head ? List::End::kHead : List::End::kTail, value, limits);
          head ? model.push_front(value) : model.push_back(value);
        }
        break;
      }
      case 2: {
        const bool head = input.Flag();
        if (model.empty()) break;
        Require(list.Pop(head ? List::End::kHead : List::End::kTail) == (head ? model.front() : model.back()));
        head ? model.pop_front() : model.pop_back();
        break;
      }
      case 3: CompareRange(&input, list, model); break;
      case 4: list.FitEncoding(input.Flag(), limits); break;
      case 5:
        if (!model.empty()) Step(&input, list, model);
        break;
      default:
        if (!model.empty()) Change(&input, &list, &model, limits);
    }
    Require(list.size() == model.size());
  }
  CompareAll(list, model);
  const auto copy = list.Clone();
  while (!list.FreeStep(1)) {
  }
  CompareAll(static_cast<const List&>(*copy), model);
  return 0;
}
