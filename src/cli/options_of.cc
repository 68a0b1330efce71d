#include "cli/options_of.h"

namespace gloce {

std::vector<CLI::Option*> OptionsOf(CLI::App& app) {
  std::vector<CLI::Option*> options =
      app.get_options([](CLI::Option*) { return true; });
  for (CLI::App* group : app.get_subcommands(
           [](const CLI::App* sub) { return sub->get_name().empty(); })) {
    for (CLI::Option* option : OptionsOf(*group)) {
      if (option != group->get_help_ptr()) options.push_back(option);
    }
  }
  return options;
}

std::vector<CLI::App*> SubcommandsOf(CLI::App& app) {
  return app.get_subcommands(
      [](const CLI::App* sub) { return !sub->get_name().empty(); });
}

std::vector<CLI::App*> AllSubcommandsOf(CLI::App& app) {
  std::vector<CLI::App*> all;
  for (CLI::App* command : SubcommandsOf(app)) {
    all.push_back(command);
    for (CLI::App* inner : AllSubcommandsOf(*command)) all.push_back(inner);
  }
  return all;
}

std::string CalledName(const CLI::App& subcommand) {
  const CLI::App* outer = subcommand.get_parent();
  if (outer == nullptr || outer->get_parent() == nullptr)
    return subcommand.get_name();
  return CalledName(*outer) + " " + subcommand.get_name();
}

CLI::App* GivenSubcommand(const CLI::App& app) {
  const auto given = app.get_subcommands();
  if (given.empty()) return nullptr;
  CLI::App* inner = GivenSubcommand(*given[0]);
  return inner == nullptr ? given[0] : inner;
}

}  // namespace gloce
