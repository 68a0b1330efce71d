// gloce build: a concept list to an erasers file.
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/stopwatch.h"
#include "bundle/manifest.h"
#include "cli/build_plan.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/processor.h"
#include "cli/progress.h"
#include "cli/sampling_advice.h"
#include "erasure/fast_plan.h"
#include "erasure/fit_cost.h"
#include "erasure/presets.h"
#include "gloce/base/error.h"
#include "gloce/diffusion/scheduler.h"
#include "gloce/erasure/eraser_file.h"
#include "gloce/erasure/fit.h"

namespace gloce {
namespace {

using nlohmann::json;

struct BuildOptions {
  std::string model, out, concepts_file;
  std::vector<std::string> erase;
  // Settings of the method; what is absent comes from the concept list, the
  // bundle or the preset.
  std::optional<std::string> preset, plan, anchor_pool, scheduler;
  std::vector<std::string> anchors, mapping, surrogate;
  std::optional<int64_t> rank_map, rank_target, rank_gate, num_seeds,
      num_anchors, num_mapping;
  std::optional<int64_t> steps;
  std::optional<double> gate_start, tau, eta, guidance;
  std::string window, shard;
  int64_t batch_size = 8;
  bool keep_parts = false;
  bool dry_run = false;
  PlacementOptions placement;
  OutputOptions output;
};

constexpr const char* kFooter =
    "\nExamples:\n"
    "  gloce build --model build/emoji --erase owl --out owl.safetensors\n"
    "  gloce build --model sd14 --preset celebrity --concepts names.txt --out "
    "people.safetensors\n"
    "  gloce build --model sd14 --erase koala --mapping \"a picture of an "
    "animal\" \\\n"
    "      --surrogate \"an animal\" --anchors \"a picture of a bear\" --out "
    "koala.safetensors\n"
    "\nSettings come from the bundle's defaults, the preset, the concept list "
    "and these options;\n"
    "the later one wins. docs/formats.md describes the concept list.";

void RegisterMethod(CLI::App& app, BuildOptions& o) {
  CLI::App* method = app.add_option_group("Method");
  method->add_option("--preset", o.preset, "Settings to start from")
      ->check(OneOf(PresetNames()));
  method
      ->add_option("--anchors", o.anchors,
                   "Prompt of a concept that must survive (may be repeated)")
      ->allow_extra_args(false);
  method
      ->add_option("--mapping", o.mapping,
                   "Prompt of what should appear instead (may be repeated)")
      ->allow_extra_args(false);
  method
      ->add_option("--surrogate", o.surrogate,
                   "Neutral prompt, the gate's reference (may be repeated)")
      ->allow_extra_args(false);
  method
      ->add_option(
          "--anchor-pool", o.anchor_pool,
          "File with one name a line to choose anchors and mapping from")
      ->type_name("FILE");
  method
      ->add_option("--num-anchors", o.num_anchors,
                   "Anchors to choose from the pool")
      ->excludes("--anchors")
      ->check(WholeRange(1, 1000));
  method
      ->add_option("--num-mapping", o.num_mapping,
                   "Mapping concepts to choose from the pool")
      ->excludes("--mapping")
      ->check(WholeRange(1, 1000));
  method
      ->add_option("--rank-map", o.rank_map,
                   "Directions kept of the mapping (r1)")
      ->check(WholeRange(1, 4096));
  method
      ->add_option("--rank-target", o.rank_target,
                   "Directions removed of the target (r2)")
      ->check(WholeRange(0, 4096));
  method
      ->add_option("--rank-gate", o.rank_gate,
                   "Directions the gate looks at (r3)")
      ->check(WholeRange(1, 4096));
  method
      ->add_option(
          "--tau", o.tau,
          "Gate threshold, in standard deviations above the anchors' scores")
      ->check(FiniteRange(1e-6, 1e6));
  method->add_option("--eta", o.eta, "Scale of what is put in place")
      ->check(FiniteRange(-kMaxEta, kMaxEta));
  method
      ->add_option("--gate-start", o.gate_start,
                   "First step, of --steps, at which the eraser acts")
      ->check(FiniteRange(0.0, 1000.0));
}

void RegisterSampling(CLI::App& app, BuildOptions& o) {
  CLI::App* sampling = app.add_option_group("Sampling of statistics");
  CLI::Option* plan =
      sampling
          ->add_option("--plan", o.plan,
                       "published: as the settings say; fast: nearly the "
                       "same noise levels in a fifth of the steps")
          ->check(OneOf(PlanNames()));
  sampling->add_option("--window", o.window,
                       "Steps to record, START:END (START < step <= END)");
  sampling->add_option("--num-seeds", o.num_seeds, "Seeds a prompt")
      ->check(WholeRange(1, 10000));
  sampling->add_option("--scheduler", o.scheduler, "How noise is removed")
      ->check(OneOf(SchedulerNames()))
      ->excludes(plan);
  sampling->add_option("--steps", o.steps, "Denoising steps")
      ->check(WholeRange(1, 1000));
  sampling
      ->add_option("--guidance", o.guidance, "Classifier-free guidance scale")
      ->check(FiniteRange(0.0, 1000.0));
  sampling->add_option("--batch-size", o.batch_size, "Passes sampled together")
      ->check(WholeRange(1, 4096))
      ->capture_default_str();
}

void RegisterOptions(CLI::App& app, BuildOptions& o) {
  app.add_option("--model", o.model, "Bundle folder")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--out", o.out, "Erasers file to write (.safetensors)")
      ->type_name("FILE");
  app.add_option("--erase", o.erase,
                 "Name of a concept to erase (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--concepts", o.concepts_file,
                 "Concept list: JSON, or a text file with one name a line")
      ->type_name("FILE")
      ->excludes("--erase");
  app.add_flag("--dry-run", o.dry_run,
               "Print what was chosen for each concept and what it costs; "
               "build nothing");
  app.add_option("--shard", o.shard,
                 "Build part I of N of the list, I/N; gloce merge joins the "
                 "files of all parts");
  app.add_flag("--keep-parts", o.keep_parts,
               "Keep the folder OUT.parts, from which a stopped build goes on "
               "when it is started again");
  AddGraceOption(app);
  RegisterMethod(app, o);
  RegisterSampling(app, o);
  o.placement.Register(app);
  o.output.Register(app);
  app.footer(kFooter);
}

json ParseWindow(const std::string& window) {
  const auto pair = ParsePair(window, ':');
  if (!pair) {
    throw UsageError("--window: got \"" + window +
                     "\", expected START:END, for example 10:20");
  }
  return {pair->first, pair->second};
}

FitOptions ToFitOptions(const BuildOptions& o) {
  FitOptions options;
  options.batch_size = o.batch_size;
  options.interrupted = MustStop;
  options.parts_folder = o.out + ".parts";
  if (!o.shard.empty()) {
    const auto pair = ParsePair(o.shard, '/');
    if (!pair) {
      throw UsageError("--shard: got \"" + o.shard +
                       "\", expected I/N, for example 2/4");
    }
    options.shard = pair->first;
    options.num_shards = pair->second;
  }
  return options;
}

// The options that were given, under the keys of a concept list.
json SettingsFromOptions(const BuildOptions& o) {
  json settings = json::object();
  const auto set = [&](const char* key, const auto& value) {
    if (value) settings[key] = *value;
  };
  set("preset", o.preset);
  set("plan", o.plan);
  set("anchor_pool", o.anchor_pool);
  set("scheduler", o.scheduler);
  set("rank_map", o.rank_map);
  set("rank_target", o.rank_target);
  set("rank_gate", o.rank_gate);
  set("num_seeds", o.num_seeds);
  set("num_anchors", o.num_anchors);
  set("num_mapping", o.num_mapping);
  set("steps", o.steps);
  set("gate_start", o.gate_start);
  set("tau", o.tau);
  set("eta", o.eta);
  set("guidance", o.guidance);
  if (!o.anchors.empty()) settings["anchors"] = o.anchors;
  if (!o.mapping.empty()) settings["mapping"] = o.mapping;
  if (!o.surrogate.empty()) settings["surrogate"] = o.surrogate;
  if (!o.window.empty()) settings["window"] = ParseWindow(o.window);
  return settings;
}

std::vector<std::string> PromptsOf(
    const std::vector<ConceptSettings>& concepts) {
  std::set<std::string> prompts;
  for (const ConceptSettings& c : concepts) {
    for (const auto* list : {&c.prompts, &c.mapping, &c.surrogate, &c.anchors})
      prompts.insert(list->begin(), list->end());
  }
  return {prompts.begin(), prompts.end()};
}

// `passes` are those that were run: fewer than planned where a stopped build
// went on.
void Report(const BuildOptions& o, const Erasers& erasers, int64_t passes,
            double seconds) {
  if (o.output.json) {
    const json document = {{"file", o.out},
                           {"sha256", ErasersHash(erasers)},
                           {"concepts", ConceptNames(erasers)},
                           {"passes", passes},
                           {"seconds", seconds}};
    std::cout << document.dump(2) << '\n';
  } else if (!o.output.quiet) {
    std::cout << o.out << ": " << erasers.concepts.size() << " concepts, "
              << erasers.layers.size() << " layers, " << passes
              << " U-Net passes\n";
  }
}

void CheckOptions(const BuildOptions& o) {
  if (o.dry_run) {
    if (o.keep_parts)
      throw UsageError("--keep-parts has no effect with --dry-run");
    return;
  }
  if (o.out.empty()) throw UsageError("--out is required");
  CheckWritable(o.out);
}

// The erasers are whole already, so that parts that stay are no failure.
void TryRemoveParts(const std::string& folder) {
  try {
    RemoveParts(folder);
  } catch (const Error& error) {
    LogWarning(std::string(error.what()) + "; the parts in " + folder +
               " are not needed any more");
  }
}

// Fits, with progress on stderr; `passes` are then those that were run.
Erasers FitWithProgress(const BuildOptions& o, Pipeline& pipeline,
                        const std::vector<ConceptSettings>& concepts,
                        FitOptions options, int64_t& passes) {
  Progress progress("passes", o.output.quiet || o.output.json);
  std::map<std::string, int64_t> passes_of;
  options.progress = [&](const FitProgress& p) {
    passes_of[p.phase] = p.done;
    progress.Update(p.phase, p.done, p.total);
  };
  try {
    Erasers erasers;
    WithAdvice(AdviceForBuild(options.batch_size), "this build",
               [&] { erasers = FitErasers(pipeline, concepts, options); });
    progress.Finish();
    passes = passes_of["targets"] + passes_of["anchors"];
    return erasers;
  } catch (const Interrupted&) {
    if (!std::filesystem::exists(options.parts_folder)) throw;
    throw Interrupted(
        "interrupted; the same command goes on from where it stopped, with " +
        options.parts_folder);
  }
}

int RunBuild(const BuildOptions& o) {
  InstallInterruptHandler();
  SetQuiet(o.output.quiet || o.output.json);
  CheckOptions(o);
  const Stopwatch watch;
  const Placement placement = o.placement.Parse();
  const json settings = SettingsFromOptions(o);
  Pipeline pipeline(o.model, placement);
  WarnOfSlowDtype(placement);
  const auto requests = ReadConcepts(
      {o.concepts_file, o.erase, pipeline.bundle().manifest().defaults_json,
       settings.dump()});
  for (const ConceptRequest& request :
       requests) {  // before anything is sampled
    pipeline.MakeScheduler(request.settings.statistics.scheduler);
  }
  std::vector<ConceptChoice> choices;
  const auto concepts =
      ResolveConcepts(pipeline, requests, &choices, WasInterrupted);
  const FitOptions options = ToFitOptions(o);
  if (o.dry_run) {
    PrintPlan({concepts, choices, EstimateFit(pipeline, concepts, options)},
              o.output.json);
    return kDone;
  }
  CheckFit(pipeline, concepts, options);
  const std::vector<std::string> prompts = PromptsOf(concepts);
  WarnOfCutPrompts(pipeline, prompts,
                   [&](size_t i) { return QuoteForMessage(prompts[i]); });
  LogNote("erasing " + std::to_string(concepts.size()) + " concept" +
          (concepts.size() == 1 ? "" : "s") + " from " +
          pipeline.bundle().name() + (o.shard.empty() ? "" : ", shard ") +
          o.shard);
  if (std::filesystem::exists(options.parts_folder))
    LogNote(options.parts_folder + ": going on with what fits of it");
  int64_t passes = 0;
  const Erasers erasers =
      FitWithProgress(o, pipeline, concepts, options, passes);
  WriteErasers(o.out, erasers);
  if (!o.keep_parts) TryRemoveParts(options.parts_folder);
  Report(o, erasers, passes, watch.Seconds());
  return kDone;
}

}  // namespace

void RegisterBuild(CLI::App& app, Command& command) {
  CLI::App* sub = app.add_subcommand("build", "Compute erasers for concepts");
  auto options = std::make_shared<BuildOptions>();
  RegisterOptions(*sub, *options);
  sub->callback([options, &command] {
    command = [options] { return RunBuild(*options); };
  });
}

}  // namespace gloce
