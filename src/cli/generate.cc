// gloce generate: prompts to pictures, with or without erasers.
#include <ATen/core/Tensor.h>

#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/join.h"
#include "batch/job_images.h"
#include "batch/prompt_table.h"
#include "bundle/manifest.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/progress.h"
#include "diffusion/unet.h"
#include "gloce/base/error.h"
#include "gloce/batch/job.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/diffusion/scheduler.h"
#include "gloce/erasure/erased_denoiser.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

using nlohmann::json;

struct GenerateOptions {
  std::string model, out, prompts_file, scheduler, filename, shard;
  std::vector<std::string> prompts, erasers, only;
  std::string negative_prompt;
  int64_t seed = 0, num_images = 1, steps = 50, width = 0, height = 0,
          batch_size = 4;
  double guidance = 7.5, strength = 1.0;
  bool overwrite = false;
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
    "evaluation_guidance,width,height,negative_prompt,num_images; what a row "
    "leaves open comes\n"
    "from the options. Image i of a row uses seed + i. Pictures that are there "
    "and right are\n"
    "skipped, so that an interrupted job goes on where it stopped.";

void RegisterOptions(CLI::App& app, GenerateOptions& o) {
  const auto positive = WholeRange(1, 1000000);
  app.add_option("--model", o.model, "Bundle folder")->required();
  app.add_option("--out", o.out, "Folder for the pictures and manifest.jsonl")
      ->required();
  app.add_option("--prompt", o.prompts, "What to draw (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--prompts", o.prompts_file,
                 "CSV, or a text file with one prompt a line")
      ->excludes("--prompt");
  app.add_option("--erasers", o.erasers, "Erasers file (may be repeated)")
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
                 Join(SchedulerNames()) + " (default: the bundle's own)");
  app.add_option("--width", o.width, "Pixels (default: the model's own size)")
      ->check(WholeRange(1, kMaxImageSide));
  app.add_option("--height", o.height, "Pixels (default: the model's own size)")
      ->check(WholeRange(1, kMaxImageSide));
  app.add_option("--batch-size", o.batch_size, "Pictures sampled together")
      ->check(WholeRange(1, 4096))
      ->capture_default_str();
  app.add_option("--filename", o.filename,
                 "Template of file names: {case_number} {row} {i} {seed} "
                 "{prompt} {prompt-dashed}\n"
                 "(default: {case_number}_{i}.png for --prompts, "
                 "{prompt-dashed}_{seed}_{i}.png for "
                 "--prompt)");
  app.add_option("--shard", o.shard,
                 "Do part I of N of the job, I/N with I from 1");
  app.add_flag("--overwrite", o.overwrite, "Make all pictures again");
  o.placement.Register(app);
  o.output.Register(app);
  app.footer(kFooter);
}

std::vector<PromptRow> RowsFromOptions(const GenerateOptions& o) {
  if (!o.prompts_file.empty()) return ReadPromptTable(o.prompts_file);
  if (o.prompts.empty())
    throw UsageError("nothing to draw; give --prompt TEXT or --prompts FILE");
  std::vector<PromptRow> rows;
  for (const std::string& prompt : o.prompts) {
    PromptRow row;
    row.case_number = std::to_string(rows.size());
    row.prompt = prompt;
    rows.push_back(std::move(row));
  }
  return rows;
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

// What can be known of every image before a network is loaded.
void CheckImages(const Pipeline& pipeline, std::vector<JobImage>& images,
                 const std::string& origin) {
  for (JobImage& image : images) {
    try {
      pipeline.CheckSize(image.settings.width, image.settings.height);
      if (!image.settings.negative_prompt.empty() &&
          image.settings.guidance_scale <= 1) {
        throw UsageError(
            "a negative prompt has no effect with a guidance scale of 1 or "
            "less; leave it out or raise the guidance");
      }
    } catch (const UsageError& error) {
      if (image.line == 0) throw;
      throw UsageError(PlaceOfRow(origin, image.line) + ": " + error.what());
    }
  }
}

Erasers LoadErasers(const GenerateOptions& o, const Bundle& bundle) {
  std::vector<Erasers> files;
  for (const std::string& path : o.erasers) {
    files.push_back(ReadErasers(path));
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

// The denoiser of a job, plain or with erasers; samples batches.
class BatchSampler {
 public:
  BatchSampler(Pipeline& pipeline, const GenerateOptions& o)
      : pipeline_(pipeline), options_(o) {}

  void LoadPlain() {
    plain_ = std::make_unique<Unet>(pipeline_.bundle(), pipeline_.placement());
  }
  void LoadErased(const Erasers& erasers) {
    erased_ = std::make_unique<ErasedDenoiser>(
        pipeline_.bundle(), pipeline_.placement(), erasers, options_.strength);
    names_ = ConceptNames(erasers);
  }

  std::vector<Picture> operator()(const std::vector<ImageSettings>& batch) {
    std::vector<ImagePrompt> prompts;
    for (const ImageSettings& image : batch) {
      prompts.push_back({image.prompt, image.negative_prompt, image.seed});
    }
    SamplingSettings settings;
    settings.num_inference_steps = options_.steps;
    settings.guidance_scale = batch[0].guidance_scale;
    settings.interrupted = WasInterrupted;
    if (erased_) erased_->TakeGateActivity();  // of a batch that failed
    const auto scheduler = pipeline_.MakeScheduler(options_.scheduler);
    Denoiser& denoiser = erased_ ? static_cast<Denoiser&>(*erased_) : *plain_;
    const at::Tensor latents =
        pipeline_.Sample(denoiser, *scheduler, prompts, batch[0].width,
                         batch[0].height, settings);
    return ToPictures(pipeline_.Decode(latents));
  }

 private:
  std::vector<Picture> ToPictures(const at::Tensor& pixels) {
    const at::Tensor activity =
        erased_ ? erased_->TakeGateActivity() : at::Tensor();
    std::vector<Picture> pictures;
    for (int64_t b = 0; b < pixels.size(0); ++b) {
      const at::Tensor image = pixels[b];  // (height, width, 3) uint8
      const auto* bytes = image.const_data_ptr<uint8_t>();
      Picture picture{
          image.size(1), image.size(0), {bytes, bytes + image.numel()}, {}};
      for (size_t n = 0; n < names_.size() && activity.defined(); ++n) {
        const double share =
            activity[b][static_cast<int64_t>(n)].item<double>();
        if (share > 0) picture.gate_activity.emplace_back(names_[n], share);
      }
      pictures.push_back(std::move(picture));
    }
    return pictures;
  }

  Pipeline& pipeline_;
  const GenerateOptions& options_;
  std::unique_ptr<Unet> plain_;
  std::unique_ptr<ErasedDenoiser> erased_;
  std::vector<std::string> names_;
};

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

void PrintSummary(const JobSummary& summary, const GenerateOptions& o) {
  if (o.output.json) {
    json failures = json::array();
    for (const JobFailure& f : summary.failures) {
      failures.push_back(
          {{"file", f.file}, {"row", f.row}, {"message", f.message}});
    }
    const json document = {{"out", o.out},
                           {"made", summary.made},
                           {"skipped", summary.skipped},
                           {"failed", summary.failed},
                           {"seconds", summary.seconds},
                           {"failures", failures}};
    std::cout << document.dump(2) << '\n';
  } else if (!o.output.quiet) {
    std::cout << o.out << ": " << summary.made << " pictures made";
    if (summary.skipped > 0)
      std::cout << ", " << summary.skipped << " were there already";
    if (summary.failed > 0) std::cout << ", " << summary.failed << " failed";
    std::cout << '\n';
  }
  for (const JobFailure& f : summary.failures)
    LogWarning(f.file + ": " + f.message);
}

int RunGenerate(const GenerateOptions& o) {
  const bool quiet = o.output.quiet || o.output.json;
  SetQuiet(quiet);
  const std::vector<PromptRow> rows = RowsFromOptions(o);
  const std::string origin =
      o.prompts_file.empty() ? "--prompt" : o.prompts_file;
  RowDefaults defaults;
  defaults.settings = {"",         o.negative_prompt, o.seed,
                       o.guidance, o.width,           o.height};
  defaults.num_images = o.num_images;
  std::vector<JobImage> images = ImagesOfRows(rows, defaults, origin);

  Pipeline pipeline(o.model, o.placement.Parse());
  CheckImages(pipeline, images, origin);
  Erasers erasers;
  if (!o.erasers.empty()) erasers = LoadErasers(o, pipeline.bundle());
  JobSettings job;
  job.out_folder = o.out;
  job.filename_template = !o.filename.empty() ? o.filename
                          : o.prompts_file.empty()
                              ? "{prompt-dashed}_{seed}_{i}.png"
                              : "{case_number}_{i}.png";
  job.batch_size = o.batch_size;
  job.overwrite = o.overwrite;
  ParseShard(o.shard, job);
  job.origin = origin;
  job.facts = FactsOf(o, pipeline, erasers);
  job.interrupted = WasInterrupted;
  job.notice = LogNote;
  Progress progress("pictures", quiet);
  job.progress = [&](const JobProgress& p) {
    progress.Update("generate",
                    static_cast<int64_t>(p.made + p.skipped + p.failed),
                    static_cast<int64_t>(p.total));
  };

  BatchSampler sampler(pipeline, o);
  job.prepare = [&] {
    std::vector<std::string> prompts;
    prompts.reserve(rows.size());
    for (const PromptRow& row : rows) prompts.push_back(row.prompt);
    WarnOfCutPrompts(pipeline, prompts);
    if (erasers.concepts.empty())
      sampler.LoadPlain();
    else
      sampler.LoadErased(erasers);
    pipeline.LoadDecoder();
  };
  const JobSummary summary = RunJob(
      images, job,
      [&](const std::vector<ImageSettings>& batch) { return sampler(batch); });
  progress.Finish();
  PrintSummary(summary, o);
  return summary.failed == 0 ? kDone : kSomeFailed;
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
