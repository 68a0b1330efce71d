#include "cli/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace gloce {
namespace {

spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger(
        "gloce", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("gloce: %v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

}  // namespace

void SetQuiet(bool quiet) {
  Logger().set_level(quiet ? spdlog::level::warn : spdlog::level::info);
}

void LogNote(const std::string& text) { Logger().info("{}", text); }

void LogWarning(const std::string& text) { Logger().warn("warning: {}", text); }

}  // namespace gloce
