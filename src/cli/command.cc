#include "cli/command.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/join.h"
#include "base/json.h"
#include "bundle/dtype_names.h"
#include "bundle/manifest.h"
#include "cli/log.h"
#include "gloce/diffusion/pipeline.h"

namespace gloce {

void OutputOptions::Register(CLI::App& app) {
  app.add_flag("--quiet,-q", quiet, "Print errors and warnings only");
  app.add_flag(
      "--json", json,
      "Print the result as one JSON document on stdout, nothing else there");
}

void PlacementOptions::Register(CLI::App& app) {
  app.add_option("--device", device,
                 "Where the networks run; auto is a GPU if there is one")
      ->type_name("{auto,cpu,cuda,cuda:INDEX}")
      ->capture_default_str();
  app.add_option("--dtype", dtype,
                 "Of the networks; gates stay float32. float16 is for GPUs")
      ->check(OneOf(DtypeNames()))
      ->capture_default_str();
}

CLI::Validator FiniteRange(double low, double high) {
  return CLI::Validator(
      [low, high](const std::string& text) -> std::string {
        double value = 0;
        if (CLI::detail::lexical_cast(text, value) && value >= low &&
            value <= high) {
          return "";
        }
        std::ostringstream message;
        message << "got " << text << ", expected " << low << " to " << high;
        return message.str();
      },
      "[" + CLI::detail::to_string(low) + ", " + CLI::detail::to_string(high) +
          "]");
}

CLI::Validator WholeRange(int64_t low, int64_t high) {
  const std::string range = std::to_string(low) + " to " + std::to_string(high);
  return CLI::Validator(
      [low, high, range](const std::string& text) -> std::string {
        int64_t value = 0;
        const char* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc() && stop == end && value >= low &&
            value <= high) {
          return "";
        }
        return "got " + text + ", expected a whole number from " + range;
      },
      "[" + std::to_string(low) + ", " + std::to_string(high) + "]");
}

CLI::Validator OneOf(const std::vector<std::string>& names) {
  return CLI::Validator(
      [names](const std::string& text) -> std::string {
        if (std::find(names.begin(), names.end(), text) != names.end())
          return "";
        return "got " + QuoteForMessage(text) +
               ", expected one of: " + Join(names);
      },
      "{" + Join(names, ",") + "}");
}

std::optional<std::pair<int64_t, int64_t>> ParsePair(std::string_view text,
                                                     char separator) {
  std::pair<int64_t, int64_t> pair;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto first = std::from_chars(begin, end, pair.first);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != separator)
    return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, pair.second);
  if (second.ec != std::errc() || second.ptr != end || pair.first < 0 ||
      pair.second < 0) {
    return std::nullopt;
  }
  return pair;
}

void WarnOfCutPrompts(Pipeline& pipeline,
                      const std::vector<std::string>& prompts,
                      const std::function<std::string(size_t)>& place) {
  constexpr size_t kMaxPlaces = 3;
  size_t cut = 0;
  std::vector<std::string> places;
  for (size_t i = 0; i < prompts.size(); ++i) {
    if (pipeline.CountCutTokens(prompts[i]) == 0) continue;
    if (++cut <= kMaxPlaces) places.push_back(place(i));
  }
  if (cut == 0) return;
  LogWarning(std::to_string(cut) + " of " + std::to_string(prompts.size()) +
             " prompts have more than " +
             std::to_string(pipeline.bundle().manifest().text.max_length - 2) +
             " tokens (" + Join(places) + (cut > kMaxPlaces ? ", …" : "") +
             "); what exceeds that has no effect");
}

}  // namespace gloce
