#include "cli/generate_options.h"

#include <limits>

#include "base/join.h"
#include "batch/output_names.h"
#include "batch/prompt_columns.h"
#include "batch/prompt_table.h"
#include "cli/interrupt.h"
#include "gloce/base/error.h"
#include "gloce/diffusion/scheduler.h"

namespace gloce {
namespace {

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

void RegisterInputs(CLI::App& app, GenerateOptions& o) {
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
}

void RegisterJob(CLI::App& app, GenerateOptions& o) {
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

}  // namespace

void RegisterErasersOptions(CLI::App& app, GenerateOptions& o) {
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
  app.add_flag("--gate-maps", o.gate_maps,
               "Keep where and when each gate opened, in OUT/gates, for gloce "
               "eval")
      ->needs("--erasers");
}

void RegisterSamplingOptions(CLI::App& app, GenerateOptions& o) {
  app.add_option("--negative-prompt", o.negative_prompt, "What not to draw");
  app.add_option("--seed", o.seed, "Seed of a prompt's first picture")
      ->check(WholeRange(0, std::numeric_limits<int64_t>::max()))
      ->capture_default_str();
  app.add_option("--num-images", o.num_images, "Pictures a prompt")
      ->check(WholeRange(1, 1000000))
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
}

void RegisterGenerateOptions(CLI::App& app, GenerateOptions& options) {
  RegisterInputs(app, options);
  RegisterErasersOptions(app, options);
  RegisterSamplingOptions(app, options);
  RegisterJob(app, options);
  options.placement.Register(app);
  options.output.Register(app);
  app.footer(kFooter);
}

std::string OriginOf(const GenerateOptions& options) {
  return options.prompts_file.empty() ? "--prompt" : options.prompts_file;
}

JobSettings JobOf(const GenerateOptions& options) {
  JobSettings job;
  job.out_folder = options.out;
  job.filename_template = !options.filename.empty() ? options.filename
                          : options.prompts_file.empty()
                              ? "{prompt-dashed}_{seed}_{i}.png"
                              : kCaseNumberTemplate;
  job.batch_size = options.batch_size;
  job.overwrite = options.overwrite;
  job.gate_maps = options.gate_maps;
  job.refuse_mismatches = options.on_mismatch == "refuse";
  ParseShard(options.shard, job);
  job.origin = OriginOf(options);
  return job;
}

}  // namespace gloce
