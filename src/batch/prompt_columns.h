// The names under which prompt tables hold a row's values.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

// What a row may say.
enum class PromptKey : size_t {
  kCaseNumber,
  kPrompt,
  kNegativePrompt,
  kSeed,
  kGuidance,
  kWidth,
  kHeight,
  kNumImages,
  kErase,
  kAsked
};
inline constexpr size_t kNumPromptKeys = 10;

// Column names that the user chose (--columns).
using ColumnChoice = std::map<PromptKey, std::string>;

// Reads "prompt=text,seed=random_seed"; a list is the same as its parts joined
// by commas, and "case_number=" means the column without a name. Keys go by any
// name that PromptKeyOf knows. Throws UsageError, with the known keys, for an
// unknown key, a key or a column given twice, and a part without "=".
ColumnChoice ParseColumnChoice(const std::vector<std::string>& texts);

// The key that a column of that name holds, or nothing.
std::optional<PromptKey> PromptKeyOf(std::string_view name);

// The names of the keys, in their order, as --columns spells them.
std::vector<std::string> PromptKeyNames();

// Where each key stands among the columns of a table.
struct ColumnPlaces {
  std::array<std::optional<size_t>, kNumPromptKeys> places;
  std::vector<size_t> unused;  // the other columns, in order

  std::optional<size_t> operator[](PromptKey key) const {
    return places[static_cast<size_t>(key)];
  }
};

// Finds the keys among `names`. A chosen column holds its key, and no other
// does; else the first of these that is there:
//   seed      evaluation_seed, sd_seed, seed
//   guidance  evaluation_guidance, sd_guidance_scale, guidance
//   width     width or sd_image_width; height alike
// and the other keys go by their own names. `place` ("p.csv: line 1") begins
// messages. Throws Error if two columns have the same claim to a key, and
// UsageError, with the names that are there, if a chosen column is missing or
// stands there twice.
ColumnPlaces FindColumns(const std::vector<std::string>& names,
                         const ColumnChoice& choice, const std::string& place);

// "type", or "column 1 (without a name)".
std::string ShownColumn(const std::vector<std::string>& names, size_t column);

}  // namespace gloce
