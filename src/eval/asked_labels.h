// What a prompt asks to show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

// Finds a detector's labels in prompts.
class AskedLabels {
 public:
  explicit AskedLabels(const std::vector<std::string>& labels);

  // Places, ascending, of the labels that stand in `prompt` as whole words, in
  // any case, spaces of any kind and number between a label's words; a plural
  // with "s" or "es" counts. Where labels overlap ("panda", "red panda") the
  // longest counts. Throws Error if `prompt` is not valid UTF-8.
  std::vector<size_t> In(std::string_view prompt) const;

 private:
  struct Label {
    std::vector<std::u32string> words;
    size_t place;
  };
  std::vector<Label> labels_;  // those of most words first
};

}  // namespace gloce
