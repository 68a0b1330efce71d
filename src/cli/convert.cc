// gloce convert: checkpoints of the published code to erasers, and back.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/join.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/log.h"
#include "erasure/presets.h"
#include "erasure/published_erasers.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kCheckpointFile = "ckpt.safetensors";

struct ConvertOptions {
  std::vector<std::string> inputs, only;
  std::string to, out, model;
  PublishedSettings settings;
  OutputOptions output;
};

constexpr const char* kFooter =
    "\nExamples:\n"
    "  gloce convert celebs/Brad_Pitt/ckpt.safetensors --to gloce --model sd14 "
    "\\\n      --preset celebrity --out brad.safetensors\n"
    "  gloce convert celebs --to gloce --model sd14 --out "
    "people.safetensors\n"
    "  gloce convert people.safetensors --to published --out published\n"
    "\nA published checkpoint holds no eta, no first step and nothing of how "
    "it was built. Towards\n"
    "gloce, --preset, --eta and --gate-start tell what is known; the rest is "
    "marked as unknown.\n"
    "Towards the published code, the arguments that its generation program "
    "needs are printed.";

// Folders with a checkpoint right below `folder`, by name.
std::vector<std::string> FoldersWithCheckpoint(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / kCheckpointFile))
      names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The checkpoints that the inputs name: files as given, a folder's by name.
std::vector<std::string> CheckpointPaths(
    const std::vector<std::string>& inputs) {
  std::vector<std::string> paths;
  for (const std::string& input : inputs) {
    if (!fs::is_directory(input)) {
      paths.push_back(input);
      continue;
    }
    if (fs::exists(fs::path(input) / kCheckpointFile)) {
      paths.push_back((fs::path(input) / kCheckpointFile).string());
      continue;
    }
    const auto folders = FoldersWithCheckpoint(input);
    if (folders.empty()) {
      throw Error(input + ": holds no " + kCheckpointFile +
                  " and no folder "
                  "with one");
    }
    for (const std::string& folder : folders)
      paths.push_back((fs::path(input) / folder / kCheckpointFile).string());
  }
  return paths;
}

void CheckOptions(const ConvertOptions& o) {
  const auto refuse = [&](bool given, const char* option) {
    if (given) {
      throw UsageError(std::string(option) + " has no effect with --to " +
                       o.to);
    }
  };
  if (o.to == "gloce") {
    if (o.model.empty()) {
      throw UsageError(
          "--model is required with --to gloce: a checkpoint does not say how "
          "its layers are called, nor of which model it is");
    }
    refuse(!o.only.empty(), "--only");
    return;
  }
  refuse(!o.model.empty(), "--model");
  refuse(o.settings.preset.has_value(), "--preset");
  refuse(o.settings.eta.has_value(), "--eta");
  refuse(o.settings.gate_start.has_value(), "--gate-start");
}

void NoteAssumptions(const PublishedSettings& settings,
                     const ConceptInfo& first) {
  if (settings.preset) return;
  std::vector<std::string> assumed;
  if (!settings.eta)
    assumed.push_back("--eta " + json(first.settings.eta).dump());
  if (!settings.gate_start) {
    assumed.push_back("--gate-start " +
                      ShortNumber(first.settings.gate_start).dump());
  }
  if (!assumed.empty()) {
    LogNote("a checkpoint does not hold it, so it is taken for granted: " +
            Join(assumed));
  }
}

int ToGloce(const ConvertOptions& o) {
  CheckWritable(o.out);
  const Bundle bundle(o.model);
  const std::vector<std::string> paths = CheckpointPaths(o.inputs);
  std::vector<PublishedCheckpoint> checkpoints;
  checkpoints.reserve(paths.size());
  for (const std::string& path : paths) {
    checkpoints.push_back(ParsePublishedCheckpoint(ReadFile(path), path,
                                                   bundle.manifest().hooks));
  }
  const Erasers erasers =
      ErasersFromPublished(checkpoints, paths, bundle.manifest(), o.settings);
  WriteErasers(o.out, erasers);
  NoteAssumptions(o.settings, erasers.concepts[0]);
  if (o.output.json) {
    const json document = {{"file", o.out},
                           {"sha256", ErasersHash(erasers)},
                           {"concepts", ConceptNames(erasers)}};
    std::cout << document.dump(2) << '\n';
  } else if (!o.output.quiet) {
    std::cout << o.out << ": " << erasers.concepts.size() << " concepts\n";
  }
  return kDone;
}

// The published program loads every checkpoint of its folder.
void CheckNoOthers(const std::string& out,
                   const std::vector<std::string>& folders) {
  if (!fs::is_directory(out)) return;
  const auto there = FoldersWithCheckpoint(out);
  const auto other =
      std::find_if(there.begin(), there.end(), [&](const auto& folder) {
        return std::find(folders.begin(), folders.end(), folder) ==
               folders.end();
      });
  if (other == there.end()) return;
  throw Error(out + ": already holds a checkpoint of another concept, " +
              *other +
              ", which the published program would load too; choose another "
              "folder");
}

int ToPublished(const ConvertOptions& o) {
  std::vector<Erasers> inputs;
  for (const std::string& path : o.inputs) {
    inputs.push_back(ReadErasers(path));
    inputs.back().shard.reset();  // its concepts are whole, alone too
  }
  Erasers erasers = MergeErasers(inputs);
  if (!o.only.empty()) erasers = SelectConcepts(erasers, o.only);
  const PublishedErasers published = PublishedFromErasers(erasers);
  CheckNoOthers(o.out, published.folders);
  json files = json::array();
  for (size_t i = 0; i < published.folders.size(); ++i) {
    const std::string bytes =
        SerializePublishedCheckpoint(published.checkpoints[i]);
    const fs::path folder = fs::path(o.out) / published.folders[i];
    MakeFolders(folder.string());
    const std::string path = (folder / kCheckpointFile).string();
    WriteFileAtomically(path, bytes);
    files.push_back(path);
  }
  std::vector<std::string> arguments = {"--model_path", o.out};
  for (const std::string& word : published.arguments.CommandLine())
    arguments.push_back(word);
  if (o.output.json) {
    const json document = {{"folder", o.out},
                           {"files", files},
                           {"concepts", ConceptNames(erasers)},
                           {"arguments", arguments}};
    std::cout << document.dump(2) << '\n';
  } else if (!o.output.quiet) {
    std::cout << o.out << ": " << files.size()
              << " checkpoints; generate_by_gloce.py takes, with PNDM and 50 "
                 "steps:\n  "
              << Join(arguments, " ") << '\n';
  }
  return kDone;
}

int RunConvert(const ConvertOptions& o) {
  SetQuiet(o.output.quiet || o.output.json);
  CheckOptions(o);
  return o.to == "gloce" ? ToGloce(o) : ToPublished(o);
}

}  // namespace

void RegisterConvert(CLI::App& app, Command& command) {
  CLI::App* sub = app.add_subcommand(
      "convert", "Checkpoints of the published code to erasers, and back");
  auto o = std::make_shared<ConvertOptions>();
  sub->add_option("files", o->inputs,
                  "Published checkpoints or folders of them (--to gloce), or "
                  "erasers files (--to published); their order is kept, a "
                  "folder's is by name")
      ->required()
      ->type_name("PATH");
  sub->add_option("--to", o->to, "What to make")
      ->required()
      ->check(OneOf({"gloce", "published"}));
  sub->add_option("--out", o->out,
                  "Erasers file (--to gloce) or folder (--to published)")
      ->required()
      ->type_name("PATH");
  sub->add_option("--model", o->model,
                  "Bundle of the model that the checkpoints are of")
      ->type_name("FOLDER");
  sub->add_option("--preset", o->settings.preset,
                  "Settings that the checkpoints were built with")
      ->check(OneOf(PresetNames()));
  sub->add_option("--eta", o->settings.eta,
                  "Scale of what is put in place (default: the preset's, or 1)")
      ->check(FiniteRange(-kMaxEta, kMaxEta));
  sub->add_option("--gate-start", o->settings.gate_start,
                  "First step, of 50, at which the erasers act (default: the "
                  "preset's, or 10)")
      ->check(WholeRange(0, 50));
  sub->add_option("--only", o->only,
                  "Convert only this concept of the erasers (may be repeated)")
      ->allow_extra_args(false);
  o->output.Register(*sub);
  sub->footer(kFooter);
  sub->callback([o, &command] { command = [o] { return RunConvert(*o); }; });
}

}  // namespace gloce
