#include "cli/completion_words.h"

#include <algorithm>
#include <cctype>

#include "cli/options_of.h"

namespace gloce {
namespace {

bool IsPlaceholder(const std::string& word) {
  return std::any_of(word.begin(), word.end(),
                     [](unsigned char c) { return std::isupper(c) != 0; });
}

// `type` is the help's name of a value: "FILE", "TEXT:{a,b}", "INT:[1, 9]".
CompletedValue ValueOf(const std::string& type) {
  using Kind = CompletedValue::Kind;
  const size_t open = type.find('{');
  const size_t close = type.find('}', open);
  if (open == type.npos || close == type.npos) {
    if (type == "FOLDER") return {Kind::kFolder, {}};
    if (type == "FILE" || type == "PATH") return {Kind::kFile, {}};
    return {Kind::kAnything, {}};
  }
  CompletedValue value{Kind::kChoice, {}};
  const std::string list = type.substr(open + 1, close - open - 1);
  for (const std::string& word : CLI::detail::split(list, ',')) {
    if (!IsPlaceholder(word)) value.choices.push_back(word);
  }
  return value;
}

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

CompletedOption Complete(const CLI::Option& option) {
  CompletedOption completed;
  for (const std::string& name : option.get_snames())
    completed.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    completed.names.push_back("--" + name);
  completed.description = OneLine(option.get_description());
  if (!IsFlag(option)) completed.value = ValueOf(option.get_type_name());
  completed.repeatable = option.get_items_expected_max() > 1;
  return completed;
}

CompletedCommand Complete(CLI::App& command) {
  CompletedCommand completed;
  completed.description = OneLine(command.get_description());
  for (const CLI::Option* option : OptionsOf(command)) {
    if (option->get_positional()) {
      completed.positional = ValueOf(option->get_type_name());
    } else {
      completed.options.push_back(Complete(*option));
    }
  }
  return completed;
}

}  // namespace

std::vector<CompletedCommand> CompletedCommands(CLI::App& program) {
  std::vector<CompletedCommand> commands = {Complete(program)};
  for (CLI::App* command : AllSubcommandsOf(program)) {
    commands.push_back(Complete(*command));
    commands.back().name = CalledName(*command);
  }
  return commands;
}

std::vector<CompletedCommand> CommandsOf(
    const std::string& name, const std::vector<CompletedCommand>& commands) {
  const std::string before = name.empty() ? "" : name + " ";
  std::vector<CompletedCommand> inner;
  for (const CompletedCommand& command : commands) {
    if (command.name.empty() || !command.name.starts_with(before)) continue;
    const std::string word = command.name.substr(before.size());
    if (word.find(' ') != word.npos) continue;
    inner.push_back(command);
    inner.back().name = word;
  }
  return inner;
}

std::vector<std::string> NamesOf(
    const std::vector<CompletedCommand>& commands) {
  std::vector<std::string> names;
  for (const CompletedCommand& command : commands)
    names.push_back(command.name);
  return names;
}

}  // namespace gloce
