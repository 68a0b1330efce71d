#include "cli/job_check.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "batch/job_plan.h"
#include "batch/job_state.h"
#include "cli/command.h"
#include "cli/job_report.h"
#include "cli/log.h"
#include "cli/progress.h"
#include "cli/room.h"

namespace gloce {
namespace {

using nlohmann::json;

struct Estimate {
  int64_t bytes_free = 0;  // where the job writes
  double seconds_per_step = 0;
  double seconds = 0;
};

// Measures the first picture that would be sampled and takes the others in
// proportion to their pixels.
void EstimateTime(const std::vector<JobImage>& images, const JobSurvey& survey,
                  BatchSampler& sampler, Estimate& estimate) {
  const ImageSettings& measured = images[survey.batches[0][0]].settings;
  const PictureCost cost = sampler.Measure(measured);
  estimate.seconds_per_step = cost.seconds_per_step;
  const auto pixels = static_cast<double>(measured.width * measured.height);
  for (const Batch& batch : survey.batches) {
    for (const size_t k : batch) {
      const ImageSettings& image = images[k].settings;
      estimate.seconds +=
          static_cast<double>(cost.steps) * cost.seconds_per_step *
              WorkOfAStep(image) / WorkOfAStep(measured) +
          cost.seconds_of_decoding *
              static_cast<double>(image.width * image.height) / pixels;
    }
  }
}

json ToJson(const JobSurvey& survey, const Estimate& estimate,
            const std::vector<BadRow>& bad_rows, const std::string& out) {
  return {{"out", out},
          {"pictures", survey.total},
          {"there", survey.there},
          {"to_make", survey.to_make()},
          {"made_again", survey.made_again},
          {"bad_rows", ToJson(bad_rows)},
          {"collisions", ToJson(survey.collisions)},
          {"bytes_at_most", survey.bytes},
          {"bytes_free", estimate.bytes_free},
          {"seconds_per_step", estimate.seconds_per_step},
          {"seconds_estimate", estimate.seconds}};
}

void Print(const JobSurvey& survey, const Estimate& estimate, size_t bad_rows,
           const std::string& out) {
  std::cout << out << ": " << Counted(survey.total, "picture") << ", "
            << survey.there << " there already, " << survey.to_make()
            << " to make";
  if (survey.made_again > 0)
    std::cout << ", " << survey.made_again << " of them again";
  std::cout << "\nrows: " << Counted(bad_rows, "bad row") << "\nfile names: "
            << Counted(survey.collisions.size(), "collision")
            << "\ndisk: at most " << SizeText(survey.bytes) << " needed, "
            << SizeText(estimate.bytes_free) << " free\n";
  char line[120];
  std::snprintf(line, sizeof line,
                "time: about %s here, at %.3g s a step of one picture\n",
                DurationText(estimate.seconds).c_str(),
                estimate.seconds_per_step);
  std::cout << line;
}

}  // namespace

int CheckJob(const std::vector<JobImage>& images, const JobSettings& job,
             const std::vector<BadRow>& bad_rows, BatchSampler& sampler,
             bool in_json, bool quiet) {
  const JobSurvey survey = SurveyJob(images, job);
  WarnOfBadRows(bad_rows);
  WarnOfBadRows(survey.collisions);
  Estimate estimate;
  estimate.bytes_free = FreeBytes(job.out_folder);
  if (!survey.batches.empty()) {
    job.prepare();
    EstimateTime(images, survey, sampler, estimate);
  }
  if (in_json) {
    std::cout << ToJson(survey, estimate, bad_rows, job.out_folder).dump(2)
              << '\n';
  } else if (!quiet) {
    Print(survey, estimate, bad_rows.size(), job.out_folder);
  }
  const bool lacks_room = survey.bytes > estimate.bytes_free;
  if (lacks_room) {
    LogWarning(job.out_folder + ": the pictures may take " +
               SizeText(survey.bytes) + ", but the disk has " +
               SizeText(estimate.bytes_free) + " free");
  }
  const bool refuses =
      job.refuse_mismatches && !survey.mismatches.CanBeOfAKill();
  if (refuses) LogWarning(survey.mismatches.Refusal(job.out_folder));
  if (!survey.collisions.empty()) return kWrongUsage;
  if (lacks_room || refuses) return kFailed;
  return bad_rows.empty() ? kDone : kSomeFailed;
}

}  // namespace gloce
