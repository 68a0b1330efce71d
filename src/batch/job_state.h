// What is there of a job already.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/run_manifest.h"
#include "batch/job_plan.h"
#include "batch/mismatches.h"
#include "gloce/batch/job.h"

namespace gloce {

// What image `image`'s line in manifest.jsonl says, but for what is measured
// while the picture is made.
RunRecord RecordOfImage(const JobImage& image, const std::string& file,
                        const RunFacts& facts);

// The file of the gate maps of the picture `file`, within the output folder;
// empty if a picture of this record has none.
std::string GateMapsFile(const RunRecord& record, const JobSettings& settings);

// Whether the file system of the folder, which a job has locked, takes names
// that differ in case for one.
bool IgnoresCase(const std::string& folder);

// Which images of a shard have a line in manifest.jsonl that fits them.
class FittingLines {
 public:
  // All arguments must outlive this.
  FittingLines(const std::vector<JobImage>& images,
               const std::vector<std::string>& files, const RunFacts& facts,
               const std::vector<Batch>& batches);

  // Lines are seen in the file's order: the last one of a picture counts.
  void See(const RunRecord& record);

  bool Has(size_t image) const { return has_line_[image]; }

 private:
  const std::vector<JobImage>& images_;
  const std::vector<std::string>& files_;
  const RunFacts& facts_;
  std::unordered_map<std::string_view, size_t> image_of_file_;
  std::vector<bool> has_line_;
};

// What a job would do, found out without writing anything.
struct JobSurvey {
  size_t total = 0;            // pictures of this shard
  size_t there = 0;            // that can stay
  size_t made_again = 0;       // that are there but not right, or overwritten
  Mismatches mismatches;       // unless all are overwritten
  std::vector<Batch> batches;  // to sample
  std::vector<BadRow> collisions;  // of file names, by the second row
  int64_t bytes = 0;               // of what will be written, at most

  size_t to_make() const { return total - there; }
};

// Looks at a job's names, its folder and its manifest. Throws as RunJob does,
// but lists collisions.
JobSurvey SurveyJob(const std::vector<JobImage>& images,
                    const JobSettings& settings);

}  // namespace gloce
