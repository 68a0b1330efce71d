// gloce generate: prompts to pictures, with or without erasers.
#include "cli/generate.h"

#include <torch/headeronly/version.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/join.h"
#include "base/sha256.h"
#include "base/stopwatch.h"
#include "batch/job_images.h"
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
#include "cli/processor.h"
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
                                    EraseChoices& choices, PromptTable& table) {
  RowDefaults defaults;
  defaults.settings = {"",         o.negative_prompt, o.seed,
                       o.guidance, o.width,           o.height};
  defaults.num_images = o.num_images;
  // Sizes that no row can have are the command's fault, not the rows'.
  pipeline.CheckSize(defaults.settings.width, defaults.settings.height);
  JobImages job = ImagesOfRows(table.rows, defaults, OriginOf(o),
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
  facts.bundle = pipeline.bundle().manifest().sampling_identity;
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
                          {"identity", facts.model_identity},
                          {"bundle", facts.bundle}}},
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
                       {"overwrite", job.overwrite},
                       {"gate_maps", job.gate_maps}};
  known["versions"] = {{"gloce", GLOCE_VERSION}, {"libtorch", TORCH_VERSION}};
  return known;
}

// Loads what the first picture needs.
void LoadNetworks(Pipeline& pipeline, const PromptTable& table,
                  const std::string& origin, const EraseChoices& choices,
                  bool erases, BatchSampler& sampler) {
  std::vector<std::string> prompts;
  prompts.reserve(table.rows.size());
  for (const PromptRow& row : table.rows) prompts.push_back(row.prompt);
  WarnOfCutPrompts(pipeline, prompts, [&](size_t i) {
    return PlaceOfRow(origin, table.rows[i].line);
  });
  if (erases)
    sampler.LoadErased(choices);
  else
    sampler.LoadPlain();
  pipeline.LoadDecoder();
}

// Draws the pictures and keeps `file` up to date; nothing asked for is done at
// once.
JobSummary DrawAll(const std::vector<JobImage>& images, JobSettings& job,
                   BatchSampler& sampler, const JobSummaryFile& file) {
  if (images.empty()) {
    JobSummary nothing;
    nothing.state = JobState::kDone;
    file.Print(nothing);
    return nothing;
  }
  job.state_changed = [&](const JobSummary& changed) { file.Save(changed); };
  return RunJob(images, job, [&](const std::vector<ImageSettings>& batch) {
    return sampler(batch);
  });
}

}  // namespace

int RunGenerate(const GenerateOptions& o) {
  const Stopwatch watch;
  InstallInterruptHandler();
  const bool quiet = o.output.quiet || o.output.json;
  SetQuiet(quiet);
  PromptTable table = TableFromOptions(o);
  if (!table.unused_columns.empty()) {
    LogNote(OriginOf(o) + ": columns not used: " + Join(table.unused_columns));
  }

  Pipeline pipeline(o.model, o.placement.Parse());
  WarnOfSlowDtype(pipeline.placement());
  Erasers erasers;
  ordered_json sources = ordered_json::array();
  if (!o.erasers.empty()) erasers = LoadErasers(o, pipeline.bundle(), sources);
  EraseChoices choices(erasers);
  const size_t rows = table.rows.size() + table.bad_rows.size();
  const std::vector<JobImage> images =
      ImagesOfTable(o, pipeline, choices, table);

  JobSettings job = JobOf(o);
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
  BatchSampler sampler(pipeline,
                       {o.scheduler, o.steps, o.strength, o.gate_maps});
  job.prepare = [&] {
    LoadNetworks(pipeline, table, job.origin, choices,
                 !erasers.concepts.empty(), sampler);
  };
  if (o.check) {
    return CheckJob(images, job, table.bad_rows, sampler, o.output.json,
                    o.output.quiet);
  }
  WarnOfBadRows(table.bad_rows);
  const JobSummaryFile file(job,
                            KnownOfJob(o, pipeline, job, table, rows, sources),
                            watch.Seconds(), o.output.json);
  const JobSummary summary = DrawAll(images, job, sampler, file);
  progress.Finish();
  PrintSummary(o.out, job.origin, summary, table.bad_rows, quiet);
  return summary.failed == 0 && table.bad_rows.empty() ? kDone : kSomeFailed;
}

void RegisterGenerate(CLI::App& app, Command& command) {
  CLI::App* sub =
      app.add_subcommand("generate", "Draw pictures, with or without erasers");
  auto options = std::make_shared<GenerateOptions>();
  RegisterGenerateOptions(*sub, *options);
  sub->callback([options, &command] {
    command = [options] { return RunGenerate(*options); };
  });
}

}  // namespace gloce
