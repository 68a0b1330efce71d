// Reads every key of an object with every getter.
#include <cstdlib>

#include "base/json.h"
#include "fuzz_target.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gloce::IgnoreErrors([&] {
    const nlohmann::json value =
        gloce::ParseJson(gloce::AsString(data, size), "fuzz");
    gloce::JsonObject object(value, "fuzz");
    for (const std::string& key : object.Keys()) {
      gloce::IgnoreErrors([&] { object.Integer(key); });
      gloce::IgnoreErrors([&] { object.Number(key); });
      gloce::IgnoreErrors([&] { object.Bool(key); });
      gloce::IgnoreErrors([&] { object.Strings(key); });
      gloce::IgnoreErrors([&] { object.Object(key).Finish(); });
      if (object.Any(key).is_string() &&
          object.String(key) != object.Any(key)) {
        std::abort();
      }
    }
    object.Finish();
  });
  return 0;
}
