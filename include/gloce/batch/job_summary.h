// What a job tells of itself while it runs and in the end.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gloce {

// Counts of pictures; made + skipped + failed grows to total.
struct JobProgress {
  size_t total = 0;  // of this shard
  size_t made = 0;
  size_t skipped = 0;
  size_t failed = 0;
  double seconds = 0;  // since the job began
};

struct JobFailure {
  std::string file;
  size_t row = 0;
  size_t line = 0;
  std::string message;
};

enum class JobState {
  kRunning,
  kDone,  // nothing is missing but what failed
  kInterrupted,
  kFailed  // nothing more could be done
};

// This many failures are listed, the rest is counted.
inline constexpr size_t kMaxListedFailures = 100;

// What a run of a job did so far.
struct JobSummary {
  JobState state = JobState::kRunning;
  std::string error;  // why it was interrupted or failed
  size_t total = 0;   // pictures of this shard
  size_t made = 0;
  size_t skipped = 0;  // there and right already
  size_t failed = 0;
  std::vector<JobFailure> failures;  // the first of them
  // Seconds since the job began: until what is there was looked at, and until
  // the first batch.
  double seconds_of_scan = 0;
  double seconds_of_start = 0;
  // In SampleBatch, and of how many pictures.
  double seconds_of_sampling = 0;
  size_t sampled = 0;
  double seconds = 0;  // in all
};

}  // namespace gloce
