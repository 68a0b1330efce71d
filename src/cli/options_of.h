// A command's options, wherever they stand.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

namespace gloce {

// Those of `app` in their order, then those of its option groups.
std::vector<CLI::Option*> OptionsOf(CLI::App& app);

// The subcommands of `app` in their order, without its option groups.
std::vector<CLI::App*> SubcommandsOf(CLI::App& app);

// Whether `option` takes no value.
inline bool IsFlag(const CLI::Option& option) {
  return option.get_expected_max() == 0;
}

}  // namespace gloce
