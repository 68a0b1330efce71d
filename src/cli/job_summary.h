// summary.json: what a run of a job was, did and took (docs/formats.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "gloce/batch/job.h"

namespace gloce {

// Puts a job's summary into its output folder whenever its state changes, and
// on stdout at its end if that is asked for.
class JobSummaryFile {
 public:
  // `known` is what the document says beside counts and times. `job` must
  // outlive this. The job begins now, `seconds_before` after the command.
  JobSummaryFile(const JobSettings& job, nlohmann::ordered_json known,
                 double seconds_before, bool print);

  // For JobSettings::state_changed. A file that cannot be written is a warning:
  // how the job ends is for the job to say.
  void Save(const JobSummary& summary) const;

  // Prints, if that is asked for, the end of a job without an output folder.
  void Print(const JobSummary& summary) const;

 private:
  void Print(JobState state, const std::string& document) const;
  std::string Document(const JobSummary& summary) const;

  const JobSettings& job_;
  const nlohmann::ordered_json known_;
  const std::string started_;        // ISO 8601, UTC
  const double seconds_before_job_;  // since the command began
  const bool print_;
};

// "summary.json", or "summary-2-of-3.json" for a shard: the shards of a job may
// be made one after another in one folder.
std::string SummaryName(const JobSettings& job);

}  // namespace gloce
