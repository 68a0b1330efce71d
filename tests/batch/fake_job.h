// A job whose pictures are made up, for the tests of RunJob.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/run_manifest.h"
#include "gloce/batch/job.h"
#include "testing.h"

namespace gloce {

// Pictures that depend on every setting of every image of the batch: a batch
// that is packed otherwise, or a row that got another seed, shows.
inline std::vector<Picture> FakePictures(
    const std::vector<ImageSettings>& batch) {
  std::ostringstream key;
  for (const ImageSettings& image : batch) {
    key << image.prompt << '|' << image.negative_prompt << '|' << image.seed
        << '|' << image.guidance_scale << '|' << image.width << 'x'
        << image.height << '|' << image.choice.value_or(99) << '\n';
  }
  const std::string text = key.str();
  std::seed_seq seeds(text.begin(), text.end());
  std::mt19937 random(seeds);
  std::vector<Picture> pictures;
  for (const ImageSettings& image : batch) {
    Picture picture;
    picture.width = image.width;
    picture.height = image.height;
    picture.rgb.resize(static_cast<size_t>(3 * image.width * image.height));
    for (uint8_t& value : picture.rgb) value = static_cast<uint8_t>(random());
    picture.gate_activity = {{"cat", image.seed % 2 == 0 ? 0.25 : 0.75}};
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

class FakeJob : public ::testing::Test {
 protected:
  // 10 images of 5 rows in batches of 3: {0,1,2} {3,6,7} {4,5} {8,9}.
  FakeJob() {
    for (size_t row = 0; row < 5; ++row) {
      for (int64_t i = 0; i < 2; ++i) {
        JobImage image;
        image.settings.prompt = "prompt " + std::to_string(row) + " \u00FC";
        image.settings.seed = static_cast<int64_t>(100 * row) + i;
        image.settings.width = row == 2 ? 4 : 8;
        image.settings.height = 6;
        image.case_number = std::to_string(row);
        image.row = row;
        image.line = row + 2;
        image.i = i;
        images_.push_back(image);
      }
    }
    settings_.out_folder = folder_ / "out";
    settings_.filename_template = "{case_number}_{i}.png";
    settings_.batch_size = 3;
    settings_.origin = "p.csv";
    settings_.facts = {"pndm",     50,        "emoji",    "0123abcd",
                       "89ab4567", "float32", "4567cdef", {"cat", "fox"},
                       1};
    settings_.notice = [this](const std::string& text) {
      notices_.push_back(text);
    };
  }

  // Runs the job and counts the batches that were sampled.
  JobSummary Run() {
    batches_ = 0;
    notices_.clear();
    return RunJob(images_, settings_, [this](const auto& batch) {
      ++batches_;
      return FakePictures(batch);
    });
  }

  // What an undisturbed run leaves.
  std::map<std::string, std::string> Undisturbed() {
    const std::string out = settings_.out_folder;
    settings_.out_folder = folder_ / "undisturbed";
    Run();
    const auto files = Files();
    settings_.out_folder = out;
    return files;
  }

  std::string Out(const std::string& name) const {
    return settings_.out_folder + "/" + name;
  }

  // All files but the lock, by name; times in the manifest are set to 0.
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    const std::filesystem::path out = settings_.out_folder;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(out)) {
      const std::string name =
          std::filesystem::relative(entry.path(), out).string();
      if (!entry.is_regular_file() || name == ".gloce-lock") continue;
      files[name] = ReadFile(entry.path().string());
    }
    if (files.contains("manifest.jsonl")) {
      std::string without_times;
      for (RunRecord record : Manifest()) {
        record.seconds = 0;
        without_times += ToJsonLine(record) + "\n";
      }
      files["manifest.jsonl"] = without_times;
    }
    return files;
  }

  std::vector<RunRecord> Manifest() const {
    std::vector<RunRecord> records;
    std::istringstream lines(ReadFile(Out("manifest.jsonl")));
    for (std::string line; std::getline(lines, line);) {
      records.push_back(FromJsonLine(line, "manifest"));
    }
    return records;
  }

  // While a batch is sampled the one before is written. Waits until `batch`,
  // from 1, has all lines of those before it.
  void WaitForBatchesBefore(int batch) const {
    constexpr std::ptrdiff_t kPictures[] = {3, 3, 2, 2};
    const std::ptrdiff_t before =
        std::accumulate(kPictures, kPictures + batch - 1, std::ptrdiff_t{0});
    const auto lines = [&] {
      const std::string text = ReadFile(Out("manifest.jsonl"));
      return std::count(text.begin(), text.end(), '\n');
    };
    for (int wait = 0; wait < 10000 && lines() < before; ++wait)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(lines(), before);
  }

  void WriteManifest(const std::vector<RunRecord>& records) const {
    std::string lines;
    for (const RunRecord& record : records) lines += ToJsonLine(record) + "\n";
    WriteFileAtomically(Out("manifest.jsonl"), lines);
  }

  const TemporaryFolder folder_;
  std::vector<JobImage> images_;
  JobSettings settings_;
  int batches_ = 0;
  std::vector<std::string> notices_;
};

}  // namespace gloce
