#include "cli/config_file.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "cli/options_of.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

// A string or number as the command line would have it.
std::string ArgumentOf(const json& value, const std::string& place) {
  if (value.is_number()) return value.dump();
  if (!value.is_string()) throw UsageError(place + ": expected text or number");
  auto text = value.get<std::string>();
  if (text.find('\0') != text.npos)
    throw UsageError(place + ": holds a NUL character");
  return text;
}

// What the command line would have to say; nothing for a flag that is off.
std::vector<std::string> ArgumentsOf(const CLI::Option& option,
                                     const json& value,
                                     const std::string& place) {
  if (IsFlag(option)) {
    if (!value.is_boolean())
      throw UsageError(place + ": expected true or false");
    if (!value.get<bool>()) return {};
    return {"true"};
  }
  if (!value.is_array()) return {ArgumentOf(value, place)};
  if (option.get_items_expected_max() == 1)
    throw UsageError(place + ": got a list, expected one value");
  std::vector<std::string> arguments;
  for (const json& item : value) arguments.push_back(ArgumentOf(item, place));
  return arguments;
}

// As if `arguments` stood on the command line.
void Give(CLI::Option& option, const std::vector<std::string>& arguments,
          const std::string& path) {
  option.add_result(arguments);
  try {
    option.run_callback();
  } catch (const CLI::ParseError& error) {
    throw UsageError(path + ": " + error.what());
  }
}

// Whether the command line gave `option` or one that excludes it.
bool IsDecided(const CLI::Option& option) {
  const std::set<CLI::Option*> excluded = option.get_excludes();
  return !option.empty() ||
         std::any_of(excluded.begin(), excluded.end(),
                     [](const CLI::Option* other) { return !other->empty(); });
}

json ReadConfig(const std::string& path) {
  try {
    return ParseJson(ReadFile(path), path);
  } catch (const Error& error) {
    throw UsageError("--config: " + std::string(error.what()));
  }
}

void ApplyConfig(CLI::App& command, const std::string& path) {
  const json document = ReadConfig(path);
  try {
    JsonObject config(document, path);
    std::vector<CLI::Option*> options;
    for (CLI::Option* option : OptionsOf(command)) {
      if (!option->get_configurable()) continue;
      config.Allow(option->get_single_name());
      if (config.Has(option->get_single_name()) && !IsDecided(*option))
        options.push_back(option);
    }
    config.Finish();
    for (CLI::Option* option : options) {
      const std::string& name = option->get_single_name();
      const auto arguments =
          ArgumentsOf(*option, config.Any(name), path + ": " + name);
      if (!arguments.empty()) Give(*option, arguments, path);
    }
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

void AddConfigOption(CLI::App& command) {
  command
      .add_option_function<std::string>(
          "--config",
          [&command](const std::string& path) { ApplyConfig(command, path); },
          "Options from this JSON file, by their names; the command line wins")
      ->type_name("FILE")
      ->configurable(false);
}

}  // namespace gloce
