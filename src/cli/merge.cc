// gloce merge: several erasers files into one.
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "bundle/dtype_names.h"
#include "cli/command.h"
#include "gloce/base/error.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

struct MergeOptions {
  std::vector<std::string> inputs;
  std::string out;
  std::optional<std::string> dtype;
  OutputOptions output;
};

int RunMerge(const MergeOptions& o) {
  CheckWritable(o.out);
  std::vector<Erasers> inputs;
  for (const std::string& path : o.inputs) inputs.push_back(ReadErasers(path));
  Erasers merged = MergeErasers(inputs);
  if (o.dtype) merged.stored_dtype = ParseDtype(*o.dtype);
  WriteErasers(o.out, merged);
  if (o.output.json) {
    const nlohmann::json document = {{"file", o.out},
                                     {"sha256", ErasersHash(merged)},
                                     {"concepts", ConceptNames(merged)}};
    std::cout << document.dump(2) << '\n';
  } else if (!o.output.quiet) {
    std::cout << o.out << ": " << merged.concepts.size() << " concepts\n";
  }
  return kDone;
}

}  // namespace

void RegisterMerge(CLI::App& app, Command& command) {
  CLI::App* sub =
      app.add_subcommand("merge",
                         "Join erasers files of one model, or store one in "
                         "half of the bytes");
  auto o = std::make_shared<MergeOptions>();
  sub->add_option("files", o->inputs,
                  "Erasers files; their order is kept, and of the shards of a "
                  "list the list's")
      ->required()
      ->type_name("FILE");
  sub->add_option("--out", o->out, "Erasers file to write")
      ->required()
      ->type_name("FILE");
  sub->add_option("--dtype", o->dtype,
                  "How the matrices are stored (default: as in the inputs; "
                  "float32 if they differ)")
      ->check(OneOf(DtypeNames()));
  o->output.Register(*sub);
  sub->footer(
      "\nExample:\n  gloce merge people.safetensors styles.safetensors --out "
      "all.safetensors\n"
      "  gloce merge part1.safetensors part2.safetensors --out "
      "whole.safetensors\n"
      "  gloce merge people.safetensors --dtype float16 --out "
      "small.safetensors");
  sub->callback([o, &command] { command = [o] { return RunMerge(*o); }; });
}

}  // namespace gloce
