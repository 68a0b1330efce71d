#include <sstream>

#include "base/join.h"
#include "cli/completion_words.h"

namespace gloce {
namespace {

using Kind = CompletedValue::Kind;

// __gloce_on NAME [INNER]: whether NAME (and its own command INNER) is the
// subcommand that is being typed ("": none yet). A command that has commands of
// its own is still being typed behind another word.
constexpr const char* kBegin =
    R"(# fish completion of gloce, printed by: gloce completion fish
function __gloce_on
    set -l typed
    for word in (commandline -opc)[2..]
        if not string match -q -- '-*' $word; or test (count $typed) -gt 0
            set -a typed $word
        end
    end
    if test (count $argv) -gt 1
        test "$typed[1] $typed[2]" = "$argv[1] $argv[2]"
        return
    end
    test "$typed[1]" = "$argv[1]"
    and not contains -- "$typed[1] $typed[2]" @INNER@
end
complete -c gloce -f
)";
constexpr std::string_view kInnerMark = "@INNER@";

std::string Quote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

// Arguments of `complete` that offer `value` after an option.
std::string Offer(const CompletedValue& value) {
  switch (value.kind) {
    case Kind::kNothing:
      return "";
    case Kind::kFile:
      return " -r -F";
    case Kind::kFolder:
      return " -x -a '(__fish_complete_directories)'";
    case Kind::kChoice:
      return " -x -a " + Quote(Join(value.choices, " "));
    case Kind::kAnything:
      return " -x";
  }
  return "";
}

// The same for a positional argument.
std::string OfferPositional(const CompletedValue& value) {
  switch (value.kind) {
    case Kind::kFile:
      return " -F";
    case Kind::kFolder:
      return " -a '(__fish_complete_directories)'";
    case Kind::kChoice:
      return " -a " + Quote(Join(value.choices, " "));
    default:
      return "";
  }
}

// The condition that the command is being typed.
std::string OnCommand(const std::string& name) {
  std::string quoted;
  for (const std::string& word : CLI::detail::split(name, ' '))
    quoted += " " + Quote(word);
  return "__gloce_on" + (quoted.empty() ? " ''" : quoted);
}

std::string NamesOf(const CompletedOption& option) {
  std::string names;
  for (const std::string& name : option.names) {
    names += name.starts_with("--") ? " -l " + name.substr(2)
                                    : " -s " + name.substr(1);
  }
  return names;
}

}  // namespace

std::string FishCompletion(const std::vector<CompletedCommand>& commands) {
  std::vector<std::string> inner;
  for (const CompletedCommand& command : commands) {
    if (command.name.find(' ') != std::string::npos)
      inner.push_back(Quote(command.name));
  }
  std::string begin = kBegin;
  begin.replace(begin.find(kInnerMark), kInnerMark.size(), Join(inner, " "));
  std::ostringstream script;
  script << begin;
  for (const CompletedCommand& command : commands) {
    const std::string on =
        "complete -c gloce -n " + Quote(OnCommand(command.name));
    for (const CompletedCommand& own : CommandsOf(command.name, commands)) {
      script << on << " -a " << own.name << " -d " << Quote(own.description)
             << '\n';
    }
    for (const CompletedOption& option : command.options) {
      script << on << NamesOf(option) << Offer(option.value) << " -d "
             << Quote(option.description) << '\n';
    }
    if (const std::string offer = OfferPositional(command.positional);
        !offer.empty()) {
      script << on << offer << '\n';
    }
  }
  return script.str();
}

}  // namespace gloce
