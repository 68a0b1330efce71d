#include "cli/app.h"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/allocator.h"
#include "base/join.h"
#include "base/stopwatch.h"
#include "bundle/torch_error.h"
#include "cli/command.h"
#include "cli/config_file.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/log_options.h"
#include "cli/options_of.h"
#include "gloce/base/error.h"
#include "text/unicode.h"

namespace gloce {
namespace {

constexpr const char* kDescription =
    "gloce erases concepts (people, styles, objects, unsafe content) from "
    "text-to-image\n"
    "diffusion models without training.\n";

constexpr const char* kFooter =
    "\nExamples:\n"
    "  gloce build --model build/emoji --erase owl --erase cat --out "
    "erasers.safetensors\n"
    "  gloce generate --model build/emoji --erasers erasers.safetensors \\\n"
    "      --prompt \"a cat and a guitar\" --seed 7 --out out\n"
    "  gloce eval --model build/emoji --images out --report report.html\n"
    "  gloce inspect erasers.safetensors\n"
    "  gloce doctor --model build/emoji\n"
    "\nA bundle (--model) is made from a Stable Diffusion 1.x or 2.x pipeline "
    "by\n"
    "scripts/export_bundle.py. gloce COMMAND --help tells more about a "
    "command.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some items failed, 130 "
    "interrupted.";

int ReportError(const std::string& message, ExitCode code) {
  LogError(message);
  return code;
}

std::string FirstLineOf(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

// What CLI11 found wrong, with the help to look into.
std::string UsageMessage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* given = GivenSubcommand(app);
  const std::string help = given == nullptr ? "" : " " + CalledName(*given);
  return FirstLineOf(error.what()) + " (see gloce" + help + " --help)";
}

std::string NoCommandMessage(CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : SubcommandsOf(app))
    names.push_back(command->get_name());
  return "no command given; expected one of: " + Join(names) +
         " (see gloce --help)";
}

// Names and prompts end up in JSON and PNG text, which are UTF-8.
void CheckUtf8(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (FindInvalidUtf8(arguments[i]) != std::string_view::npos) {
      throw UsageError("argument " + std::to_string(i + 1) +
                       " is not valid UTF-8");
    }
  }
}

// The options that were given, on the command line or by a --config.
nlohmann::json GivenOptions(CLI::App& subcommand) {
  nlohmann::json given = nlohmann::json::object();
  for (const CLI::Option* option : OptionsOf(subcommand)) {
    if (!option->empty()) given[option->get_single_name()] = option->results();
  }
  return given;
}

// Whatever it throws is the current exception.
int ReportException() {
  try {
    throw;
  } catch (const Interrupted& interrupted) {
    return ReportError(interrupted.what(), kInterrupted);
  } catch (const UsageError& error) {
    return ReportError(error.what(), kWrongUsage);
  } catch (const Error& error) {
    return ReportError(error.what(), kFailed);
  } catch (const std::exception& error) {
    return ReportError(TorchMessage(error), kFailed);
  }
}

int RunAndReport(const Command& command) {
  try {
    const int code = command();
    std::cout.flush();
    if (!std::cout) throw Error("cannot write to stdout");
    return code;
  } catch (const std::exception&) {
    return ReportException();
  }
}

// Runs `command` between two records in the log file.
int RunLogged(CLI::App& subcommand, const Command& command) {
  const std::string name = CalledName(subcommand);
  std::error_code gone;  // leaves the folder empty
  LogRecord(LogLevel::kInfo, "gloce " + name + " started",
            {{"version", GLOCE_VERSION},
             {"options", GivenOptions(subcommand)},
             {"folder", std::filesystem::current_path(gone).string()}});
  const Stopwatch watch;
  const int code = RunAndReport(command);
  LogRecord(LogLevel::kInfo, "gloce " + name + " ended",
            {{"exit_code", code}, {"seconds", watch.Seconds()}});
  return code;
}

// Wrong usage is told to the log file too, if that much is known of it.
void TryStartLog(const LogOptions& log) {
  try {
    log.Start();
  } catch (const Error&) {
    // stderr has the message
  }
}

}  // namespace

int RunGloce(int argc, const char* const* argv) {
  PrepareSignals();
  KeepFreedMemory();
  CLI::App app(kDescription, "gloce");
  app.set_version_flag("--version", std::string("gloce ") + GLOCE_VERSION);
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  Command command;
  RegisterBuild(app, command);
  RegisterCompletion(app, command);
  RegisterConvert(app, command);
  RegisterDoctor(app, command);
  RegisterEval(app, command);
  RegisterGenerate(app, command);
  RegisterInspect(app, command);
  RegisterMerge(app, command);
  LogOptions log;
  for (CLI::App* subcommand : AllSubcommandsOf(app)) {
    AddConfigOption(*subcommand);
    log.Register(*subcommand);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);  // --help, --version
    TryStartLog(log);
    return ReportError(UsageMessage(app, error), kWrongUsage);
  } catch (const UsageError& error) {  // of a --config
    TryStartLog(log);
    return ReportError(error.what(), kWrongUsage);
  }
  if (!command) return ReportError(NoCommandMessage(app), kWrongUsage);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    log.Start();
    CheckUtf8(arguments);
    return RunLogged(*GivenSubcommand(app), command);
  } catch (const std::exception&) {
    return ReportException();
  }
}

}  // namespace gloce
