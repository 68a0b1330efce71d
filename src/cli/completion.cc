// gloce completion: what teaches a shell to complete gloce's commands.
#include <iostream>

#include "cli/command.h"
#include "cli/completion_words.h"

namespace gloce {
namespace {

constexpr const char* kFooter =
    "\nExamples:\n"
    "  bash   source <(gloce completion bash), in ~/.bashrc\n"
    "  zsh    source <(gloce completion zsh), in ~/.zshrc after compinit\n"
    "  fish   gloce completion fish >~/.config/fish/completions/gloce.fish\n"
    "\nThe program must be found by the name gloce.";

std::string CompletionFor(const std::string& shell, CLI::App& program) {
  const std::vector<CompletedCommand> commands = CompletedCommands(program);
  if (shell == "bash") return BashCompletion(commands);
  if (shell == "zsh") return ZshCompletion(commands);
  return FishCompletion(commands);
}

}  // namespace

void RegisterCompletion(CLI::App& app, Command& command) {
  CLI::App* sub = app.add_subcommand(
      "completion", "Print what makes a shell complete commands and options");
  auto shell = std::make_shared<std::string>();
  sub->add_option("shell", *shell, "Whose completion to print")
      ->required()
      ->check(OneOf({"bash", "zsh", "fish"}));
  sub->footer(kFooter);
  sub->callback([shell, &app, &command] {
    command = [shell, &app] {
      std::cout << CompletionFor(*shell, app);
      return kDone;
    };
  });
}

}  // namespace gloce
