// What every subcommand shares.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gloce/bundle/device.h"

namespace gloce {

class Pipeline;

// Exit codes (README, "Exit codes").
enum ExitCode {
  kDone = 0,
  kFailed = 1,
  kWrongUsage = 2,
  kSomeFailed = 3,
  kInterrupted = 130
};

// Set by the subcommand that was given on the command line; run after parsing.
// Returns an exit code.
using Command = std::function<int()>;

// --quiet and --json.
struct OutputOptions {
  bool quiet = false;
  bool json = false;
  void Register(CLI::App& app);
};

// --device and --dtype.
struct PlacementOptions {
  std::string device = "auto";
  std::string dtype = "float32";
  void Register(CLI::App& app);
  Placement Parse() const { return ParsePlacement(device, dtype); }
};

// A finite number in [low, high]: CLI::Range lets NaN pass.
CLI::Validator FiniteRange(double low, double high);

// A whole number in [low, high]: CLI11 turns what does not fit into the nearest
// int64.
CLI::Validator WholeRange(int64_t low, int64_t high);

// One of `names`, which the help lists and shells complete.
CLI::Validator OneOf(const std::vector<std::string>& names);

// The two whole numbers of "A<separator>B", without sign or space; nothing if
// `text` is anything else.
std::optional<std::pair<int64_t, int64_t>> ParsePair(std::string_view text,
                                                     char separator);

// Warns, once, of prompts with more tokens than the text encoder takes, and
// says of the first ones where they stand, as `place` calls them.
void WarnOfCutPrompts(Pipeline& pipeline,
                      const std::vector<std::string>& prompts,
                      const std::function<std::string(size_t)>& place);

// One for each subcommand, in its own file.
void RegisterBuild(CLI::App& app, Command& command);
void RegisterCompletion(CLI::App& app, Command& command);
void RegisterConvert(CLI::App& app, Command& command);
void RegisterDoctor(CLI::App& app, Command& command);
void RegisterEval(CLI::App& app, Command& command);
void RegisterEvalAttack(CLI::App& eval, Command& command);
void RegisterGenerate(CLI::App& app, Command& command);
void RegisterInspect(CLI::App& app, Command& command);
void RegisterMerge(CLI::App& app, Command& command);

}  // namespace gloce
