#include "batch/job_plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/folder_lock.h"
#include "batch/output_names.h"
#include "gloce/base/error.h"
#include "text/unicode.h"

namespace gloce {
namespace {

// What the images of a batch share.
using Kind = std::tuple<int64_t, int64_t, double, std::optional<size_t>>;

Kind KindOf(const ImageSettings& image) {
  return {image.width, image.height, image.guidance_scale, image.choice};
}

BadRow Collision(const JobImage& first, const JobImage& second,
                 const std::string& what, const std::string& origin) {
  const auto row = [](const JobImage& image) {
    return "case " + image.case_number +
           (image.line == 0 ? ""
                            : " (line " + std::to_string(image.line) + ")");
  };
  std::string message = PlaceOfRow(origin, second.line) + ": ";
  if (first.row == second.row) {
    message += "images " + std::to_string(first.i) + " and " +
               std::to_string(second.i) + " of " + row(second) +
               " would both be " + what +
               "; use {i} or {seed} in the file-name template";
  } else {
    message += row(second) + " and " + row(first) + " would both be " + what +
               "; use {case_number} or {row} in the file-name template";
  }
  return {second.row, second.line, message};
}

// Whether the picture `file` would need a folder in place of a file that a job
// keeps beside its pictures.
bool IsOfTheJob(const std::string& file) {
  const std::string first = file.substr(0, file.find('/'));
  return first == "manifest.jsonl" || first == kLockName ||
         (first.starts_with("summary") && first.ends_with(".json"));
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

double WorkOfAStep(const ImageSettings& image) {
  return static_cast<double>(image.width) * static_cast<double>(image.height) *
         (image.guidance_scale > 1 ? 2 : 1);
}

std::vector<Batch> BatchesOfShard(const std::vector<Batch>& batches,
                                  const std::vector<JobImage>& images,
                                  int64_t shard, int64_t num_shards) {
  // Whole numbers, which doubles add up exactly.
  const auto work_of = [&](const Batch& batch) {
    return static_cast<double>(batch.size()) *
           WorkOfAStep(images[batch[0]].settings);
  };
  double total = 0;
  for (const Batch& batch : batches) total += work_of(batch);
  // A batch belongs to the shard in whose part of the work its middle lies.
  std::vector<Batch> own;
  double before = 0;
  for (const Batch& batch : batches) {
    const double work = work_of(batch);
    const double middle = before + work / 2;
    const auto of_shard =
        static_cast<int64_t>(middle * static_cast<double>(num_shards) / total);
    if (std::min(of_shard, num_shards - 1) == shard - 1) own.push_back(batch);
    before += work;
  }
  return own;
}

namespace {

// The images whose key is that of one before them. The keys must outlive the
// call; `what` is called for each image that is found.
template <typename What>
std::vector<BadRow> Repeated(const std::vector<JobImage>& images,
                             const std::vector<std::string>& keys,
                             const std::string& origin, const What& what) {
  std::vector<BadRow> repeated;
  std::unordered_map<std::string_view, size_t> image_of_key;
  image_of_key.reserve(keys.size());
  for (size_t k = 0; k < keys.size(); ++k) {
    const auto [first, is_new] = image_of_key.emplace(keys[k], k);
    if (is_new) continue;
    repeated.push_back(
        Collision(images[first->second], images[k], what(k), origin));
  }
  return repeated;
}

// What a file system that ignores case compares, as Windows' and macOS' do.
std::string WithoutCase(const std::string& file) {
  std::string key = EncodeUtf8(ToLower(DecodeUtf8(file)));
  for (size_t end = key.find('/'); end != key.npos; end = key.find('/', end)) {
    size_t begin = end;
    while (begin > 0 && (key[begin - 1] == '.' || key[begin - 1] == ' '))
      --begin;
    key.erase(begin, end - begin);
    end = begin + 1;
  }
  return key;
}

}  // namespace

NamedImages NameImages(const std::vector<JobImage>& images,
                       const std::string& filename_template,
                       const std::string& origin) {
  const NameTemplate names(filename_template);
  NamedImages named;
  named.files.reserve(images.size());
  for (const JobImage& image : images) {
    named.files.push_back(
        names.Name({image.case_number, image.settings.prompt, image.i,
                    image.settings.seed, image.row}));
  }
  named.collisions = Repeated(images, named.files, origin, [&](size_t k) {
    return "\"" + named.files[k] + "\"";
  });
  for (size_t k = 0; k < images.size(); ++k) {
    if (!IsOfTheJob(named.files[k])) continue;
    named.collisions.push_back(
        {images[k].row, images[k].line,
         PlaceOfRow(origin, images[k].line) + ": \"" + named.files[k] +
             "\" would lie where the job keeps a file of its own; change the "
             "file-name template"});
  }
  return named;
}

std::vector<BadRow> CollisionsWithoutCase(const std::vector<JobImage>& images,
                                          const std::vector<std::string>& files,
                                          const std::string& origin) {
  std::vector<std::string> keys;
  keys.reserve(files.size());
  for (const std::string& file : files) keys.push_back(WithoutCase(file));
  return Repeated(images, keys, origin, [&](size_t k) {
    return "\"" + files[k] +
           "\" on this file system, which ignores upper and lower case";
  });
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
