#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;

// The first `limit` bytes or a little less, not cutting a UTF-8 sequence.
std::string Shorten(std::string text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end) + "...";
}

// Changes needed to turn `a` into `b` (Levenshtein), to suggest the key that
// was meant.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string QuoteForMessage(std::string_view text, size_t limit) {
  return json(Shorten(std::string(text), limit))
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

json ShortNumber(double number) {
  constexpr double kLargestInteger = 9007199254740992;  // 2^53
  if (number == std::floor(number) && std::abs(number) <= kLargestInteger)
    return static_cast<int64_t>(number);
  return number;
}

json ParseJson(const std::string& text, const std::string& origin,
               JsonComments comments) {
  // nlohmann::json keeps the last of two equal keys; the callback sees both.
  std::vector<std::set<std::string>> open;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth >= kMaxDepth && (event == json::parse_event_t::object_start ||
                               event == json::parse_event_t::array_start)) {
      throw Error(origin + ": nested deeper than " + std::to_string(kMaxDepth) +
                  " levels");
    }
    if (event == json::parse_event_t::object_start) {
      open.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      open.pop_back();
    } else if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!open.back().insert(key).second) {
        throw Error(origin + ": duplicate key " + QuoteForMessage(key));
      }
    }
    return true;
  };
  try {
    return json::parse(text, watch, /*allow_exceptions=*/true,
                       /*ignore_comments=*/comments == JsonComments::kAllow);
  } catch (const json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: …"
    std::string what = error.what();
    if (const auto at = what.find("] "); at != std::string::npos)
      what = what.substr(at + 2);
    // It quotes what was read last, which may be the whole file.
    throw Error(origin + ": not valid JSON: " + Shorten(what, 200));
  }
}

JsonObject::JsonObject(const json& value, std::string place)
    : value_(value), place_(std::move(place)) {
  if (!value_.is_object()) {
    throw Error(place_ + ": got " + value_.type_name() +
                ", expected an object");
  }
}

bool JsonObject::Has(const std::string& key) const {
  return value_.contains(key);
}

const json& JsonObject::Get(const std::string& key) {
  known_.insert(key);
  const auto found = value_.find(key);
  if (found == value_.end())
    throw Error(place_ + ": key \"" + key + "\" is missing");
  return *found;
}

void JsonObject::Mistyped(const std::string& key, const char* expected) const {
  const json& got = value_.at(key);
  const std::string shown =
      Shorten(got.dump(-1, ' ', false, json::error_handler_t::replace), 40);
  throw Error(place_ + ": " + key + ": got " + shown + ", expected " +
              expected);
}

std::string JsonObject::String(const std::string& key) {
  const json& value = Get(key);
  if (!value.is_string()) Mistyped(key, "a string");
  return value.get<std::string>();
}

int64_t JsonObject::Integer(const std::string& key) {
  const json& value = Get(key);
  if (!value.is_number_integer()) Mistyped(key, "an integer");
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) {
    Mistyped(key, "an integer of at most 63 bits");
  }
  return value.get<int64_t>();
}

int64_t JsonObject::IntegerWithin(const std::string& key, int64_t low,
                                  int64_t high) {
  const int64_t value = Integer(key);
  if (value < low || value > high) {
    throw Error(place_ + ": " + key + ": got " + std::to_string(value) +
                ", expected " + std::to_string(low) + " to " +
                std::to_string(high));
  }
  return value;
}

double JsonObject::Number(const std::string& key) {
  const json& value = Get(key);
  if (!value.is_number()) Mistyped(key, "a number");
  return value.get<double>();
}

bool JsonObject::Bool(const std::string& key) {
  const json& value = Get(key);
  if (!value.is_boolean()) Mistyped(key, "true or false");
  return value.get<bool>();
}

std::vector<std::string> JsonObject::Strings(const std::string& key) {
  std::vector<std::string> strings;
  for (const json& item : Array(key)) {
    if (!item.is_string()) Mistyped(key, "an array of strings");
    strings.push_back(item.get<std::string>());
  }
  return strings;
}

JsonObject JsonObject::Object(const std::string& key) {
  return JsonObject(Get(key), place_ + ": " + key);
}

const json& JsonObject::Array(const std::string& key) {
  const json& value = Get(key);
  if (!value.is_array()) Mistyped(key, "an array");
  return value;
}

const json& JsonObject::Any(const std::string& key) { return Get(key); }

std::string JsonObject::String(const std::string& key,
                               const std::string& otherwise) {
  known_.insert(key);
  return Has(key) ? String(key) : otherwise;
}

int64_t JsonObject::Integer(const std::string& key, int64_t otherwise) {
  known_.insert(key);
  return Has(key) ? Integer(key) : otherwise;
}

double JsonObject::Number(const std::string& key, double otherwise) {
  known_.insert(key);
  return Has(key) ? Number(key) : otherwise;
}

bool JsonObject::Bool(const std::string& key, bool otherwise) {
  known_.insert(key);
  return Has(key) ? Bool(key) : otherwise;
}

std::vector<std::string> JsonObject::Keys() const {
  std::vector<std::string> keys;
  for (const auto& item : value_.items()) keys.push_back(item.key());
  return keys;
}

void JsonObject::Finish() const {
  for (const std::string& key : Keys()) {
    if (known_.contains(key)) continue;
    std::string nearest;
    size_t best = std::max<size_t>(2, key.size() / 3) + 1;
    for (const std::string& candidate : known_) {
      if (const size_t distance = EditDistance(key, candidate);
          distance < best) {
        best = distance;
        nearest = candidate;
      }
    }
    throw Error(place_ + ": unknown key " + QuoteForMessage(key) +
                (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
  }
}

}  // namespace gloce
