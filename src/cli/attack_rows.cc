#include "cli/attack_rows.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <utility>

#include "base/join.h"
#include "base/json.h"
#include "base/table_cells.h"
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

  // `place` is the row's among those of its kind (and concept).
  void Add(const std::string& kind, size_t place, PromptRow row) {
    const int64_t count = row.num_images.value_or(options_.sampling.num_images);
    row.case_number = Plain(kind) + "-" + std::to_string(rows_.rows.size());
    row.num_images = count;
    if (!row.seed)
      row.seed = options_.sampling.seed + static_cast<int64_t>(place) * count;
    rows_.attacks.push_back({kind, Join(*row.asked, "; ")});
    rows_.rows.push_back(std::move(row));
  }
  AttackRows& rows() { return rows_; }

 private:
  const AttackOptions& options_;
  AttackRows rows_;
};

void AddMade(const AttackOptions& options, const Erasers& erasers,
             RowCollector& collector) {
  std::vector<std::string> kinds = options.kinds;
  if (kinds.empty() && options.lists.empty()) kinds = AttackKinds();
  for (const std::string& kind : kinds) {
    for (const ConceptInfo& info : erasers.concepts) {
      const auto prompts =
          AttackPrompts(info, kind, static_cast<size_t>(options.num_prompts));
      for (size_t place = 0; place < prompts.size(); ++place) {
        PromptRow row;
        row.prompt = prompts[place];
        row.asked = {info.settings.name};
        collector.Add(kind, place, std::move(row));
      }
    }
  }
}

// The concepts that a list's row is to bring back. Throws Error if one of them
// is not erased.
std::vector<std::string> AskedOf(const PromptRow& row,
                                 const std::vector<std::string>& concepts) {
  if (!row.asked || row.asked->empty()) return concepts;
  for (const std::string& name : *row.asked) {
    if (std::find(concepts.begin(), concepts.end(), name) == concepts.end()) {
      throw Error("asked: got " + QuoteForMessage(name) +
                  ", expected a concept of the erasers: " + Join(concepts));
    }
  }
  return *row.asked;
}

void AddList(const std::string& path, const std::string& kind,
             const AttackOptions& options, const Erasers& erasers,
             RowCollector& collector) {
  const std::vector<std::string> concepts = ConceptNames(erasers);
  PromptTable table = ReadPromptTable(path, ParseColumnChoice(options.columns));
  std::vector<BadRow>& bad_rows = collector.rows().bad_rows;
  bad_rows.insert(bad_rows.end(), table.bad_rows.begin(), table.bad_rows.end());
  for (size_t place = 0; place < table.rows.size(); ++place) {
    PromptRow& row = table.rows[place];
    // All erasers are at work, whatever the list was made for.
    row.erase.reset();
    try {
      row.asked = AskedOf(row, concepts);
      collector.Add(kind, place, std::move(row));
    } catch (const Error& error) {
      bad_rows.push_back({row.index, row.line,
                          PlaceOfRow(path, row.line) + ": " + error.what()});
    }
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
