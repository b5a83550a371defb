// See many_pop.h.
#include "node/commands/many_pop.h"

#include "node/types/number.h"

namespace windlass::commands {

std::optional<ManyPop> ParseManyPop(Call& call, size_t at, ManyPopWords words) {
  const auto refuse = [&call](std::string_view error) {
    call.reply.Error(error);
    return std::nullopt;
  };
  const auto keys = types::ParseInteger(call.args[at]);
  if (!keys || *keys < 1) return refuse("ERR numkeys should be greater than 0");
  if (*keys > static_cast<int64_t>(call.args.size() - at) - 2) return refuse(kSyntaxError);
  ManyPop pop;
  pop.keys = call.args.subspan(at + 1, static_cast<size_t>(*keys));
  const auto rest = call.args.subspan(at + 1 + pop.keys.size());
  pop.second = EqualsNoCase(rest[0], words.second);
  if (!pop.second && !EqualsNoCase(rest[0], words.first)) return refuse(kSyntaxError);
  if (rest.size() == 1) return pop;
  if (rest.size() == 2 || !EqualsNoCase(rest[1], "COUNT")) return refuse(kSyntaxError);
  const auto count = types::ParseInteger(rest[2]);
  if (!count || *count < 1) return refuse("ERR count should be greater than 0");
  if (rest.size() > 3) return refuse(kSyntaxError);
  pop.count = static_cast<size_t>(*count);
  return pop;
}

}  // namespace windlass::commands
