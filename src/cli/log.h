// Messages for people, on stderr, and what a log file gets of them. stdout
// carries results only.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace gloce {

// In the order of their weight.
enum class LogLevel { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning" and "error", in the order of LogLevel.
std::vector<std::string> LogLevelNames();

struct LogFileSettings {
  std::string path;
  LogLevel level = LogLevel::kInfo;  // nothing below it is written
  bool json = false;                 // one JSON object a line; otherwise text
};

// From now on messages are appended to the file too, each with its time (ISO
// 8601, UTC) and process; folders of the path are made. Throws Error if the
// file cannot be opened.
void StartLogFile(const LogFileSettings& settings);

// On stderr warnings and errors are shown always, notes unless `quiet`. The log
// file gets them whatever this is.
void SetQuiet(bool quiet);
void LogNote(const std::string& text);
void LogWarning(const std::string& text);
void LogError(const std::string& text);

// The same with an object's fields beside the text, in the log file.
void LogWarning(const std::string& text, const nlohmann::json& fields);

// For the log file alone: what would disturb a person at the terminal.
void LogRecord(LogLevel level, const std::string& text,
               const nlohmann::json& fields);

}  // namespace gloce
