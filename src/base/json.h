// JSON that is read strictly: no duplicate keys, no unknown keys, types
// checked, every message with its place.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gloce {

// `text` as a JSON string that fits into a message of one line: in quotes,
// control characters and bad UTF-8 replaced, cut after some `limit` bytes.
std::string QuoteForMessage(std::string_view text, size_t limit = 60);

// A JSON number, an integer where `number` is whole.
nlohmann::json ShortNumber(double number);

enum class JsonComments { kAllow, kRefuse };

// Parses `text`, with comments as in C++ if they are allowed; `origin` (a path)
// begins every message. Throws Error on a syntax error (with line and column),
// a duplicate key, or more than 64 levels of nesting: parsing deeper values is
// safe, but copying or printing them recurses.
nlohmann::json ParseJson(const std::string& text, const std::string& origin,
                         JsonComments comments = JsonComments::kAllow);

// Reads one object. Each getter marks its key as known and throws Error if the
// key is absent or has another type; `Finish` throws Error for the first key
// that nobody asked for.
class JsonObject {
 public:
  // `place` begins every message, for example "bundle.json: latent". Throws
  // Error if `value` is no object. `value` must outlive this.
  JsonObject(const nlohmann::json& value, std::string place);

  bool Has(const std::string& key) const;

  // Marks `key` as known, whether it is there or not.
  void Allow(const std::string& key) { known_.insert(key); }

  std::string String(const std::string& key);
  int64_t Integer(const std::string& key);
  // Also throws Error unless low <= value <= high.
  int64_t IntegerWithin(const std::string& key, int64_t low, int64_t high);
  double Number(const std::string& key);
  bool Bool(const std::string& key);
  std::vector<std::string> Strings(const std::string& key);
  JsonObject Object(const std::string& key);
  const nlohmann::json& Array(const std::string& key);
  const nlohmann::json& Any(const std::string& key);

  // The same with a default for an absent key.
  std::string String(const std::string& key, const std::string& otherwise);
  int64_t Integer(const std::string& key, int64_t otherwise);
  double Number(const std::string& key, double otherwise);
  bool Bool(const std::string& key, bool otherwise);

  // All keys of the object, in order.
  std::vector<std::string> Keys() const;
  const std::string& place() const { return place_; }

  // Throws Error naming an unknown key, and the known one that is nearest to
  // it.
  void Finish() const;

 private:
  const nlohmann::json& Get(const std::string& key);
  [[noreturn]] void Mistyped(const std::string& key,
                             const char* expected) const;

  const nlohmann::json& value_;
  std::string place_;
  std::set<std::string> known_;
};

}  // namespace gloce
