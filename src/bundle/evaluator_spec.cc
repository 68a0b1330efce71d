#include "bundle/evaluator_spec.h"

#include <utility>

#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr int64_t kMaxInputSize = 4096;

// "largest", or {"above": score}.
void ReadRule(JsonObject& rules, LabelGroup& group) {
  const nlohmann::json& rule = rules.Any(group.name);
  if (rule.is_string() && rule == "largest") {
    group.is_largest = true;
    return;
  }
  JsonObject object(rule, rules.place() + ": " + group.name);
  group.above = object.Number("above");
  object.Finish();
}

std::vector<LabelGroup> ReadGroups(JsonObject& entry) {
  std::vector<LabelGroup> groups;
  JsonObject labels = entry.Object("labels");
  for (const std::string& name : labels.Keys()) {
    groups.push_back({name, labels.Strings(name)});
    if (groups.back().labels.empty())
      throw Error(labels.place() + ": " + name + ": has no names");
  }
  if (entry.Has("found")) {
    JsonObject rules = entry.Object("found");
    for (LabelGroup& group : groups) {
      if (rules.Has(group.name)) ReadRule(rules, group);
    }
    rules.Finish();
  }
  return groups;
}

}  // namespace

EvaluatorInput ReadEvaluatorInput(JsonObject entry) {
  EvaluatorInput input;
  const std::string fit = entry.String("fit");
  input.size = entry.IntegerWithin("size", 1, kMaxInputSize);
  if (fit == "stretch") {
    input.fit = EvaluatorInput::Fit::kStretch;
  } else if (fit == "crop") {
    input.fit = EvaluatorInput::Fit::kCrop;
    input.floors_crop = entry.Bool("floors_crop", false);
    input.shorter = entry.Has("shorter")
                        ? entry.IntegerWithin("shorter", 1, kMaxInputSize)
                        : input.size;
    if (input.shorter < input.size) {
      throw Error(entry.place() + ": shorter: got " +
                  std::to_string(input.shorter) + ", expected at least size, " +
                  std::to_string(input.size));
    }
  } else {
    throw Error(entry.place() + ": fit: got " + QuoteForMessage(fit) +
                ", expected \"stretch\" or \"crop\"");
  }
  entry.Finish();
  return input;
}

EvaluatorSpec ReadEvaluatorSpec(JsonObject& entry) {
  EvaluatorSpec spec;
  spec.file = ReadFileEntry(entry);
  spec.kind = entry.String("kind");
  if (entry.Has("input"))
    spec.input = ReadEvaluatorInput(entry.Object("input"));
  if (entry.Has("labels")) spec.groups = ReadGroups(entry);
  return spec;
}

}  // namespace gloce
