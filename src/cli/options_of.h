// A command's options, wherever they stand.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace gloce {

// Those of `app` in their order, then those of its option groups.
std::vector<CLI::Option*> OptionsOf(CLI::App& app);

// The subcommands of `app` in their order, without its option groups.
std::vector<CLI::App*> SubcommandsOf(CLI::App& app);

// The same with their own subcommands, each behind the one it belongs to.
std::vector<CLI::App*> AllSubcommandsOf(CLI::App& app);

// How the command line calls a subcommand: "generate", "eval attack".
std::string CalledName(const CLI::App& subcommand);

// The subcommand that was given, the inner one of two; null if none was.
CLI::App* GivenSubcommand(const CLI::App& app);

// Whether `option` takes no value.
inline bool IsFlag(const CLI::Option& option) {
  return option.get_expected_max() == 0;
}

}  // namespace gloce
