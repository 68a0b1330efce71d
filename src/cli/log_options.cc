#include "cli/log_options.h"

#include <algorithm>

#include "cli/command.h"
#include "cli/log.h"

namespace gloce {

void LogOptions::Register(CLI::App& app) {
  CLI::Option* const log_file =
      app.add_option("--log-file", file,
                     "Append messages to this file too, with their times; "
                     "notes are among them even with --quiet")
          ->type_name("FILE");
  CLI::Option* const log_level =
      app.add_option("--log-level", level, "The least that the log file gets")
          ->check(OneOf(LogLevelNames()))
          ->capture_default_str()
          ->needs(log_file);
  CLI::Option* const log_format =
      app.add_option("--log-format", format,
                     "Lines of text, or of JSON objects")
          ->check(OneOf({"text", "json"}))
          ->capture_default_str()
          ->needs(log_file);
  // Known at once, so that the log hears of another option that is wrong.
  for (CLI::Option* option : {log_file, log_level, log_format})
    option->group("Log")->trigger_on_parse();
}

void LogOptions::Start() const {
  if (!file) return;
  const std::vector<std::string> names = LogLevelNames();
  const auto found = std::find(names.begin(), names.end(), level);
  StartLogFile(
      {*file, static_cast<LogLevel>(found - names.begin()), format == "json"});
}

}  // namespace gloce
