#include "cli/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ [%P] %l: %v";
// The message brings its own quotes, and the fields.
constexpr const char* kJsonPattern =
    R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","pid":%P,"level":"%l","message":%v})";

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& Terminal() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger(
        "gloce", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("gloce: %v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

// JSON text whose bytes are UTF-8 whatever `value` holds.
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A log file that is open.
class LogFile {
 public:
  explicit LogFile(const LogFileSettings& settings)
      : json_(settings.json), logger_("gloce", Open(settings.path)) {
    logger_.set_pattern(json_ ? kJsonPattern : kTextPattern,
                        spdlog::pattern_time_type::utc);
    logger_.set_level(ToSpdlog(settings.level));
    logger_.flush_on(ToSpdlog(settings.level));
    // A full disk is told once, and the work goes on.
    logger_.set_error_handler(
        [this, path = settings.path](const std::string& reason) {
          if (!std::exchange(failed_, true))
            Terminal().warn("warning: {}: cannot be written: {}", path, reason);
        });
  }

  void Write(LogLevel level, const std::string& text, const json& fields) {
    if (!logger_.should_log(ToSpdlog(level))) return;
    std::string payload;
    if (json_) {
      payload = Dump(text);
      for (const auto& [key, value] : fields.items())
        payload += "," + Dump(key) + ":" + Dump(value);
    } else {
      payload = OneLine(text);
      for (const auto& [key, value] : fields.items())
        payload += " " + key + "=" + Dump(value);
    }
    logger_.log(ToSpdlog(level), "{}", payload);
  }

 private:
  static spdlog::sink_ptr Open(const std::string& path) {
    try {
      return std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    } catch (const spdlog::spdlog_ex& error) {
      throw Error("--log-file: " + std::string(error.what()));
    }
  }

  static std::string OneLine(std::string text) {
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    return text;
  }

  bool json_, failed_ = false;
  spdlog::logger logger_;
};

std::unique_ptr<LogFile>& File() {
  static auto* const file = new std::unique_ptr<LogFile>;
  return *file;
}

}  // namespace

std::vector<std::string> LogLevelNames() {
  return {"debug", "info", "warning", "error"};
}

void StartLogFile(const LogFileSettings& settings) {
  File() = std::make_unique<LogFile>(settings);
}

void SetQuiet(bool quiet) {
  Terminal().set_level(quiet ? spdlog::level::warn : spdlog::level::info);
}

void LogNote(const std::string& text) {
  Terminal().info("{}", text);
  LogRecord(LogLevel::kInfo, text, json::object());
}

void LogWarning(const std::string& text) { LogWarning(text, json::object()); }

void LogWarning(const std::string& text, const json& fields) {
  Terminal().warn("warning: {}", text);
  LogRecord(LogLevel::kWarning, text, fields);
}

void LogError(const std::string& text) {
  Terminal().error("error: {}", text);
  LogRecord(LogLevel::kError, text, json::object());
}

void LogRecord(LogLevel level, const std::string& text, const json& fields) {
  if (File()) File()->Write(level, text, fields);
}

}  // namespace gloce
