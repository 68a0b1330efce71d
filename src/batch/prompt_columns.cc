#include "batch/prompt_columns.h"

#include <algorithm>

#include "base/join.h"
#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// The names in order of their claim: a table may well have the seed of the
// original picture (I2P's sd_seed) beside the one to evaluate with.
struct KnownName {
  std::string_view name;
  PromptKey key;
  int claim;  // the lowest wins
};

constexpr std::array<KnownName, 16> kKnownNames{{
    {"case_number", PromptKey::kCaseNumber, 0},
    {"prompt", PromptKey::kPrompt, 0},
    {"negative_prompt", PromptKey::kNegativePrompt, 0},
    {"evaluation_seed", PromptKey::kSeed, 0},
    {"sd_seed", PromptKey::kSeed, 1},
    {"seed", PromptKey::kSeed, 2},
    {"evaluation_guidance", PromptKey::kGuidance, 0},
    {"sd_guidance_scale", PromptKey::kGuidance, 1},
    {"guidance", PromptKey::kGuidance, 2},
    {"width", PromptKey::kWidth, 0},
    {"sd_image_width", PromptKey::kWidth, 0},
    {"height", PromptKey::kHeight, 0},
    {"sd_image_height", PromptKey::kHeight, 0},
    {"num_images", PromptKey::kNumImages, 0},
    {"erase", PromptKey::kErase, 0},
    {"asked", PromptKey::kAsked, 0},
}};

constexpr std::array<std::string_view, kNumPromptKeys> kKeyNames{
    "case_number", "prompt", "negative_prompt", "seed",  "guidance",
    "width",       "height", "num_images",      "erase", "asked"};

const KnownName* Find(std::string_view name) {
  const auto found =
      std::find_if(kKnownNames.begin(), kKnownNames.end(),
                   [&](const KnownName& known) { return known.name == name; });
  return found == kKnownNames.end() ? nullptr : &*found;
}

std::string ShownColumns(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  shown.reserve(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    shown.push_back(ShownColumn(names, i));
  }
  return Join(shown);
}

void AddChoice(std::string_view part, ColumnChoice& choice) {
  const size_t equals = part.find('=');
  if (equals == part.npos) {
    throw UsageError("--columns: got " + QuoteForMessage(part) +
                     ", expected KEY=COLUMN, for example prompt=text");
  }
  const std::string_view name = part.substr(0, equals);
  const std::string column(part.substr(equals + 1));
  const std::optional<PromptKey> key = PromptKeyOf(name);
  if (!key) {
    throw UsageError("--columns: unknown key " + QuoteForMessage(name) +
                     "; known are: " + Join(PromptKeyNames()));
  }
  for (const auto& [other, other_column] : choice) {
    if (other == *key) {
      throw UsageError("--columns: " + std::string(name) +
                       " is given twice: " + QuoteForMessage(other_column) +
                       " and " + QuoteForMessage(column));
    }
    if (other_column == column) {
      throw UsageError("--columns: column " + QuoteForMessage(column) +
                       " is given for both " +
                       std::string(kKeyNames[static_cast<size_t>(other)]) +
                       " and " + std::string(name));
    }
  }
  choice.emplace(*key, column);
}

size_t FindChosen(const std::vector<std::string>& names,
                  const std::string& column, const std::string& place) {
  const auto found = std::find(names.begin(), names.end(), column);
  const std::string start = place + ": --columns: ";
  if (found == names.end()) {
    throw UsageError(start + "no column " + QuoteForMessage(column) +
                     "; the columns are: " + ShownColumns(names));
  }
  if (std::find(found + 1, names.end(), column) != names.end()) {
    throw UsageError(
        start + "column " + QuoteForMessage(column) +
        " is there twice; the columns are: " + ShownColumns(names));
  }
  return static_cast<size_t>(found - names.begin());
}

}  // namespace

ColumnChoice ParseColumnChoice(const std::vector<std::string>& texts) {
  ColumnChoice choice;
  for (std::string_view rest : texts) {
    while (true) {
      const size_t end = std::min(rest.find(','), rest.size());
      AddChoice(rest.substr(0, end), choice);
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
  }
  return choice;
}

std::optional<PromptKey> PromptKeyOf(std::string_view name) {
  const KnownName* const known = Find(name);
  return known == nullptr ? std::nullopt : std::optional(known->key);
}

std::vector<std::string> PromptKeyNames() {
  return {kKeyNames.begin(), kKeyNames.end()};
}

ColumnPlaces FindColumns(const std::vector<std::string>& names,
                         const ColumnChoice& choice, const std::string& place) {
  ColumnPlaces found;
  std::vector<bool> used(names.size(), false);
  for (const auto& [key, column] : choice) {
    const size_t i = FindChosen(names, column, place);
    found.places[static_cast<size_t>(key)] = i;
    used[i] = true;
  }
  std::array<int, kNumPromptKeys> claims{};
  for (size_t i = 0; i < names.size(); ++i) {
    const KnownName* const known = Find(names[i]);
    if (known == nullptr || used[i] || choice.contains(known->key)) continue;
    auto& holder = found.places[static_cast<size_t>(known->key)];
    int& claim = claims[static_cast<size_t>(known->key)];
    if (holder && claim == known->claim) {
      throw Error(place + ": columns " + std::to_string(*holder + 1) + " (" +
                  names[*holder] + ") and " + std::to_string(i + 1) + " (" +
                  names[i] + ") mean the same; remove one");
    }
    if (holder && claim < known->claim) continue;
    if (holder) used[*holder] = false;
    holder = i;
    claim = known->claim;
    used[i] = true;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (!used[i]) found.unused.push_back(i);
  }
  return found;
}

std::string ShownColumn(const std::vector<std::string>& names, size_t column) {
  if (!names[column].empty()) return names[column];
  return "column " + std::to_string(column + 1) + " (without a name)";
}

}  // namespace gloce
