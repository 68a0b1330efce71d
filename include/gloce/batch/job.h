// A job: many pictures into one folder, resumable, one manifest line a picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gloce/batch/job_summary.h"

namespace gloce {

// What decides one picture, beside the settings that the whole run shares.
struct ImageSettings {
  std::string prompt;
  std::string negative_prompt;
  int64_t seed = 0;  // at least 0
  double guidance_scale = 7.5;
  int64_t width = 0;  // pixels
  int64_t height = 0;
  // Which of RunFacts::choices is erased; nothing for what the run erases.
  std::optional<size_t> choice = {};
};

// One picture of a job, and where it came from.
struct JobImage {
  ImageSettings settings;
  std::string case_number;
  int64_t i = 0;    // the image within its row, from 0
  size_t row = 0;   // the row within the job, from 0
  size_t line = 0;  // the row's line in its file, from 1; 0 if there is none
};

struct Picture {
  std::string failure;  // why there is none; all else is empty then
  int64_t width = 0;
  int64_t height = 0;
  std::vector<uint8_t> rgb;  // height × width × 3, row by row from the top
  // Per concept: the share of tokens × layers × steps with its gate above 0.5.
  std::vector<std::pair<std::string, double>> gate_activity;
  std::string gate_maps;  // a file's bytes; empty if there are none
};

// Makes the pictures of one batch, which share width, height, guidance scale
// and choice of concepts, in order. An Error fails that batch only, a picture's
// `failure` that picture; Interrupted ends the job.
using SampleBatch =
    std::function<std::vector<Picture>(const std::vector<ImageSettings>&)>;

// What is erased from a picture.
struct ErasureFacts {
  std::string erasers;  // hash; empty if nothing is erased
  std::vector<std::string> concepts;
};

// What all pictures of a run share; goes into their records.
struct RunFacts {
  std::string scheduler;
  int64_t steps = 0;
  std::string model;
  std::string model_identity;
  std::string bundle;  // hash of all of it that decides pictures
  std::string dtype = "float32";
  std::string erasers;  // hash; empty if nothing is erased
  std::vector<std::string> concepts;
  double strength = 1;
  std::vector<ErasureFacts> choices = {};  // of single pictures
};

struct JobSettings {
  std::string out_folder;
  std::string filename_template;  // see batch/output_names.h
  int64_t batch_size = 1;
  bool overwrite = false;
  // Pictures from which something is erased bring gate maps, which are written
  // to gates/, at the picture's name with .safetensors behind it. A picture
  // without them is not right.
  bool gate_maps = false;
  // Ends the job before anything is changed if pictures are there that are not
  // right; else they are made again. What a kill can leave is made again in
  // any case: pictures of one batch that lack nothing but their lines.
  bool refuse_mismatches = false;
  // Shard `shard` of `num_shards`, from 1. Whole batches are dealt out in
  // contiguous runs of about equal work (pixels × pictures, twice with
  // guidance), so that a shard's pictures are those of the undivided job to the
  // bit.
  int64_t shard = 1;
  int64_t num_shards = 1;
  std::string origin;  // what the rows were read from; begins messages on rows
  RunFacts facts;
  // Each may be empty. `prepare` is called once, before the first batch that is
  // sampled, and not at all if nothing is missing; what it throws ends the job,
  // and a folder that the job made is gone again. `interrupted` is asked
  // between pictures that are checked and between batches; `notice` gets one
  // line about a file that is there but not right; `progress` follows the check
  // of what is there and every batch. `state_changed` is called under the
  // folder's lock before the first batch and, if it came so far, at the job's
  // end, whatever ends it; it must not throw.
  std::function<void()> prepare;
  std::function<bool()> interrupted;
  std::function<void(const std::string&)> notice;
  std::function<void(const JobProgress&)> progress;
  std::function<void(const JobSummary&)> state_changed;
};

// Runs a job. Images of equal size, guidance and choice of concepts are put
// together, in their order, into batches of `batch_size`, cut from the whole
// job before anything is skipped; batches go by their first images. A batch of
// which a picture is missing is computed whole and only what is missing is
// written, so that a resumed job equals an undisturbed one.
//
// A picture is skipped if its file is a whole PNG that says it was made with
// these settings (the file's own text and its line in manifest.jsonl). Files
// are written whole or not at all; their line follows at once. When the job
// ends, each picture has one line, in the job's order.
//
// Throws UsageError if a setting is out of range; Error if two images would
// share a file, if another process writes in the folder, if manifest.jsonl is
// damaged, if the disk refuses a write, or if the folder or its manifest is
// removed meanwhile, or for JobSettings::refuse_mismatches; Interrupted once
// asked to stop. Whatever it throws, every file is whole and the next run goes
// on from there.
JobSummary RunJob(const std::vector<JobImage>& images,
                  const JobSettings& settings, const SampleBatch& sample);

}  // namespace gloce
