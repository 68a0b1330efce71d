// --log-file and what goes with it.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

namespace gloce {

struct LogOptions {
  std::optional<std::string> file;
  std::string level = "info", format = "text";

  void Register(CLI::App& app);

  // Opens the log file, if one was given. Throws Error.
  void Start() const;
};

}  // namespace gloce
