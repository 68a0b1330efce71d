#include "batch/parameters_text.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/join.h"

namespace gloce {
namespace {

constexpr size_t kHashDigits = 16;

// The names that A1111's list of samplers shows; it has none for PNDM with its
// Runge-Kutta steps, and calls PNDM without them PLMS.
std::string SamplerName(const std::string& scheduler) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8>
      kNames{{{"ddim", "DDIM"},
              {"pndm", "PNDM"},
              {"lms", "LMS"},
              {"euler", "Euler"},
              {"dpmpp_2m", "DPM++ 2M"},
              {"lms_karras", "LMS Karras"},
              {"euler_karras", "Euler Karras"},
              {"dpmpp_2m_karras", "DPM++ 2M Karras"}}};
  for (const auto& [name, shown] : kNames) {
    if (name == scheduler) return std::string(shown);
  }
  return scheduler;
}

// The shortest decimal that reads back as `value`.
std::string Decimal(double value) {
  std::array<char, 32> digits{};
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return std::string(digits.data(), end);
}

// A1111 quotes values with a comma, a colon or a line break. It unquotes every
// value that begins and ends with a quote, drops spaces before a value and
// behind the last one, and cannot read an empty one: those are quoted as well.
std::string Quote(const std::string& value) {
  constexpr std::string_view kSpaces = " \t\r\v\f";
  const bool is_bare = !value.empty() &&
                       value.find_first_of(",:\n\"") == value.npos &&
                       kSpaces.find(value.front()) == kSpaces.npos &&
                       kSpaces.find(value.back()) == kSpaces.npos;
  if (is_bare) return value;
  return nlohmann::json(value).dump(-1, ' ', false,
                                    nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string ParametersText(const RunRecord& record) {
  std::string text = record.prompt + "\n";
  if (!record.negative_prompt.empty()) {
    text += "Negative prompt: " + record.negative_prompt + "\n";
  }
  text += "Steps: " + std::to_string(record.steps) +
          ", Sampler: " + Quote(SamplerName(record.scheduler)) +
          ", CFG scale: " + Decimal(record.guidance) +
          ", Seed: " + std::to_string(record.seed) +
          ", Size: " + std::to_string(record.width) + "x" +
          std::to_string(record.height) +
          ", Model hash: " + record.model_identity.substr(0, kHashDigits) +
          ", Model: " + Quote(record.model) +
          ", Bundle: " + record.bundle.substr(0, kHashDigits);
  if (record.dtype != "float32") text += ", Precision: " + Quote(record.dtype);
  if (!record.erasers.empty()) {
    text += ", Erasers: " + record.erasers.substr(0, kHashDigits) +
            ", Erased: " + Quote(Join(record.concepts)) +
            ", Erasure strength: " + Decimal(record.strength);
  }
  return text;
}

}  // namespace gloce
