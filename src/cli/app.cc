#include "cli/app.h"

#include <iostream>

#include "base/allocator.h"
#include "bundle/torch_error.h"
#include "cli/command.h"
#include "cli/interrupt.h"
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
    "  gloce inspect erasers.safetensors\n"
    "\nA bundle (--model) is made from a Stable Diffusion 1.x or 2.x pipeline "
    "by\n"
    "scripts/export_bundle.py. gloce COMMAND --help tells more about a "
    "command.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some items failed, 130 "
    "interrupted.";

int ReportError(const std::string& message, ExitCode code) {
  std::cerr << "gloce: error: " << message << '\n';
  return code;
}

std::string FirstLineOf(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

int RunGloce(int argc, const char* const* argv) {
  KeepFreedMemory();
  CLI::App app(kDescription, "gloce");
  app.set_version_flag("--version", std::string("gloce ") + GLOCE_VERSION);
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  Command command;
  RegisterBuild(app, command);
  RegisterConvert(app, command);
  RegisterGenerate(app, command);
  RegisterInspect(app, command);
  RegisterMerge(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);  // --help, --version
    const CLI::App* place =
        app.get_subcommands().empty() ? &app : app.get_subcommands()[0];
    const std::string help =
        place == &app ? "gloce" : "gloce " + place->get_name();
    return ReportError(FirstLineOf(error.what()) + " (see " + help + " --help)",
                       kWrongUsage);
  }
  if (!command) {
    return ReportError(
        "no command given; expected build, convert, generate, inspect or "
        "merge (see gloce --help)",
        kWrongUsage);
  }
  // Names and prompts end up in JSON and PNG text, which are UTF-8.
  for (int i = 1; i < argc; ++i) {
    if (FindInvalidUtf8(argv[i]) != std::string_view::npos) {
      return ReportError(
          "argument " + std::to_string(i) + " is not valid UTF-8", kWrongUsage);
    }
  }
  InstallInterruptHandler();
  try {
    const int code = command();
    std::cout.flush();
    if (!std::cout) return ReportError("cannot write to stdout", kFailed);
    return code;
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

}  // namespace gloce
