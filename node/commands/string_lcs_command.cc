// LCS: the longest common subsequence of two strings, by dynamic programming over
// all pairs of prefixes, then a walk back from the end that collects the matches.
#include <algorithm>
#include <string>
#include <vector>

#include "node/commands/string_commands.h"
#include "node/keyspace/keyspace.h"
#include "node/types/number.h"

namespace windlass::commands {

using keyspace::Entry;

namespace {

struct LcsOptions {
  bool length_only = false;
  bool indexes = false;
  bool with_match_length = false;
  int64_t min_match_length = 0;
};

// A run of equal characters; inclusive ends.
struct Match {
  size_t a_first, a_last;
  size_t b_first, b_last;
  int64_t length() const { return static_cast<int64_t>(a_last - a_first + 1); }
};

class LcsTable {
 public:
  LcsTable(std::string_view a, std::string_view b)
      : a_(a), b_(b), width_(b.size() + 1), lengths_((a.size() + 1) * width_, 0) {
    for (size_t i = 1; i <= a.size(); ++i) {
      for (size_t j = 1; j <= b.size(); ++j) {
        At(i, j) = a[i - 1] == b[j - 1] ? At(i - 1, j - 1) + 1 : std::max(At(i - 1, j), At(i, j - 1));
      }
    }
  }
  uint32_t length() const { return lengths_.back(); }

  // The subsequence, and its runs from the last to the first.
  void Trace(std::string* sequence, std::vector<Match>* matches) const {
    sequence->assign(length(), '\0');
    size_t left = length();
    size_t i = a_.size();
    size_t j = b_.size();
    bool open = false;  // the last of *matches may still grow downwards
    while (left > 0 && i > 0 && j > 0) {
      if (a_[i - 1] == b_[j - 1]) {
        (*sequence)[--left] = a_[i - 1];
        if (open && matches->back().a_first == i && matches->back().b_first == j) {
          matches->back().a_first = i - 1;
          matches->back().b_first = j - 1;
        } else {
          matches->push_back({i - 1, i - 1, j - 1, j - 1});
          open = true;
        }
        --i;
        --j;
      } else if (At(i - 1, j) > At(i, j - 1)) {
        --i;
      } else {
        --j;
      }
    }
  }

 private:
  uint32_t& At(size_t i, size_t j) { return lengths_[i * width_ + j]; }
  uint32_t At(size_t i, size_t j) const { return lengths_[i * width_ + j]; }

  std::string_view a_, b_;
  size_t width_;
  std::vector<uint32_t> lengths_;
};

// Nothing: the reply was written.
std::optional<LcsOptions> ParseLcs(Call& call) {
  LcsOptions options;
  for (size_t i = 3; i < call.args.size(); ++i) {
    const std::string_view word = call.args[i];
    if (EqualsNoCase(word, "IDX")) {
      options.indexes = true;
    } else if (EqualsNoCase(word, "LEN")) {
      options.length_only = true;
    } else if (EqualsNoCase(word, "WITHMATCHLEN")) {
      options.with_match_length = true;
    } else if (EqualsNoCase(word, "MINMATCHLEN") && i + 1 < call.args.size()) {
      const auto length = types::ParseInteger(call.args[++i]);
      if (!length) {
        call.reply.Error(kNotInteger);
        return std::nullopt;
      }
      options.min_match_length = std::max<int64_t>(*length, 0);
    } else {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
  }
  if (options.indexes && options.length_only) {
    call.reply.Error("ERR If you want both the length and indexes, please just use IDX.");
    return std::nullopt;
  }
  return options;
}

void ReplyMatches(Call& call, const LcsOptions& options, const std::vector<Match>& matches, uint32_t length) {
  std::vector<Match> shown;
  for (const Match& match : matches) {
    if (match.length() >= options.min_match_length) shown.push_back(match);
  }
  call.reply.Map(2);
  call.reply.Bulk("matches");
  call.reply.Array(static_cast<int64_t>(shown.size()));
  for (const Match& match : shown) {
    call.reply.Array(options.with_match_length ? 3 : 2);
    call.reply.Array(2);
    call.reply.Integer(static_cast<int64_t>(match.a_first));
    call.reply.Integer(static_cast<int64_t>(match.a_last));
    call.reply.Array(2);
    call.reply.Integer(static_cast<int64_t>(match.b_first));
    call.reply.Integer(static_cast<int64_t>(match.b_last));
    if (options.with_match_length) call.reply.Integer(match.length());
  }
  call.reply.Bulk("len");
  call.reply.Integer(length);
}

}  // namespace

void LcsCommand(Call& call) {
  std::string texts[2];
  for (int i = 0; i < 2; ++i) {
    const Entry* entry = call.db.FindRead(call.slot, call.args[static_cast<size_t>(i) + 1], call.now_ms, Touches(call));
    if (entry == nullptr) continue;
    if (entry->type() != types::Type::kString) {
      return call.reply.Error("ERR The specified keys must contain string values");
    }
    char digits[types::kMaxIntegerDigits];
    texts[i] = entry->Text(digits);
  }
  const auto options = ParseLcs(call);
  if (!options) return;
  if (texts[0].size() >= UINT32_MAX - 1 || texts[1].size() >= UINT32_MAX - 1) {
    return call.reply.Error("ERR String too long for LCS");
  }
  const unsigned __int128 table_bytes =
      static_cast<unsigned __int128>(texts[0].size() + 1) * (texts[1].size() + 1) * sizeof(uint32_t);
  if (table_bytes > static_cast<uint64_t>(MaxStringBytes(call))) {
    return call.reply.Error("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  const LcsTable table(texts[0], texts[1]);
  if (options->length_only) return call.reply.Integer(table.length());
  std::string sequence;
  std::vector<Match> matches;
  table.Trace(&sequence, &matches);
  if (!options->indexes) return call.reply.Bulk(sequence);
  ReplyMatches(call, *options, matches, table.length());
}

}  // namespace windlass::commands
