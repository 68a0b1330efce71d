// The options of `gloce generate`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"
#include "gloce/batch/job.h"

namespace gloce {

struct GenerateOptions {
  std::string model, out, prompts_file, scheduler, filename, shard;
  std::vector<std::string> prompts, columns, erasers, only;
  std::string negative_prompt;
  int64_t seed = 0, num_images = 1, steps = 50, width = 0, height = 0,
          batch_size = 4;
  double guidance = 7.5, strength = 1.0;
  std::string on_mismatch = "redo";
  bool overwrite = false, check = false, gate_maps = false;
  PlacementOptions placement;
  OutputOptions output;
};

void RegisterGenerateOptions(CLI::App& app, GenerateOptions& options);

// Parts of them that other subcommands share: --erasers to --gate-maps, and
// --negative-prompt to --height.
void RegisterErasersOptions(CLI::App& app, GenerateOptions& options);
void RegisterSamplingOptions(CLI::App& app, GenerateOptions& options);

// Where the prompts come from, for messages: the file's name, or "--prompt".
std::string OriginOf(const GenerateOptions& options);

// Those settings of the job that the options alone decide. Throws UsageError.
JobSettings JobOf(const GenerateOptions& options);

}  // namespace gloce
