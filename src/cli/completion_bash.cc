#include <sstream>

#include "base/join.h"
#include "cli/completion_words.h"

namespace gloce {
namespace {

using Kind = CompletedValue::Kind;

constexpr std::string_view kInnerMark = "@INNER@";
constexpr const char* kBegin =
    R"(# bash completion of gloce, printed by: gloce completion bash
_gloce() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local command= kind=words words= i
  # bash takes --option=value for three words.
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]] && ((COMP_CWORD > 1)); then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} != -* ]]; then
      command=${COMP_WORDS[i]}
      break
    fi
  done
  # Some commands have commands of their own.
  if ((i + 1 < COMP_CWORD)); then
    case "$command ${COMP_WORDS[i + 1]}" in
      @INNER@) command+=" ${COMP_WORDS[i + 1]}" ;;
    esac
  fi
  case $command in
)";

constexpr const char* kEnd = R"(  esac
  case $kind in
    words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
    files)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      ;;
    folders)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      ;;
    *) COMPREPLY=() ;;
  esac
}
complete -F _gloce gloce
)";

// An assignment that has the end of the script offer `value`.
std::string Offer(const CompletedValue& value) {
  switch (value.kind) {
    case Kind::kFile:
      return "kind=files";
    case Kind::kFolder:
      return "kind=folders";
    case Kind::kChoice:
      return "words='" + Join(value.choices, " ") + "'";
    default:
      return "kind=nothing";
  }
}

// A pattern of `case` for the commands that belong to another one.
std::string InnerPattern(const std::vector<CompletedCommand>& commands) {
  std::vector<std::string> quoted;
  for (const CompletedCommand& command : commands) {
    if (command.name.find(' ') != std::string::npos)
      quoted.push_back("'" + command.name + "'");
  }
  return quoted.empty() ? "''" : Join(quoted, " | ");
}

void WriteCommand(const CompletedCommand& command,
                  const std::vector<std::string>& subcommands,
                  std::ostream& script) {
  script << "    '" << command.name << "')\n      case $prev in\n";
  std::vector<std::string> names;
  for (const CompletedOption& option : command.options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
    if (option.value.kind == Kind::kNothing) continue;
    script << "        " << Join(option.names, "|") << ") "
           << Offer(option.value) << " ;;\n";
  }
  names.insert(names.end(), subcommands.begin(), subcommands.end());
  script << "        *) words='" << Join(names, " ") << "' ;;\n      esac\n";
  if (command.positional.kind != Kind::kNothing) {
    script << "      if [[ $cur != -* && $words == -* ]]; then "
           << Offer(command.positional) << "; fi\n";
  }
  script << "      ;;\n";
}

}  // namespace

std::string BashCompletion(const std::vector<CompletedCommand>& commands) {
  std::string begin = kBegin;
  begin.replace(begin.find(kInnerMark), kInnerMark.size(),
                InnerPattern(commands));
  std::ostringstream script;
  script << begin;
  for (const CompletedCommand& command : commands)
    WriteCommand(command, NamesOf(CommandsOf(command.name, commands)), script);
  script << kEnd;
  return script.str();
}

}  // namespace gloce
