#include "cli/attack_rows.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/join.h"
#include "base/json.h"
#include "base/table_cells.h"
#include "cli/attack_labels.h"
#include "eval/attack_prompts.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// `text` as a part of a file's name that needs no change anywhere.
std::string Plain(const std::string& text) {
  std::string plain = text.substr(0, 40);
  for (char& c : plain) {
    const bool is_safe = std::isalnum(static_cast<unsigned char>(c)) != 0 &&
                         static_cast<unsigned char>(c) < 0x80;
    if (!is_safe && c != '_') c = '-';
  }
  return plain;
}

// Gives each row its case number and its seed.
class RowCollector {
 public:
  explicit RowCollector(const AttackOptions& options) : options_(options) {}

  // A prompt that is made against `name`; `place` is its place among those of
  // its kind and concept.
  void AddMade(const std::string& kind, size_t place, const std::string& name,
               const std::string& prompt) {
    const int64_t count = options_.sampling.num_images;
    const int64_t seed = SeedOf(place, count);
    const auto [known, is_new] =
        made_.try_emplace({kind, prompt, seed}, rows_.rows.size());
    if (!is_new) {
      std::vector<std::string>& asked = *rows_.rows[known->second].asked;
      asked.push_back(name);
      rows_.attacks[known->second].concept_name = Join(asked, "; ");
      return;
    }
    PromptRow row;
    row.prompt = prompt;
    row.seed = seed;
    row.num_images = count;
    row.asked = {name};
    Add({kind, name}, std::move(row));
  }

  // A list's row that attacks what `attack` says; `place` is its place there.
  void AddListed(AttackRow attack, size_t place, PromptRow row) {
    if (!row.num_images) row.num_images = options_.sampling.num_images;
    if (!row.seed) row.seed = SeedOf(place, *row.num_images);
    Add(std::move(attack), std::move(row));
  }
  AttackRows& rows() { return rows_; }

 private:
  void Add(AttackRow attack, PromptRow row) {
    row.case_number =
        Plain(attack.kind) + "-" + std::to_string(rows_.rows.size());
    rows_.attacks.push_back(std::move(attack));
    rows_.rows.push_back(std::move(row));
  }

  // Throws UsageError if a picture of the row would have none.
  int64_t SeedOf(size_t place, int64_t count) const {
    const int64_t first = options_.sampling.seed;
    const int64_t before = static_cast<int64_t>(place) * count;
    if (before + count - 1 > std::numeric_limits<int64_t>::max() - first) {
      throw UsageError("--seed: got " + std::to_string(first) +
                       ", too large: the pictures of prompt " +
                       std::to_string(place + 1) +
                       " of a kind would have seeds above 2^63 - 1");
    }
    return first + before;
  }

  const AttackOptions& options_;
  AttackRows rows_;
  std::map<std::tuple<std::string, std::string, int64_t>, size_t> made_;
};

void AddMade(const AttackOptions& options, const Erasers& erasers,
             RowCollector& collector) {
  std::vector<std::string> kinds = options.kinds;
  if (kinds.empty() && options.lists.empty()) kinds = AttackKinds();
  for (const std::string& kind : kinds) {
    for (const ConceptInfo& info : erasers.concepts) {
      const auto prompts =
          AttackPrompts(info, kind, static_cast<size_t>(options.num_prompts));
      for (size_t place = 0; place < prompts.size(); ++place)
        collector.AddMade(kind, place, info.settings.name, prompts[place]);
    }
  }
}

// The concepts that a list's row is to bring back, by the erasers' names;
// nothing if it does not say. Throws Error if one of them is not erased.
std::optional<std::vector<std::string>> AskedOf(
    const PromptRow& row, const std::vector<std::string>& concepts) {
  if (!row.asked || row.asked->empty()) return std::nullopt;
  std::vector<std::string> asked;
  for (const std::string& name : *row.asked) {
    const std::string* const known = FindConcept(concepts, name);
    if (known == nullptr) {
      throw Error("asked: got " + QuoteForMessage(name) +
                  ", expected a concept of the erasers: " + Join(concepts));
    }
    asked.push_back(*known);
  }
  return asked;
}

// Tells which columns of a list have no effect.
void NoteUnused(const std::string& path, const PromptTable& table,
                AttackRows& rows) {
  std::vector<std::string> unused = table.unused_columns;
  if (std::any_of(table.rows.begin(), table.rows.end(),
                  [](const PromptRow& row) { return row.erase.has_value(); })) {
    unused.emplace_back("erase");
  }
  if (!unused.empty())
    rows.notes.push_back(path + ": columns not used: " + Join(unused));
}

void AddList(const std::string& path, const std::string& kind,
             const AttackOptions& options, const Erasers& erasers,
             RowCollector& collector) {
  const std::vector<std::string> concepts = ConceptNames(erasers);
  PromptTable table = ReadPromptTable(path, ParseColumnChoice(options.columns));
  std::vector<BadRow>& bad_rows = collector.rows().bad_rows;
  bad_rows.insert(bad_rows.end(), table.bad_rows.begin(), table.bad_rows.end());
  NoteUnused(path, table, collector.rows());
  for (size_t place = 0; place < table.rows.size(); ++place) {
    PromptRow& row = table.rows[place];
    // All erasers are at work, whatever the list was made for.
    row.erase.reset();
    try {
      row.asked = AskedOf(row, concepts);
    } catch (const Error& error) {
      bad_rows.push_back({row.index, row.line,
                          PlaceOfRow(path, row.line) + ": " + error.what()});
      continue;
    }
    AttackRow attack = {kind, Join(row.asked.value_or(concepts), "; "),
                        row.case_number};
    collector.AddListed(std::move(attack), place, std::move(row));
  }
}

template <typename Value>
std::string Cell(const std::optional<Value>& value) {
  return value ? std::to_string(*value) : "";
}

}  // namespace

AttackRows MakeAttackRows(const AttackOptions& options,
                          const Erasers& erasers) {
  RowCollector collector(options);
  AddMade(options, erasers, collector);
  std::set<std::string> names;
  for (const std::string& kind : AttackKinds()) names.insert(kind);
  for (const std::string& path : options.lists) {
    const std::string kind = std::filesystem::path(path).stem().string();
    if (!names.insert(kind).second) {
      throw UsageError("--prompts: there are two kinds of prompts called " +
                       QuoteForMessage(kind) + "; rename " +
                       QuoteForMessage(path));
    }
    AddList(path, kind, options, erasers, collector);
  }
  if (collector.rows().rows.empty()) {
    throw UsageError(
        "no prompts to attack with: these erasers do not say what --kind "
        "needs; give other kinds, or a list by --prompts");
  }
  return std::move(collector.rows());
}

std::string AttackRowsCsv(const std::vector<PromptRow>& rows) {
  std::string text =
      "case_number,prompt,negative_prompt,evaluation_seed,evaluation_guidance,"
      "width,height,num_images,asked\r\n";
  for (const PromptRow& row : rows) {
    text += row.case_number + ',' + CsvField(row.prompt) + ',' +
            CsvField(row.negative_prompt.value_or("")) + ',' + Cell(row.seed) +
            ',' + (row.guidance ? CsvField(*row.guidance) : "") + ',' +
            Cell(row.width) + ',' + Cell(row.height) + ',' +
            Cell(row.num_images) + ',' + CsvField(Join(*row.asked, "; ")) +
            "\r\n";
  }
  return text;
}

}  // namespace gloce
