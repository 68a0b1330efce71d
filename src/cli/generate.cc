// gloce generate: prompts to pictures, with or without erasers.
#include <torch/headeronly/version.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/join.h"
#include "base/sha256.h"
#include "batch/job_images.h"
#include "batch/output_names.h"
#include "batch/prompt_table.h"
#include "bundle/manifest.h"
#include "cli/batch_sampler.h"
#include "cli/command.h"
#include "cli/erase_choices.h"
#include "cli/interrupt.h"
#include "cli/job_check.h"
#include "cli/job_report.h"
#include "cli/job_summary.h"
#include "cli/log.h"
#include "cli/progress.h"
#include "gloce/base/error.h"
#include "gloce/batch/job.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/diffusion/scheduler.h"
#include "gloce/erasure/erased_denoiser.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

using nlohmann::ordered_json;

struct GenerateOptions {
  std::string model, out, prompts_file, scheduler, filename, shard;
  std::vector<std::string> prompts, columns, erasers, only;
  std::string negative_prompt;
  int64_t seed = 0, num_images = 1, steps = 50, width = 0, height = 0,
          batch_size = 4;
  double guidance = 7.5, strength = 1.0;
  std::string on_mismatch = "redo";
  bool overwrite = false, check = false;
  PlacementOptions placement;
  OutputOptions output;
};

constexpr const char* kFooter =
    "\nExamples:\n"
    "  gloce generate --model build/emoji --prompt \"a cat and a guitar\" "
    "--seed 7 --out out\n"
    "  gloce generate --model sd14 --erasers people.safetensors --prompts "
    "prompts.csv --out out\n"
    "\nA CSV has the columns case_number,prompt,evaluation_seed and, "
    "optionally,\n"
    "evaluation_guidance,width,height,negative_prompt,num_images; "
    "docs/formats.md lists other\n"
    "names, --columns gives any. What a row leaves open comes from the "
    "options. "
    "Image i of a row\n"
    "uses seed + i. A column erase names the concepts to erase from a row, "
    "separated by ;\n"
    "(none if it is empty). Bad rows are listed and left out (exit code 3). "
    "Pictures "
    "that are there and\n"
    "right are skipped, so that an interrupted job goes on where it stopped.";

void RegisterOptions(CLI::App& app, GenerateOptions& o) {
  const auto positive = WholeRange(1, 1000000);
  app.add_option("--model", o.model, "Bundle folder")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--out", o.out,
                 "Folder for the pictures, manifest.jsonl and summary.json")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--prompt", o.prompts, "What to draw (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--prompts", o.prompts_file,
                 "CSV, JSON lines, or a text file with one prompt a line")
      ->type_name("FILE")
      ->excludes("--prompt");
  app.add_option(
         "--columns", o.columns,
         "Names of the table's columns where they are not known, as in\n"
         "prompt=text,seed=random_seed; keys: " +
             Join(PromptKeyNames()))
      ->allow_extra_args(false)
      ->needs("--prompts");
  app.add_option("--erasers", o.erasers, "Erasers file (may be repeated)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--only", o.only,
                 "Use only this concept of the erasers (may be repeated)")
      ->allow_extra_args(false)
      ->needs("--erasers");
  app.add_option("--strength", o.strength,
                 "Scale of the erasure; 1 is the method, 0 is off")
      ->check(FiniteRange(0.0, 10.0))
      ->capture_default_str()
      ->needs("--erasers");
  app.add_option("--negative-prompt", o.negative_prompt, "What not to draw");
  app.add_option("--seed", o.seed, "Seed of a prompt's first picture")
      ->check(WholeRange(0, std::numeric_limits<int64_t>::max()))
      ->capture_default_str();
  app.add_option("--num-images", o.num_images, "Pictures a prompt")
      ->check(positive)
      ->capture_default_str();
  app.add_option("--steps", o.steps, "Denoising steps")
      ->check(WholeRange(1, 1000))
      ->capture_default_str();
  app.add_option("--guidance", o.guidance,
                 "Classifier-free guidance scale; 1 or less is none")
      ->check(FiniteRange(0.0, 1000.0))
      ->capture_default_str();
  app.add_option("--scheduler", o.scheduler,
                 "How noise is removed (default: the bundle's own)")
      ->check(OneOf(SchedulerNames()));
  app.add_option("--width", o.width, "Pixels (default: the model's own size)")
      ->check(WholeRange(1, kMaxImageSide));
  app.add_option("--height", o.height, "Pixels (default: the model's own size)")
      ->check(WholeRange(1, kMaxImageSide));
  app.add_option("--batch-size", o.batch_size, "Pictures sampled together")
      ->check(WholeRange(1, 4096))
      ->capture_default_str();
  app.add_option("--filename", o.filename,
                 "Template of file names: {case_number} {row} {i} {seed} "
                 "{row_seed}\n{prompt} {prompt-dashed}\n"
                 "(default: {case_number}_{i}.png for --prompts, "
                 "{prompt-dashed}_{seed}_{i}.png for "
                 "--prompt)");
  app.add_option("--shard", o.shard,
                 "Do part I of N of the job, I/N with I from 1");
  app.add_option("--on-mismatch", o.on_mismatch,
                 "Pictures that are there but damaged or made otherwise: redo "
                 "makes them\nagain, refuse ends the job before anything is "
                 "changed")
      ->check(OneOf({"redo", "refuse"}))
      ->capture_default_str();
  app.add_flag("--overwrite", o.overwrite, "Make all pictures again")
      ->excludes("--on-mismatch");
  AddGraceOption(app);
  app.add_flag(
      "--check", o.check,
      "Look at the whole job and print what is wrong with it, what is "
      "there\nalready, and what it takes in time and room; draw nothing");
  o.placement.Register(app);
  o.output.Register(app);
  app.footer(kFooter);
}

PromptTable TableFromOptions(const GenerateOptions& o) {
  if (!o.prompts_file.empty())
    return ReadPromptTable(o.prompts_file, ParseColumnChoice(o.columns));
  if (o.prompts.empty())
    throw UsageError("nothing to draw; give --prompt TEXT or --prompts FILE");
  PromptTable table;
  for (const std::string& prompt : o.prompts) {
    PromptRow row;
    row.index = table.rows.size();
    row.case_number = std::to_string(row.index);
    row.prompt = prompt;
    table.rows.push_back(std::move(row));
  }
  return table;
}

void ParseShard(const std::string& text, JobSettings& job) {
  if (text.empty()) return;
  const auto pair = ParsePair(text, '/');
  if (!pair || pair->first < 1 || pair->first > pair->second) {
    throw UsageError("--shard: got \"" + text +
                     "\", expected I/N with 1 <= I <= N");
  }
  job.shard = pair->first;
  job.num_shards = pair->second;
}

// Fills in a picture's size. Throws what can be known of it before a network is
// loaded.
void CheckSettings(const Pipeline& pipeline, ImageSettings& image) {
  pipeline.CheckSize(image.width, image.height);
  if (!image.negative_prompt.empty() && image.guidance_scale <= 1) {
    throw UsageError(
        "a negative prompt has no effect with a guidance scale of 1 or less; "
        "leave it out or raise the guidance");
  }
}

// The pictures that were asked for. Bad rows of the table stay in it, ordered;
// a bad --prompt is wrong usage.
std::vector<JobImage> ImagesOfTable(const GenerateOptions& o,
                                    const Pipeline& pipeline,
                                    const std::string& origin,
                                    EraseChoices& choices, PromptTable& table) {
  RowDefaults defaults;
  defaults.settings = {"",         o.negative_prompt, o.seed,
                       o.guidance, o.width,           o.height};
  defaults.num_images = o.num_images;
  // Sizes that no row can have are the command's fault, not the rows'.
  pipeline.CheckSize(defaults.settings.width, defaults.settings.height);
  JobImages job = ImagesOfRows(table.rows, defaults, origin,
                               [&](const PromptRow& row, ImageSettings& image) {
                                 CheckSettings(pipeline, image);
                                 if (row.erase)
                                   image.choice = choices.Add(*row.erase);
                               });
  if (o.prompts_file.empty() && !job.bad_rows.empty())
    throw UsageError(job.bad_rows[0].message);
  std::vector<BadRow>& bad_rows = table.bad_rows;
  bad_rows.insert(bad_rows.end(), job.bad_rows.begin(), job.bad_rows.end());
  std::sort(bad_rows.begin(), bad_rows.end(),
            [](const BadRow& a, const BadRow& b) { return a.index < b.index; });
  return std::move(job.images);
}

// `sources` tells of each file what it was.
Erasers LoadErasers(const GenerateOptions& o, const Bundle& bundle,
                    ordered_json& sources) {
  std::vector<Erasers> files;
  for (const std::string& path : o.erasers) {
    std::string bytes = ReadFile(path);
    ordered_json source = {{"file", path}, {"sha256", Sha256(bytes)}};
    files.push_back(ParseErasers(std::move(bytes), path));
    source["concepts"] = ConceptNames(files.back());
    sources.push_back(std::move(source));
    files.back().shard.reset();  // its concepts are whole, alone too
    try {
      CheckErasersFit(files.back(), bundle);
    } catch (const Error& error) {
      throw Error(path + ": " + error.what());
    }
  }
  Erasers erasers = MergeErasers(files);
  return o.only.empty() ? erasers : SelectConcepts(erasers, o.only);
}

RunFacts FactsOf(const GenerateOptions& o, const Pipeline& pipeline,
                 const Erasers& erasers) {
  RunFacts facts;
  const auto scheduler = pipeline.MakeScheduler(o.scheduler);
  scheduler->SetTimesteps(o.steps);  // a number that it cannot do is refused
  facts.scheduler = scheduler->name();
  facts.steps = o.steps;
  facts.model = pipeline.bundle().name();
  facts.model_identity = pipeline.bundle().model_identity();
  facts.dtype = DtypeName(pipeline.placement().dtype);
  if (!erasers.concepts.empty()) {
    facts.erasers = ErasersHash(erasers);
    facts.strength = o.strength;
    facts.concepts = ConceptNames(erasers);
  }
  return facts;
}

// What summary.json says beside counts and times. `rows` are all of the table.
ordered_json KnownOfJob(const GenerateOptions& o, const Pipeline& pipeline,
                        const JobSettings& job, const PromptTable& table,
                        size_t rows, const ordered_json& sources) {
  const RunFacts& facts = job.facts;
  int64_t width = o.width, height = o.height;
  pipeline.CheckSize(width, height);
  ordered_json known = {{"out", o.out},
                        {"prompts", job.origin},
                        {"rows", rows},
                        {"bad_rows", ToJson(table.bad_rows)},
                        {"model",
                         {{"folder", o.model},
                          {"name", facts.model},
                          {"identity", facts.model_identity}}},
                        {"erasers", nullptr}};
  if (!facts.erasers.empty()) {
    known["erasers"] = {{"hash", facts.erasers},
                        {"concepts", facts.concepts},
                        {"strength", facts.strength},
                        {"files", sources}};
  }
  known["device"] = pipeline.placement().device.str();
  known["dtype"] = facts.dtype;
  known["settings"] = {{"scheduler", facts.scheduler},
                       {"steps", facts.steps},
                       {"guidance", o.guidance},
                       {"negative_prompt", o.negative_prompt},
                       {"seed", o.seed},
                       {"num_images", o.num_images},
                       {"width", width},
                       {"height", height},
                       {"batch_size", job.batch_size},
                       {"filename", job.filename_template},
                       {"overwrite", job.overwrite}};
  known["versions"] = {{"gloce", GLOCE_VERSION}, {"libtorch", TORCH_VERSION}};
  return known;
}

int RunGenerate(const GenerateOptions& o) {
  const auto start = JobSummaryFile::Clock::now();
  InstallInterruptHandler();
  const bool quiet = o.output.quiet || o.output.json;
  SetQuiet(quiet);
  PromptTable table = TableFromOptions(o);
  const std::string origin =
      o.prompts_file.empty() ? "--prompt" : o.prompts_file;
  if (!table.unused_columns.empty())
    LogNote(origin + ": columns not used: " + Join(table.unused_columns));

  Pipeline pipeline(o.model, o.placement.Parse());
  Erasers erasers;
  ordered_json sources = ordered_json::array();
  if (!o.erasers.empty()) erasers = LoadErasers(o, pipeline.bundle(), sources);
  EraseChoices choices(erasers);
  const size_t rows = table.rows.size() + table.bad_rows.size();
  const std::vector<JobImage> images =
      ImagesOfTable(o, pipeline, origin, choices, table);
  JobSettings job;
  job.out_folder = o.out;
  job.filename_template = !o.filename.empty() ? o.filename
                          : o.prompts_file.empty()
                              ? "{prompt-dashed}_{seed}_{i}.png"
                              : kCaseNumberTemplate;
  job.batch_size = o.batch_size;
  job.overwrite = o.overwrite;
  job.refuse_mismatches = o.on_mismatch == "refuse";
  ParseShard(o.shard, job);
  job.origin = origin;
  job.facts = FactsOf(o, pipeline, erasers);
  job.facts.choices = choices.facts();
  job.interrupted = WasInterrupted;
  job.notice = LogNote;
  Progress progress("pictures", quiet);
  job.progress = [&](const JobProgress& p) {
    progress.Update("generate",
                    static_cast<int64_t>(p.made + p.skipped + p.failed),
                    static_cast<int64_t>(p.total));
  };

  BatchSampler sampler(pipeline, {o.scheduler, o.steps, o.strength});
  job.prepare = [&] {
    std::vector<std::string> prompts;
    prompts.reserve(table.rows.size());
    for (const PromptRow& row : table.rows) prompts.push_back(row.prompt);
    WarnOfCutPrompts(pipeline, prompts);
    if (erasers.concepts.empty())
      sampler.LoadPlain();
    else
      sampler.LoadErased(choices);
    pipeline.LoadDecoder();
  };
  if (o.check) {
    return CheckJob(images, job, table.bad_rows, sampler, o.output.json,
                    o.output.quiet);
  }
  WarnOfBadRows(table.bad_rows);
  const JobSummaryFile file(job,
                            KnownOfJob(o, pipeline, job, table, rows, sources),
                            start, o.output.json);
  JobSummary summary;
  if (images.empty()) {
    summary.state = JobState::kDone;
    file.Print(summary);
  } else {
    job.state_changed = [&](const JobSummary& changed) { file.Save(changed); };
    summary = RunJob(images, job, [&](const std::vector<ImageSettings>& batch) {
      return sampler(batch);
    });
  }
  progress.Finish();
  PrintSummary(o.out, summary, table.bad_rows, quiet);
  return summary.failed == 0 && table.bad_rows.empty() ? kDone : kSomeFailed;
}

}  // namespace

void RegisterGenerate(CLI::App& app, Command& command) {
  CLI::App* sub =
      app.add_subcommand("generate", "Draw pictures, with or without erasers");
  auto options = std::make_shared<GenerateOptions>();
  RegisterOptions(*sub, *options);
  sub->callback([options, &command] {
    command = [options] { return RunGenerate(*options); };
  });
}

}  // namespace gloce
