#include "base/run_manifest.h"

#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "base/table_cells.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

void CheckFinite(const RunRecord& record, const std::string& name,
                 double value) {
  if (!std::isfinite(value)) {
    throw Error(record.file + ": " + name + " is not a finite number");
  }
}

// Getters with ranges, on top of JsonObject's checks of type.
class Fields {
 public:
  explicit Fields(JsonObject* object) : object_(*object) {}

  int64_t Integer(const std::string& key, int64_t min) {
    const int64_t value = object_.Integer(key);
    if (value < min) Fail(key, std::to_string(value), min);
    return value;
  }
  double NonNegative(const std::string& key) {
    const double value = object_.Number(key);
    if (!(value >= 0)) Fail(key, std::to_string(value), 0);
    return value;
  }
  std::map<std::string, double> Shares(const std::string& key) {
    JsonObject shares = object_.Object(key);
    std::map<std::string, double> values;
    for (const std::string& name : shares.Keys()) {
      const double value = shares.Number(name);
      if (!(value >= 0 && value <= 1)) {
        throw Error(shares.place() + ": " + name + ": got " +
                    std::to_string(value) + ", expected a share from 0 to 1");
      }
      values[name] = value;
    }
    return values;
  }
  std::string PathWithin(const std::string& key) {
    std::string value = object_.String(key);
    CheckPathWithin(value, object_.place() + ": " + key);
    return value;
  }

 private:
  [[noreturn]] void Fail(const std::string& key, const std::string& got,
                         int64_t min) const {
    throw Error(object_.place() + ": " + key + ": got " + got +
                ", expected at least " + std::to_string(min));
  }

  JsonObject& object_;
};

}  // namespace

std::string ToJsonLine(const RunRecord& record) {
  CheckFinite(record, "guidance", record.guidance);
  CheckFinite(record, "strength", record.strength);
  CheckFinite(record, "seconds", record.seconds);
  for (const auto& [name, share] : record.gate_activity) {
    CheckFinite(record, "gate activity of \"" + name + "\"", share);
  }
  ordered_json line;
  line["file"] = record.file;
  line["prompt"] = record.prompt;
  line["negative_prompt"] = record.negative_prompt;
  line["seed"] = record.seed;
  line["scheduler"] = record.scheduler;
  line["steps"] = record.steps;
  line["guidance"] = record.guidance;
  line["width"] = record.width;
  line["height"] = record.height;
  line["model"] = record.model;
  line["model_identity"] = record.model_identity;
  line["bundle"] = record.bundle;
  line["dtype"] = record.dtype;
  line["erasers"] = record.erasers;
  line["concepts"] = record.concepts;
  line["strength"] = record.strength;
  line["gate_activity"] = record.gate_activity;
  line["seconds"] = record.seconds;
  try {
    return line.dump();
  } catch (const ordered_json::type_error&) {
    throw Error(record.file + ": a text of its record is not valid UTF-8");
  }
}

RunRecord FromJsonLine(const std::string& line, const std::string& origin) {
  const json value = ParseJson(line, origin);
  JsonObject object(value, origin);
  Fields fields(&object);
  RunRecord record;
  record.file = fields.PathWithin("file");
  record.prompt = object.String("prompt");
  record.negative_prompt = object.String("negative_prompt");
  record.seed = fields.Integer("seed", 0);
  record.scheduler = object.String("scheduler");
  record.steps = fields.Integer("steps", 1);
  record.guidance = fields.NonNegative("guidance");
  record.width = fields.Integer("width", 1);
  record.height = fields.Integer("height", 1);
  record.model = object.String("model");
  record.model_identity = object.String("model_identity");
  record.bundle = object.String("bundle");
  record.dtype = object.String("dtype");
  record.erasers = object.String("erasers");
  record.concepts = object.Strings("concepts");
  record.strength = fields.NonNegative("strength");
  record.gate_activity = fields.Shares("gate_activity");
  record.seconds = fields.NonNegative("seconds");
  object.Finish();
  return record;
}

std::string ReadRunManifest(
    const std::string& path,
    const std::function<void(const RunRecord&, size_t, size_t)>& seen) {
  namespace fs = std::filesystem;
  std::error_code unreadable;  // which reading will report
  if (!fs::exists(path, unreadable) && !unreadable) return "";
  if (!fs::is_regular_file(path, unreadable) && !unreadable) {
    throw Error(path + ": is not a regular file");
  }
  std::string bytes = ReadFile(path);
  size_t number = 1;
  for (size_t begin = 0; begin < bytes.size(); ++number) {
    const size_t end = bytes.find('\n', begin);
    if (end == bytes.npos) break;  // torn
    const std::string origin = path + ": line " + std::to_string(number);
    RunRecord record;
    try {
      record = FromJsonLine(bytes.substr(begin, end - begin), origin);
    } catch (const Error& error) {
      throw Error(std::string(error.what()) +
                  "; delete the line and its picture is made again");
    }
    seen(record, begin, end + 1);
    begin = end + 1;
  }
  return bytes;
}

std::string GateMapsPath(const std::string& picture) {
  return "gates/" +
         std::filesystem::path(picture).replace_extension(".st").string();
}

}  // namespace gloce
