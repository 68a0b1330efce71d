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
  // One each; `asked` of a row are the concepts that it is to bring back, by
  // the erasers' names, any of them; nothing if any that is erased counts.
  std::vector<PromptRow> rows;
  std::vector<AttackRow> attacks;
  std::vector<BadRow> bad_rows;    // of lists
  std::vector<std::string> notes;  // on lists, for people
};

// Made prompts, kind by kind, then the lists in their order. A row without seed
// gets one that it shares with the rows of its place in other kinds. Of a
// kind's made prompts that are equal and have one seed there is one row, which
// asks for all their concepts; a list's rows stay as they are. Throws Error if
// a list cannot be read; UsageError if two have one name, there is no row at
// all, or a seed would be too large.
AttackRows MakeAttackRows(const AttackOptions& options, const Erasers& erasers);

// The rows as a CSV that `gloce generate --prompts` draws and `gloce eval
// --table` judges. `asked` of the rows, which all have some, stand there as
// they are.
std::string AttackRowsCsv(const std::vector<PromptRow>& rows);

}  // namespace gloce
