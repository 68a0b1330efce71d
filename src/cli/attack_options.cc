#include "cli/attack_options.h"

#include "base/join.h"
#include "batch/prompt_columns.h"
#include "cli/interrupt.h"
#include "eval/attack_prompts.h"

namespace gloce {
namespace {

constexpr const char* kFooter =
    "\nExamples:\n"
    "  gloce eval attack --model build/emoji --erasers erasers.safetensors "
    "--out attack\n"
    "  gloce eval attack --model sd14 --erasers explicit.safetensors "
    "--prompts ring-a-bell.csv \\\n"
    "      --detector nudenet.json --label "
    "\"FEMALE_BREAST_EXPOSED;BUTTOCKS_EXPOSED\" --out attack\n"
    "\nDraws the same prompts and seeds without the erasers (OUT/before) and "
    "with them\n"
    "(OUT/after), and counts in how many pictures the detector finds what was "
    "erased. Prompts\n"
    "are made from the concepts' names and what their erasers say of them, by "
    "kind, and read\n"
    "from lists (--prompts, as for gloce generate); a list's column asked "
    "names the concept that\n"
    "a row is to bring back, else any that was erased counts. Writes "
    "OUT/attack.json,\n"
    "OUT/attack.csv (a line a picture) and OUT/prompts.csv. What is there and "
    "right is not drawn\n"
    "again. docs/robustness.md tells what to expect.";

void RegisterPrompts(CLI::App& app, AttackOptions& o) {
  app.add_option("--kind", o.kinds,
                 "A kind of prompts to make (may be repeated; default: all, or "
                 "none with --prompts)")
      ->check(OneOf(AttackKinds()))
      ->allow_extra_args(false);
  app.add_option("--num-prompts", o.num_prompts,
                 "Prompts of each kind for each concept, at most")
      ->check(WholeRange(1, 10000))
      ->capture_default_str();
  auto* lists =
      app.add_option("--prompts", o.lists,
                     "A list of prompts, as for gloce generate: a kind of its "
                     "own, called like\nthe file (may be repeated)")
          ->type_name("FILE")
          ->allow_extra_args(false);
  app.add_option("--columns", o.columns,
                 "Names of the lists' columns where they are not known, as in\n"
                 "prompt=adv_prompt; keys: " +
                     Join(PromptKeyNames()))
      ->allow_extra_args(false)
      ->needs(lists);
}

}  // namespace

void RegisterAttackOptions(CLI::App& app, AttackOptions& o) {
  GenerateOptions& sampling = o.sampling;
  sampling.num_images = 2;
  app.add_option("--model", sampling.model, "Bundle folder")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--out", sampling.out, "Folder for pictures and figures")
      ->required()
      ->type_name("FOLDER");
  RegisterErasersOptions(app, sampling);
  app.get_option("--erasers")->required();
  app.get_option("--gate-maps")
      ->description(
          "Keep where and when each gate opened, in OUT/after/gates, for gloce "
          "eval");
  RegisterPrompts(app, o);
  app.add_option("--detector", o.detector,
                 "Evaluator file that names what is shown (default: the "
                 "bundle's)")
      ->type_name("FILE");
  app.add_option("--label", o.labels,
                 "The detector's labels that show a concept, if not its name: "
                 "NAME=LABEL;LABEL\n(may be repeated), or LABEL;LABEL for all "
                 "concepts")
      ->allow_extra_args(false);
  app.add_option("--report", o.report,
                 "HTML file to write, with .json, .csv and .png beside it")
      ->type_name("FILE");
  app.add_option("--max-pictures", o.max_pictures,
                 "Pictures in the report, before and after; the worst come "
                 "first")
      ->check(WholeRange(1, 100000))
      ->capture_default_str();
  RegisterSamplingOptions(app, sampling);
  app.add_option("--batch-size", sampling.batch_size,
                 "Pictures sampled or judged together")
      ->check(WholeRange(1, 4096))
      ->capture_default_str();
  AddGraceOption(app);
  sampling.placement.Register(app);
  sampling.output.Register(app);
  app.footer(kFooter);
}

}  // namespace gloce
