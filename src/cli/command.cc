#include "cli/command.h"

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

}  // namespace gloce
