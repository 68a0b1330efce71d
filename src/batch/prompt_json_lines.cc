#include "batch/prompt_json_lines.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/join.h"
#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

// The values of one object by their keys. Each getter returns nothing where the
// key is absent or null.
class Values {
 public:
  // The names of `object` that are no key, by themselves or by `choice`, are
  // errors, as are two names of one key.
  Values(const json& object, const ColumnChoice& choice) {
    for (const auto& [name, value] : object.items()) {
      const std::optional<PromptKey> key = KeyOf(name, choice);
      if (!key) {
        throw Error("unknown key " + QuoteForMessage(name) +
                    "; known are: " + Join(PromptKeyNames()));
      }
      Named& named = values_[static_cast<size_t>(*key)];
      if (named.value != nullptr) {
        throw Error(QuoteForMessage(named.name) + " and " +
                    QuoteForMessage(name) + " mean the same; remove one");
      }
      named = {name, &value};
    }
  }

  std::optional<std::string> Text(PromptKey key) const {
    const Named* const named = Find(key);
    if (named == nullptr) return std::nullopt;
    if (!named->value->is_string()) Mistyped(*named, "a string");
    auto text = named->value->get<std::string>();
    if (text.find('\0') != text.npos) Mistyped(*named, "no NUL character");
    return text;
  }

  // A string, or a whole number as one.
  std::optional<std::string> CaseNumber() const {
    const Named* const named = Find(PromptKey::kCaseNumber);
    if (named == nullptr) return std::nullopt;
    if (named->value->is_number_integer()) return named->value->dump();
    if (!named->value->is_string()) {
      Mistyped(*named, "a string or a whole number");
    }
    return Text(PromptKey::kCaseNumber);
  }

  // An array of names, or a string as in CSV.
  std::optional<std::vector<std::string>> Names(PromptKey key) const {
    const Named* const named = Find(key);
    if (named == nullptr) return std::nullopt;
    if (named->value->is_string()) return SplitNames(*Text(key), named->name);
    if (!named->value->is_array()) Mistyped(*named, "names of concepts");
    std::vector<std::string> names;
    for (const json& name : *named->value) {
      if (!name.is_string()) Mistyped(*named, "names of concepts");
      names.push_back(name.get<std::string>());
    }
    return names;
  }

  std::optional<int64_t> Integer(PromptKey key, int64_t min,
                                 int64_t max) const {
    const Named* const named = Find(key);
    if (named == nullptr) return std::nullopt;
    const json& value = *named->value;
    const bool fits = value.is_number_unsigned()
                          ? value.get<uint64_t>() <=
                                uint64_t{std::numeric_limits<int64_t>::max()}
                          : value.is_number_integer();
    if (!fits || value.get<int64_t>() < min || value.get<int64_t>() > max) {
      Mistyped(*named, RangeText(min, max));
    }
    return value.get<int64_t>();
  }

  std::optional<double> NonNegative(PromptKey key) const {
    const Named* const named = Find(key);
    if (named == nullptr) return std::nullopt;
    // ParseJson refuses what is not finite.
    if (!named->value->is_number() || named->value->get<double>() < 0) {
      Mistyped(*named, "a number of at least 0");
    }
    return named->value->get<double>();
  }

 private:
  struct Named {
    std::string name;
    const json* value = nullptr;
  };

  static std::optional<PromptKey> KeyOf(const std::string& name,
                                        const ColumnChoice& choice) {
    for (const auto& [key, column] : choice) {
      if (column == name) return key;
    }
    const std::optional<PromptKey> key = PromptKeyOf(name);
    return key && choice.contains(*key) ? std::nullopt : key;
  }
  const Named* Find(PromptKey key) const {
    const Named& named = values_[static_cast<size_t>(key)];
    return named.value == nullptr || named.value->is_null() ? nullptr : &named;
  }
  [[noreturn]] static void Mistyped(const Named& named,
                                    const std::string& expected) {
    throw Error(
        named.name + ": got " +
        (named.value->is_string()
             ? QuoteForMessage(named.value->get_ref<const std::string&>(), 40)
         : named.value->is_number() ? named.value->dump()
                                    : named.value->type_name()) +
        ", expected " + expected);
  }

  std::array<Named, kNumPromptKeys> values_;
};

void ReadRow(const json& object, const ColumnChoice& choice, PromptRow& row) {
  const Values values(object, choice);
  const std::optional<std::string> prompt = values.Text(PromptKey::kPrompt);
  if (!prompt) throw Error("key \"prompt\" is missing");
  row.prompt = *prompt;
  if (const auto number = values.CaseNumber()) row.case_number = *number;
  row.negative_prompt = values.Text(PromptKey::kNegativePrompt);
  ReadNumbers(values, row);
  row.erase = values.Names(PromptKey::kErase);
  row.asked = values.Names(PromptKey::kAsked);
}

// Throws Error without a place.
json ParseObject(std::string_view line) {
  CheckUtf8(line);
  // The line is one object, so the origin would only repeat the place.
  json object = ParseJson(std::string(line), "object", JsonComments::kRefuse);
  if (!object.is_object()) {
    throw Error(std::string("got ") + object.type_name() +
                ", expected an object");
  }
  return object;
}

// A chosen name that no line has is a slip of the command.
void CheckChoice(const ColumnChoice& choice, const std::set<std::string>& seen,
                 const std::string& path) {
  for (const auto& [key, column] : choice) {
    if (seen.contains(column)) continue;
    throw UsageError(
        path + ": --columns: no key " + QuoteForMessage(column) +
        " in any line; there are: " + Join({seen.begin(), seen.end()}));
  }
}

}  // namespace

void AddJsonLines(std::string_view text, const std::string& path,
                  const ColumnChoice& choice, TableBuilder& builder) {
  std::set<std::string> seen;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    if (!line.empty()) {
      builder.Add(number, [&](PromptRow& row) {
        const json object = ParseObject(line);
        for (const auto& item : object.items()) seen.insert(item.key());
        ReadRow(object, choice, row);
      });
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (builder.size() > 0) CheckChoice(choice, seen, path);
}

}  // namespace gloce
