#include "cli/job_summary.h"

#include <cmath>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <utility>

#include "base/file.h"
#include "base/stopwatch.h"
#include "cli/log.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

const char* StateName(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return "running";
    case JobState::kDone:
      return "done";
    case JobState::kInterrupted:
      return "interrupted";
    case JobState::kFailed:
      return "failed";
  }
  return "";
}

// "2026-11-26T07:45:12Z", `seconds` ago.
std::string UtcTime(double seconds) {
  const std::time_t time = std::time(nullptr) - std::lround(seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

ordered_json FailuresOf(const JobSummary& summary) {
  ordered_json listed = ordered_json::array();
  for (const JobFailure& failure : summary.failures) {
    listed.push_back({{"file", failure.file},
                      {"row", failure.row},
                      {"line", failure.line},
                      {"message", failure.message}});
  }
  return {{"count", summary.failed}, {"listed", listed}};
}

}  // namespace

JobSummaryFile::JobSummaryFile(const JobSettings& job, ordered_json known,
                               double seconds_before, bool print)
    : job_(job),
      known_(std::move(known)),
      started_(UtcTime(seconds_before)),
      seconds_before_job_(seconds_before),
      print_(print) {}

void JobSummaryFile::Save(const JobSummary& summary) const {
  const std::string path = job_.out_folder + "/" + SummaryName(job_);
  const std::string document = Document(summary);
  try {
    WriteFileAtomically(path, document);
  } catch (const Error& error) {
    // That of before would tell of a job that still runs.
    std::error_code kept;
    std::filesystem::remove(path, kept);
    LogWarning(error.what());
  }
  Print(summary.state, document);
}

void JobSummaryFile::Print(const JobSummary& summary) const {
  Print(summary.state, Document(summary));
}

void JobSummaryFile::Print(JobState state, const std::string& document) const {
  if (print_ && state != JobState::kRunning) std::cout << document;
}

std::string JobSummaryFile::Document(const JobSummary& summary) const {
  ordered_json document = {{"format", "gloce-job-summary"},
                           {"version", 1},
                           {"state", StateName(summary.state)}};
  if (!summary.error.empty()) document["error"] = summary.error;
  document["pictures"] = summary.total;
  document["made"] = summary.made;
  document["skipped"] = summary.skipped;
  document["failed"] = summary.failed;
  document["missing"] = summary.total - summary.made - summary.skipped;
  document["failures"] = FailuresOf(summary);
  document.update(known_);
  document["shard"] = {{"shard", job_.shard}, {"num_shards", job_.num_shards}};
  ordered_json& timings = document["timings"];
  const auto add = [&](const char* name, double seconds) {
    timings[name] = RoundedToMilliseconds(seconds);
  };
  timings["started"] = started_;
  if (summary.state != JobState::kRunning) timings["ended"] = UtcTime(0);
  add("start_up", seconds_before_job_ + summary.seconds_of_start);
  add("scan", summary.seconds_of_scan);
  add("sampling", summary.seconds_of_sampling);
  if (summary.sampled > 0) {
    add("a_picture",
        summary.seconds_of_sampling / static_cast<double>(summary.sampled));
  }
  add("total", seconds_before_job_ + summary.seconds);
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string SummaryName(const JobSettings& job) {
  if (job.num_shards == 1) return "summary.json";
  return "summary-" + std::to_string(job.shard) + "-of-" +
         std::to_string(job.num_shards) + ".json";
}

}  // namespace gloce
