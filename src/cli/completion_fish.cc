#include <sstream>

#include "base/join.h"
#include "cli/completion_words.h"

namespace gloce {
namespace {

using Kind = CompletedValue::Kind;

// __gloce_on NAME: whether NAME is the subcommand that is being typed ("": none
// yet).
constexpr const char* kBegin =
    R"(# fish completion of gloce, printed by: gloce completion fish
function __gloce_on
    set -l words (commandline -opc)
    for word in $words[2..]
        if not string match -q -- '-*' $word
            test "$word" = "$argv[1]"
            return
        end
    end
    test -z "$argv[1]"
end
complete -c gloce -f
)";

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
  std::ostringstream script;
  script << kBegin;
  for (const CompletedCommand& command : commands) {
    const std::string on =
        "complete -c gloce -n " + Quote("__gloce_on " + Quote(command.name));
    if (!command.name.empty()) {
      script << "complete -c gloce -n " << Quote("__gloce_on ''") << " -a "
             << command.name << " -d " << Quote(command.description) << '\n';
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
