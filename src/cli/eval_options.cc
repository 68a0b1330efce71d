#include "cli/eval_options.h"

#include <algorithm>

#include "base/join.h"
#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr const char* kFooter =
    "\nExamples:\n"
    "  gloce eval --model build/emoji --images out --before plain --report "
    "report.html\n"
    "  gloce eval --model build/emoji --images out --before plain \\\n"
    "      --compare UCE=uce --compare negative=negative\n"
    "  gloce eval --images out --reference coco --features inception.json\n"
    "\nWhat was erased is read from the folder's manifest.jsonl; pictures of "
    "another program\n"
    "are described by --table, a CSV with the columns file (or case_number), "
    "prompt, seed and\n"
    "erase. Folders are compared picture by picture, of equal prompt and "
    "seed. Beside\n"
    "report.html stand report.json, report.csv and report.png. Pictures that "
    "cannot be read\n"
    "are listed and left out (exit code 3).";

void RegisterFolders(CLI::App& app, EvalOptions& o) {
  app.add_option("--images", o.images, "Folder of pictures to judge")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--before", o.before,
                 "The unmodified model's pictures of the same prompts and "
                 "seeds")
      ->type_name("FOLDER");
  app.add_option("--compare", o.compared,
                 "Pictures of another method, NAME=FOLDER (may be repeated)")
      ->allow_extra_args(false)
      ->type_name("NAME=FOLDER");
  app.add_option("--reference", o.reference,
                 "Any pictures, for FID and KID (default: those of --before, "
                 "as far as nothing\nerased is asked for)")
      ->type_name("FOLDER");
  app.add_option("--table", o.tables,
                 "CSV that describes the pictures, of another folder than "
                 "--images NAME=FILE\n(may be repeated)")
      ->allow_extra_args(false)
      ->type_name("FILE");
  app.add_option("--erased", o.erased,
                 "A concept that was erased, instead of what the manifest "
                 "says (may be repeated)")
      ->allow_extra_args(false);
}

void RegisterNetworks(CLI::App& app, EvalOptions& o) {
  app.add_option("--model", o.model, "Bundle folder, for its evaluators")
      ->type_name("FOLDER");
  app.add_option("--detector", o.evaluators.detector,
                 "Evaluator file that names what is shown (default: the "
                 "bundle's)")
      ->type_name("FILE");
  app.add_option("--features", o.evaluators.features,
                 "Evaluator file for FID and KID (default: the bundle's)")
      ->type_name("FILE");
  app.add_option("--clip", o.evaluators.clip,
                 "Evaluator file for the CLIP score")
      ->type_name("FILE");
  app.add_option("--erasers", o.erasers,
                 "Erasers file, for the report's plots of gates (may be "
                 "repeated)")
      ->allow_extra_args(false)
      ->type_name("FILE");
  app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N")
      ->capture_default_str();
  app.add_option("--batch-size", o.batch_size, "Pictures judged together")
      ->check(WholeRange(1, 4096))
      ->capture_default_str();
}

// Splits "NAME=PATH".
std::pair<std::string, std::string> SplitName(const std::string& text,
                                              const std::string& option) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == text.npos || equals + 1 == text.size()) {
    throw UsageError(option + ": got " + QuoteForMessage(text) +
                     ", expected NAME=PATH");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

void RegisterEvalOptions(CLI::App& app, EvalOptions& o) {
  RegisterFolders(app, o);
  RegisterNetworks(app, o);
  app.add_option(
         "--region", o.region,
         "Where the erased thing stood before, for changes inside and "
         "outside of it:\nby the detector, by the gate maps of --images, "
         "or none")
      ->check(OneOf({"detector", "gates", "none"}))
      ->capture_default_str();
  app.add_option("--report", o.report, "HTML file to write")->type_name("FILE");
  app.add_option("--max-pictures", o.max_pictures,
                 "Pictures in the report, of all folders; the worst come first")
      ->check(WholeRange(1, 100000))
      ->capture_default_str();
  o.output.Register(app);
  app.footer(kFooter);
}

std::vector<std::pair<std::string, std::string>> ComparedOf(
    const EvalOptions& o) {
  std::vector<std::string> taken = {kJudgedName, kBeforeName, kReferenceName};
  std::vector<std::pair<std::string, std::string>> compared;
  for (const std::string& text : o.compared) {
    auto named = SplitName(text, "--compare");
    if (std::find(taken.begin(), taken.end(), named.first) != taken.end()) {
      throw UsageError("--compare: the name " + QuoteForMessage(named.first) +
                       " is taken; give another one");
    }
    taken.push_back(named.first);
    compared.push_back(std::move(named));
  }
  return compared;
}

NamedPaths TablesOf(const EvalOptions& o) {
  std::vector<std::string> names = {kJudgedName, kBeforeName, kReferenceName};
  for (const auto& [name, folder] : ComparedOf(o)) names.push_back(name);
  NamedPaths tables;
  for (const std::string& text : o.tables) {
    const std::string name = text.substr(0, text.find('='));
    const bool is_named =
        std::find(names.begin(), names.end(), name) != names.end() &&
        text.find('=') != text.npos;
    const auto [of, path] =
        is_named ? SplitName(text, "--table")
                 : std::pair<std::string, std::string>(kJudgedName, text);
    if (!tables.emplace(of, path).second) {
      throw UsageError("--table: there are two of the folder " +
                       QuoteForMessage(of) + "; names are: " + Join(names));
    }
  }
  return tables;
}

}  // namespace gloce
