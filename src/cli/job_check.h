// gloce generate --check: what a job would do and cost.
#pragma once

#include <string>
#include <vector>

#include "batch/prompt_table.h"
#include "cli/batch_sampler.h"
#include "gloce/batch/job.h"

namespace gloce {

// Looks at a job and prints what it would do, on stdout, as one JSON document
// or in a few lines; `bad_rows` and names that collide are warnings before. If
// pictures are missing, `job.prepare` loads the networks and `sampler` measures
// them; nothing is sampled to the end and nothing is written.
//
// Returns the exit code that the job would end with as far as one can know:
// kWrongUsage if names collide, kFailed if the disk lacks room for the largest
// that the pictures can be or the job would refuse what is there, kSomeFailed
// if there are bad rows, kDone. Throws as RunJob does.
int CheckJob(const std::vector<JobImage>& images, const JobSettings& job,
             const std::vector<BadRow>& bad_rows, BatchSampler& sampler,
             bool json, bool quiet);

}  // namespace gloce
