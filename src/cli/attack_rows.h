// The prompts of `gloce eval attack`, as rows of a job.
#pragma once

#include <string>
#include <vector>

#include "batch/prompt_table.h"
#include "cli/attack_options.h"
#include "eval/attack_figures.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

struct AttackRows {
  // One each; `asked` of a row are the concepts that it is to bring back.
  std::vector<PromptRow> rows;
  std::vector<AttackRow> attacks;
  std::vector<BadRow> bad_rows;  // of lists
};

// Made prompts, kind by kind, then the lists in their order. A row without seed
// gets one that it shares with the rows of its place in other kinds. Throws
// Error if a list cannot be read; UsageError if two have one name, or there is
// no row at all.
AttackRows MakeAttackRows(const AttackOptions& options, const Erasers& erasers);

// The rows as a CSV that `gloce generate --prompts` draws and `gloce eval
// --table` judges. `asked` of the rows stand there as they are.
std::string AttackRowsCsv(const std::vector<PromptRow>& rows);

}  // namespace gloce
