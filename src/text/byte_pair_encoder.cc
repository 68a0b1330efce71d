#include "text/byte_pair_encoder.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <queue>

#include "base/json.h"
#include "gloce/base/error.h"
#include "text/unicode.h"

namespace gloce {
namespace {

constexpr std::string_view kEndOfWord = "</w>";
constexpr std::string_view kVersionLine = "#version: 0.2";
constexpr int64_t kMaxId = std::numeric_limits<int32_t>::max();
constexpr size_t kNone = std::numeric_limits<size_t>::max();

// GPT-2 writes each byte as a printable character: those that are printable in
// Latin-1 as themselves, the others as U+0100 and up, in order.
std::array<std::string, 256> ByteAlphabet() {
  std::array<std::string, 256> alphabet;
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) ||
                           (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    alphabet[byte] = EncodeUtf8(std::u32string(1, printable ? byte : next));
    if (!printable) ++next;
  }
  return alphabet;
}

}  // namespace

TokenIds ParseVocabulary(const std::string& vocab_json,
                         const std::string& origin) {
  const nlohmann::json parsed = ParseJson(vocab_json, origin);
  if (!parsed.is_object() || parsed.empty()) {
    throw Error(origin + ": expected an object of tokens and their ids");
  }
  TokenIds ids;
  ids.reserve(parsed.size());
  std::unordered_map<int64_t, const std::string*> tokens;  // by id
  tokens.reserve(parsed.size());
  for (const auto& [token, value] : parsed.items()) {
    const bool fits = value.is_number_unsigned() &&
                      value.get<uint64_t>() <= static_cast<uint64_t>(kMaxId);
    if (!fits) {
      throw Error(origin + ": " + QuoteForMessage(token) + ": got " +
                  QuoteForMessage(value.dump()) +
                  ", expected an id from 0 to " + std::to_string(kMaxId));
    }
    const auto kept = ids.emplace(token, value.get<int64_t>()).first;
    const auto [other, is_free] = tokens.emplace(kept->second, &kept->first);
    if (!is_free) {
      throw Error(origin + ": id " + std::to_string(kept->second) +
                  ": got both " + QuoteForMessage(*other->second) + " and " +
                  QuoteForMessage(token));
    }
  }
  return ids;
}

// An entry of the queue. It has expired if its symbols have changed since.
struct BytePairEncoder::Candidate {
  int64_t rank;
  size_t position;  // of the left symbol
  int64_t id;

  // Of std::priority_queue's "largest": the lowest rank, then the leftmost.
  bool operator<(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

// A word's symbols as a linked list over the positions of its bytes.
class BytePairEncoder::Symbols {
 public:
  void Append(int64_t id) {
    const size_t position = ids.size();
    ids.push_back(id);
    previous.push_back(position == 0 ? kNone : position - 1);
    next.push_back(kNone);
    if (position > 0) next[position - 1] = position;
  }
  // Gives `left` the id `id` and drops the symbol after it.
  void MergeWithNext(size_t left, int64_t id) {
    const size_t right = next[left];
    ids[left] = id;
    ids[right] = kDropped;
    next[left] = next[right];
    if (next[left] != kNone) previous[next[left]] = left;
  }

  static constexpr int64_t kDropped = -1;
  std::vector<int64_t> ids;
  std::vector<size_t> previous, next;
};

uint64_t BytePairEncoder::PairKey(int64_t left, int64_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
}

BytePairEncoder::BytePairEncoder(const TokenIds& vocabulary,
                                 std::string_view merges_text, int64_t unk_id,
                                 const std::string& merges_origin) {
  const std::array<std::string, 256> alphabet = ByteAlphabet();
  const auto id_or_unk = [&](const std::string& token) {
    const auto found = vocabulary.find(token);
    return found != vocabulary.end() ? found->second : unk_id;
  };
  for (size_t byte = 0; byte < alphabet.size(); ++byte) {
    byte_ids_[byte] = id_or_unk(alphabet[byte]);
    last_byte_ids_[byte] = id_or_unk(alphabet[byte] + std::string(kEndOfWord));
  }
  merges_.reserve(vocabulary.size());
  for (int64_t number = 1; !merges_text.empty(); ++number) {
    const size_t end = std::min(merges_text.find('\n'), merges_text.size());
    std::string_view line = merges_text.substr(0, end);
    merges_text.remove_prefix(std::min(end + 1, merges_text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string place =
        merges_origin + ": line " + std::to_string(number);
    if (number > 1) {
      AddMerge(vocabulary, line, number - 2, place);
    } else if (line != kVersionLine) {
      throw Error(place + ": got " + QuoteForMessage(line) + ", expected " +
                  QuoteForMessage(kVersionLine));
    }
  }
  if (merges_.empty()) throw Error(merges_origin + ": got no merges");
}

void BytePairEncoder::AddMerge(const TokenIds& vocabulary,
                               std::string_view line, int64_t rank,
                               const std::string& place) {
  const size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos ||
      space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string_view::npos) {
    throw Error(place + ": got " + QuoteForMessage(line) +
                ", expected two tokens with a space between");
  }
  const std::string left(line.substr(0, space));
  const std::string right(line.substr(space + 1));
  const auto id_of = [&](const std::string& token) {
    const auto found = vocabulary.find(token);
    if (found != vocabulary.end()) return found->second;
    throw Error(place + ": " + QuoteForMessage(token) +
                " is not in the vocabulary; the two files do not belong "
                "together, or one is cut short");
  };
  const uint64_t pair = PairKey(id_of(left), id_of(right));
  if (!merges_.emplace(pair, Merge{rank, id_of(left + right)}).second) {
    throw Error(place + ": " + QuoteForMessage(line) + " stands twice");
  }
}

std::optional<BytePairEncoder::Merge> BytePairEncoder::FindMerge(
    int64_t left, int64_t right) const {
  const auto found = merges_.find(PairKey(left, right));
  if (found == merges_.end()) return std::nullopt;
  return found->second;
}

void BytePairEncoder::Encode(std::string_view word,
                             std::vector<int64_t>& ids) const {
  Symbols symbols;
  for (size_t i = 0; i < word.size(); ++i) {
    const auto byte = static_cast<unsigned char>(word[i]);
    const bool is_last = i + 1 == word.size();
    symbols.Append(is_last ? last_byte_ids_[byte] : byte_ids_[byte]);
  }
  std::priority_queue<Candidate> queue;
  const auto consider = [&](size_t left) {
    if (left == kNone || symbols.next[left] == kNone) return;
    const auto merge =
        FindMerge(symbols.ids[left], symbols.ids[symbols.next[left]]);
    if (merge) queue.push({merge->rank, left, merge->id});
  };
  for (size_t i = 0; i < word.size(); ++i) consider(i);
  // Each merge removes a symbol and adds two candidates at most.
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const size_t left = best.position;
    if (symbols.ids[left] == Symbols::kDropped) continue;
    if (symbols.next[left] == kNone) continue;
    const auto merge =
        FindMerge(symbols.ids[left], symbols.ids[symbols.next[left]]);
    if (!merge || merge->id != best.id) continue;  // expired
    symbols.MergeWithNext(left, best.id);
    consider(symbols.previous[left]);
    consider(left);
  }
  for (size_t i = 0; i != kNone && i < word.size(); i = symbols.next[i]) {
    ids.push_back(symbols.ids[i]);
  }
}

}  // namespace gloce
