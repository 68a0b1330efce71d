#include <sstream>

#include "base/join.h"
#include "cli/completion_words.h"

namespace gloce {
namespace {

using Kind = CompletedValue::Kind;

constexpr const char* kBegin = R"(#compdef gloce
# zsh completion of gloce, printed by: gloce completion zsh
_gloce() {
  local context state state_descr line
  typeset -A opt_args
)";

constexpr const char* kEnd = R"(      esac
      ;;
  esac
}
if [[ $funcstack[1] == _gloce ]]; then
  _gloce "$@"  # the file is autoloaded from a folder of $fpath
else
  compdef _gloce gloce
fi
)";

// `text` inside single quotes, where _arguments or _describe read it.
std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\'') {
      escaped += "'\\''";
      continue;
    }
    if (c == '\\' || c == '[' || c == ']' || c == ':') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Action(const CompletedValue& value) {
  switch (value.kind) {
    case Kind::kFile:
      return "_files";
    case Kind::kFolder:
      return "_files -/";
    case Kind::kChoice:
      return "(" + Join(value.choices, " ") + ")";
    default:
      return " ";  // a value that the shell cannot guess
  }
}

// A specification for each name of `option`.
void WriteOption(const CompletedOption& option, const std::string& indent,
                 std::ostream& script) {
  for (const std::string& name : option.names) {
    script << " \\\n" << indent << '\'';
    if (option.repeatable) {
      script << '*';
    } else if (option.names.size() > 1) {
      script << '(' << Join(option.names, " ") << ')';
    }
    script << name;
    const bool has_value = option.value.kind != Kind::kNothing;
    if (has_value) script << (name.starts_with("--") ? "=" : "+");
    script << '[' << Escape(option.description) << ']';
    if (has_value) script << ":value:" << Action(option.value);
    script << '\'';
  }
}

void WriteArguments(const CompletedCommand& command, const std::string& indent,
                    std::ostream& script) {
  script << "_arguments -s";
  for (const CompletedOption& option : command.options)
    WriteOption(option, indent, script);
  if (command.positional.kind != Kind::kNothing) {
    script << " \\\n"
           << indent << "'*:argument:" << Action(command.positional) << '\'';
  }
}

}  // namespace

std::string ZshCompletion(const std::vector<CompletedCommand>& commands) {
  std::ostringstream script;
  script << kBegin << "  _arguments -C";
  for (const CompletedOption& option : commands[0].options)
    WriteOption(option, "    ", script);
  const std::vector<CompletedCommand> outer = CommandsOf("", commands);
  script << " \\\n    '1:command:->command' '*::argument:->argument'\n"
         << "  case $state in\n    command)\n      local -a commands=(";
  for (const CompletedCommand& command : outer) {
    script << "\n        '" << command.name << ':'
           << Escape(command.description) << '\'';
  }
  script << "\n      )\n      _describe command commands\n      ;;\n"
         << "    argument)\n      case $words[1] in\n";
  for (const CompletedCommand& command : outer) {
    const auto inner = CommandsOf(command.name, commands);
    script << "        " << command.name << ")\n          ";
    for (const CompletedCommand& own : inner) {
      script << "if ((CURRENT > 2)) && [[ $words[2] == " << own.name
             << " ]]; then\n            shift words\n            ((CURRENT--))"
             << "\n            ";
      WriteArguments(own, "              ", script);
      script << "\n            return\n          fi\n          ";
    }
    WriteArguments(command, "            ", script);
    if (!inner.empty()) {
      script << " \\\n            '1::command:(" << Join(NamesOf(inner), " ")
             << ")'";
    }
    script << "\n          ;;\n";
  }
  script << kEnd;
  return script.str();
}

}  // namespace gloce
