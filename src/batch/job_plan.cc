#include "batch/job_plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "batch/output_names.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// What the images of a batch share.
using Kind = std::tuple<int64_t, int64_t, double, std::optional<size_t>>;

Kind KindOf(const ImageSettings& image) {
  return {image.width, image.height, image.guidance_scale, image.choice};
}

BadRow Collision(const JobImage& first, const JobImage& second,
                 const std::string& file, const std::string& origin) {
  const auto row = [](const JobImage& image) {
    return "case " + image.case_number +
           (image.line == 0 ? ""
                            : " (line " + std::to_string(image.line) + ")");
  };
  std::string message = PlaceOfRow(origin, second.line) + ": ";
  if (first.row == second.row) {
    message += "images " + std::to_string(first.i) + " and " +
               std::to_string(second.i) + " of " + row(second) +
               " would both be \"" + file +
               "\"; use {i} or {seed} in the file-name template";
  } else {
    message += row(second) + " and " + row(first) + " would both be \"" + file +
               "\"; use {case_number} or {row} in the file-name template";
  }
  return {second.row, second.line, message};
}

}  // namespace

std::vector<Batch> CutIntoBatches(const std::vector<JobImage>& images,
                                  int64_t batch_size) {
  std::vector<Batch> batches;
  std::map<Kind, size_t> open;  // the batch that is being filled
  for (size_t i = 0; i < images.size(); ++i) {
    const auto [last, is_new] =
        open.emplace(KindOf(images[i].settings), batches.size());
    if (!is_new &&
        batches[last->second].size() == static_cast<size_t>(batch_size)) {
      last->second = batches.size();
    }
    if (last->second == batches.size()) batches.emplace_back();
    batches[last->second].push_back(i);
  }
  return batches;
}

std::vector<Batch> BatchesOfShard(const std::vector<Batch>& batches,
                                  int64_t shard, int64_t num_shards) {
  // With n = q·shards + r batches, the first r shards get q + 1, the rest q.
  const auto shards = static_cast<size_t>(num_shards);
  const auto before = static_cast<size_t>(shard - 1);
  const size_t each = batches.size() / shards;
  const size_t extra = batches.size() % shards;
  const size_t begin = before * each + std::min(before, extra);
  const size_t count = each + (before < extra ? 1 : 0);
  return {batches.begin() + begin, batches.begin() + begin + count};
}

NamedImages NameImages(const std::vector<JobImage>& images,
                       const std::string& filename_template,
                       const std::string& origin) {
  const NameTemplate names(filename_template);
  NamedImages named;
  named.files.reserve(images.size());
  // The views stay valid: `files` never reallocates.
  std::unordered_map<std::string_view, size_t> image_of_file;
  image_of_file.reserve(images.size());
  for (const JobImage& image : images) {
    const size_t index = named.files.size();
    named.files.push_back(
        names.Name({image.case_number, image.settings.prompt, image.i,
                    image.settings.seed, image.row}));
    const std::string& file = named.files.back();
    const auto [other, is_new] = image_of_file.emplace(file, index);
    if (!is_new) {
      named.collisions.push_back(
          Collision(images[other->second], image, file, origin));
    }
  }
  return named;
}

std::vector<std::string> FilesOfImages(const std::vector<JobImage>& images,
                                       const std::string& filename_template,
                                       const std::string& origin) {
  NamedImages named = NameImages(images, filename_template, origin);
  if (!named.collisions.empty()) {
    throw UsageError(named.collisions[0].message);
  }
  return std::move(named.files);
}

}  // namespace gloce
