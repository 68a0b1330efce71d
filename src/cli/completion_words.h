// What a shell can complete, taken from the options as --help shows them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace gloce {

// What may stand in a place. The help's name of a value decides: FILE and PATH,
// FOLDER, or {a,b,c}, where words with capitals stand for something else.
struct CompletedValue {
  enum class Kind { kNothing, kAnything, kFile, kFolder, kChoice };
  Kind kind = Kind::kNothing;
  std::vector<std::string> choices;
};

struct CompletedOption {
  std::vector<std::string> names;  // "-q", "--quiet"
  std::string description;         // one line
  CompletedValue value;            // kNothing for a flag
  bool repeatable = false;
};

struct CompletedCommand {
  std::string name;  // "" for the program itself; "eval attack" of eval's own
  std::string description;
  std::vector<CompletedOption> options;
  CompletedValue positional;  // of all its positional arguments
};

// The program, then its subcommands, each with its own behind it.
std::vector<CompletedCommand> CompletedCommands(CLI::App& program);

// Those of `commands` that belong to the command called `name` ("": the
// program), with the word that follows it as their name.
std::vector<CompletedCommand> CommandsOf(
    const std::string& name, const std::vector<CompletedCommand>& commands);
std::vector<std::string> NamesOf(const std::vector<CompletedCommand>& commands);

// The script that teaches a shell the commands. It needs nothing but the shell.
std::string BashCompletion(const std::vector<CompletedCommand>& commands);
std::string FishCompletion(const std::vector<CompletedCommand>& commands);
std::string ZshCompletion(const std::vector<CompletedCommand>& commands);

}  // namespace gloce
