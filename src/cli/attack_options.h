// The options of `gloce eval attack`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/generate_options.h"

namespace gloce {

struct AttackOptions {
  GenerateOptions sampling;  // how pictures are drawn; no prompts
  std::vector<std::string> kinds, lists, columns, labels;
  std::string detector, report;
  int64_t num_prompts = 8, max_pictures = 400;
};

void RegisterAttackOptions(CLI::App& app, AttackOptions& options);

}  // namespace gloce
