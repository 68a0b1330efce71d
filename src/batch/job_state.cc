#include "batch/job_state.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/folder_lock.h"
#include "batch/manifest_log.h"
#include "batch/parameters_text.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;

// stb_image_write codes a byte in at most 9 bits, after one for the filter of
// each line; texts and chunk heads come on top, and the line of the manifest.
int64_t BytesAtMost(const RunRecord& record) {
  constexpr int64_t kHeads = 1024;
  const int64_t raw = (3 * record.width + 1) * record.height;
  return raw * 9 / 8 + kHeads +
         static_cast<int64_t>(ParametersText(record).size() +
                              ToJsonLine(record).size());
}

}  // namespace

RunRecord RecordOfImage(const JobImage& image, const std::string& file,
                        const RunFacts& facts) {
  const ImageSettings& settings = image.settings;
  RunRecord record;
  record.file = file;
  record.prompt = settings.prompt;
  record.negative_prompt = settings.negative_prompt;
  record.seed = settings.seed;
  record.scheduler = facts.scheduler;
  record.steps = facts.steps;
  record.guidance = settings.guidance_scale;
  record.width = settings.width;
  record.height = settings.height;
  record.model = facts.model;
  record.model_identity = facts.model_identity;
  record.bundle = facts.bundle;
  record.dtype = facts.dtype;
  if (!settings.choice) {
    record.erasers = facts.erasers;
    record.concepts = facts.concepts;
    record.strength = facts.strength;
  } else if (const ErasureFacts& choice = facts.choices.at(*settings.choice);
             !choice.erasers.empty()) {
    record.erasers = choice.erasers;
    record.concepts = choice.concepts;
    record.strength = facts.strength;
  }
  return record;
}

std::string GateMapsFile(const RunRecord& record, const JobSettings& settings) {
  if (!settings.gate_maps || record.erasers.empty()) return "";
  return GateMapsPath(record.file);
}

bool IgnoresCase(const std::string& folder) {
  std::string upper = kLockName;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  std::error_code missing;
  return fs::equivalent(folder + "/" + kLockName, folder + "/" + upper,
                        missing);
}

FittingLines::FittingLines(const std::vector<JobImage>& images,
                           const std::vector<std::string>& files,
                           const RunFacts& facts,
                           const std::vector<Batch>& batches)
    : images_(images),
      files_(files),
      facts_(facts),
      has_line_(images.size(), false) {
  for (const Batch& batch : batches) {
    for (const size_t k : batch) {
      image_of_file_.emplace(files[k], k);
    }
  }
}

void FittingLines::See(const RunRecord& record) {
  const auto found = image_of_file_.find(record.file);
  if (found == image_of_file_.end()) return;
  const size_t k = found->second;
  RunRecord expected = RecordOfImage(images_[k], files_[k], facts_);
  expected.gate_activity = record.gate_activity;
  expected.seconds = record.seconds;
  has_line_[k] = record == expected;
}

JobSurvey SurveyJob(const std::vector<JobImage>& images,
                    const JobSettings& settings) {
  const auto [files, collisions] =
      NameImages(images, settings.filename_template, settings.origin);
  const std::vector<Batch> batches =
      BatchesOfShard(CutIntoBatches(images, settings.batch_size), images,
                     settings.shard, settings.num_shards);
  const std::string& out = settings.out_folder;
  std::error_code unreadable;  // which the job itself will report
  if (fs::exists(out, unreadable) && !fs::is_directory(out, unreadable)) {
    throw Error(out + ": is not a folder");
  }
  FittingLines lines(images, files, settings.facts, batches);
  ReadRunManifest(out + "/manifest.jsonl", [&](const RunRecord& record, size_t,
                                               size_t) { lines.See(record); });
  JobSurvey survey;
  survey.collisions = collisions;
  if (collisions.empty() && IgnoresCase(out)) {
    survey.collisions = CollisionsWithoutCase(images, files, settings.origin);
  }
  for (size_t b = 0; b < batches.size(); ++b) {
    bool complete = true;
    for (const size_t k : batches[b]) {
      if (settings.interrupted && settings.interrupted()) throw Interrupted();
      const RunRecord record =
          RecordOfImage(images[k], files[k], settings.facts);
      const std::string path = out + "/" + files[k];
      ++survey.total;
      const bool there = fs::exists(path, unreadable);
      const std::string gates = GateMapsFile(record, settings);
      if (there && !settings.overwrite &&
          survey.mismatches
              .Check(path, record, lines.Has(k),
                     gates.empty() ? "" : out + "/" + gates, b)
              .empty()) {
        ++survey.there;
        continue;
      }
      complete = false;
      survey.made_again += there;
      survey.bytes += BytesAtMost(record);
    }
    if (!complete) survey.batches.push_back(batches[b]);
  }
  return survey;
}

}  // namespace gloce
