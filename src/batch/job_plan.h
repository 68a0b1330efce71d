// What a job will compute and where it will write, before it begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "batch/prompt_table.h"
#include "gloce/batch/job.h"

namespace gloce {

// The images of a batch, by their places in the job, which grow.
using Batch = std::vector<size_t>;

// Puts the images of equal width, height, guidance scale and choice of concepts
// together, in their order, into batches of `batch_size`, of which the last of
// each kind may be shorter. The batches go by their first images.
std::vector<Batch> CutIntoBatches(const std::vector<JobImage>& images,
                                  int64_t batch_size);

// Pixels that go through the network in a step; guidance takes two passes.
double WorkOfAStep(const ImageSettings& image);

// The batches of shard `shard` of `num_shards`, from 1: a contiguous run that
// has its n-th part of the work of a step, give or take half a batch at either
// end. Which one depends on the job alone, not on what was made of it.
std::vector<Batch> BatchesOfShard(const std::vector<Batch>& batches,
                                  const std::vector<JobImage>& images,
                                  int64_t shard, int64_t num_shards);

// The file of each image within the output folder, and the images whose file
// another one has already, by their rows.
struct NamedImages {
  std::vector<std::string> files;
  std::vector<BadRow> collisions;
};

// `origin` begins messages. Throws UsageError for a faulty template (see
// NameTemplate).
NamedImages NameImages(const std::vector<JobImage>& images,
                       const std::string& filename_template,
                       const std::string& origin);

// The images whose file, one of `files`, a file system that ignores case (and
// dots and spaces at the end of a folder's name) takes for another one's.
std::vector<BadRow> CollisionsWithoutCase(const std::vector<JobImage>& images,
                                          const std::vector<std::string>& files,
                                          const std::string& origin);

// The files alone. Throws UsageError also if two images would share one, naming
// both rows.
std::vector<std::string> FilesOfImages(const std::vector<JobImage>& images,
                                       const std::string& filename_template,
                                       const std::string& origin);

}  // namespace gloce
