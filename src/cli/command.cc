#include "cli/command.h"

#include <sstream>

namespace gloce {

void OutputOptions::Register(CLI::App& app) {
  app.add_flag("--quiet,-q", quiet, "Print errors only");
  app.add_flag(
      "--json", json,
      "Print the result as one JSON document on stdout, nothing else there");
}

void PlacementOptions::Register(CLI::App& app) {
  app.add_option("--device", device,
                 "auto (a GPU if there is one), cpu, cuda or cuda:INDEX")
      ->capture_default_str();
  app.add_option("--dtype", dtype,
                 "float32, float16 (GPU only) or bfloat16; gates stay float32")
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
      "FLOAT in [" + CLI::detail::to_string(low) + " - " +
          CLI::detail::to_string(high) + "]");
}

}  // namespace gloce
