#include "eval/asked_labels.h"

#include <algorithm>
#include <set>

#include "text/unicode.h"

namespace gloce {
namespace {

// Runs of letters and numbers, in lower case.
std::vector<std::u32string> WordsOf(std::string_view text) {
  std::vector<std::u32string> words;
  bool inside = false;
  for (const char32_t c : ToLower(DecodeUtf8(text))) {
    const bool belongs = IsLetter(c) || IsNumber(c);
    if (belongs && !inside) words.emplace_back();
    if (belongs) words.back() += c;
    inside = belongs;
  }
  return words;
}

bool IsSameOrPlural(const std::u32string& word, const std::u32string& label) {
  return word == label || word == label + U"s" || word == label + U"es";
}

}  // namespace

AskedLabels::AskedLabels(const std::vector<std::string>& labels) {
  for (size_t place = 0; place < labels.size(); ++place)
    labels_.push_back({WordsOf(labels[place]), place});
  std::stable_sort(labels_.begin(), labels_.end(),
                   [](const Label& a, const Label& b) {
                     return a.words.size() > b.words.size();
                   });
}

std::vector<size_t> AskedLabels::In(std::string_view prompt) const {
  const std::vector<std::u32string> words = WordsOf(prompt);
  std::set<size_t> found;
  for (size_t at = 0; at < words.size();) {
    const auto stands_here = [&](const Label& label) {
      const size_t count = label.words.size();
      if (count == 0 || at + count > words.size()) return false;
      for (size_t i = 0; i + 1 < count; ++i) {
        if (words[at + i] != label.words[i]) return false;
      }
      return IsSameOrPlural(words[at + count - 1], label.words.back());
    };
    const auto label =
        std::find_if(labels_.begin(), labels_.end(), stands_here);
    if (label == labels_.end()) {
      ++at;
      continue;
    }
    found.insert(label->place);
    at += label->words.size();
  }
  return {found.begin(), found.end()};
}

}  // namespace gloce
