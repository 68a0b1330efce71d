// One job as a whole, in shards, in both formats and with other batch sizes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "batch/png_pixels.h"
#include "cli/run_program.h"

namespace gloce {
namespace {

using nlohmann::ordered_json;

// 20 rows, 30 pictures: 3 sizes, 3 guidance scales, 4 choices of concepts,
// negative prompts, several pictures a row, quotes and line breaks.
std::vector<ordered_json> Rows() {
  const std::string prompts[] = {"a cat", "a fox and a cat",
                                 "an owl,\nat night", "a \"red\" car"};
  std::vector<ordered_json> rows;
  for (int i = 0; i < 20; ++i) {
    ordered_json row = {{"case_number", std::to_string(100 + i)},
                        {"prompt", prompts[i % 4]},
                        {"evaluation_seed", 7 * i}};
    row["evaluation_guidance"] = i % 5 == 3 ? 1.0 : i % 7 == 2 ? 3.0 : 7.5;
    row["width"] = i % 6 == 4 ? 96 : 64;
    row["height"] = i % 9 == 8 ? 80 : 64;
    row["negative_prompt"] = i % 10 == 6 ? "a \"dog\"" : "";
    row["num_images"] = i % 6 == 0 ? 3 : i % 11 == 5 ? 2 : 1;
    row["erase"] = i % 8 == 1   ? "fox"
                   : i % 8 == 2 ? ""
                   : i % 8 == 5 ? "cat"
                                : "cat; fox";
    rows.push_back(row);
  }
  return rows;
}

std::string Csv(const std::vector<ordered_json>& rows) {
  std::string text;
  for (const auto& [key, value] : rows[0].items())
    text += (text.empty() ? "" : ",") + key;
  for (const ordered_json& row : rows) {
    std::string line;
    for (const auto& [key, value] : row.items()) {
      const std::string cell =
          value.is_string() ? value.get<std::string>() : value.dump();
      line += line.empty() ? "\"" : ",\"";
      for (const char c : cell) line += c == '"' ? "\"\"" : std::string(1, c);
      line += '"';
    }
    text += "\n" + line;
  }
  return text + "\n";
}

std::string JsonLines(const std::vector<ordered_json>& rows) {
  std::string text;
  for (ordered_json row : rows) {
    if (row["negative_prompt"] == "") row["negative_prompt"] = nullptr;
    text += row.dump() + "\n";
  }
  return text;
}

// Of a line of a manifest, below the output folder.
std::string FileOf(const ordered_json& line) {
  return std::string("/").append(line["file"].get<std::string>());
}

int LargestDifference(const std::string& png, const std::string& other) {
  const std::vector<uint8_t> a = Pixels(png), b = Pixels(other);
  EXPECT_EQ(a.size(), b.size());
  int largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

class ShardsTest : public testing::Test {
 protected:
  void Build(const std::string& plan) {
    const ProgramResult result = RunProgram("build --model " GLOCE_BUNDLES
                                            "/emoji -q "
                                            "--erase cat --erase fox " +
                                            plan + " --out " + (folder_ / "e"));
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }

  void Generate(const std::string& table, const std::string& out,
                const std::string& options = "--steps 2") {
    const ProgramResult result =
        RunProgram("generate --model " GLOCE_BUNDLES
                   "/emoji -q "
                   "--erasers " +
                   (folder_ / "e") + " --prompts " + (folder_ / table) +
                   " --out " + (folder_ / out) + " " + options);
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }

  // The lines of a job's manifest, without what is measured.
  std::vector<ordered_json> Manifest(const std::string& out) const {
    std::vector<ordered_json> lines;
    std::istringstream file(ReadFile(folder_ / (out + "/manifest.jsonl")));
    for (std::string line; std::getline(file, line);) {
      lines.push_back(ordered_json::parse(line));
      lines.back().erase("seconds");
    }
    return lines;
  }

  const TemporaryFolder folder_;
};

// Shards keep the batches of the whole job, so that not a byte differs.
TEST_F(ShardsTest, ShardsMakeTheFilesOfTheWholeJob) {
  Build("--steps 6 --window 0:2 --num-seeds 1 --gate-start 0");
  WriteFileAtomically(folder_ / "job.csv", Csv(Rows()));
  WriteFileAtomically(folder_ / "job.jsonl", JsonLines(Rows()));
  Generate("job.csv", "whole");
  const auto manifest = Manifest("whole");
  ASSERT_EQ(manifest.size(), 30u);
  Generate("job.jsonl", "jsonl-1");
  std::vector<std::string> folders = {"jsonl-1"};
  for (const std::string format : {"csv", "jsonl"}) {
    for (const int shards : {3, 7}) {
      folders.push_back(format + "-" + std::to_string(shards));
      for (int shard = shards; shard >= 1; --shard) {
        Generate("job." + format, folders.back(),
                 "--steps 2 --shard " + std::to_string(shard) + "/" +
                     std::to_string(shards));
      }
    }
  }
  for (const std::string& folder : folders) {
    EXPECT_EQ(Manifest(folder), manifest) << folder;
    for (const ordered_json& line : manifest) {
      const std::string file = FileOf(line);
      EXPECT_EQ(ReadFile(folder_ / (folder + file)),
                ReadFile(folder_ / ("whole" + file)))
          << folder << file;
    }
  }
}

// Other batches go through other kernels, whose sums round differently. Six
// pictures of 10 steps, and two of another size: batches of 4 and 2, and 2.
TEST_F(ShardsTest, BatchSizesDifferByOneLevelAtMost) {
  std::string text;
  for (int i = 0; i < 8; ++i) {
    text += ordered_json({{"case_number", std::to_string(i)},
                          {"prompt", i % 2 ? "a cat" : "a fox and a cat"},
                          {"seed", i},
                          {"width", i % 4 == 3 ? 96 : 64}})
                .dump() +
            "\n";
  }
  WriteFileAtomically(folder_ / "few.jsonl", text);
  // Statistics of a step or two give projections that magnify rounding.
  Build("--plan fast --num-seeds 1");
  const std::string steps = " --steps 10 --batch-size ";
  Generate("few.jsonl", "4", steps + "4");
  for (const std::string size : {"1", "16"}) {
    Generate("few.jsonl", size, steps + size);
    int largest = 0;
    for (const ordered_json& line : Manifest("4")) {
      const std::string file = FileOf(line);
      largest = std::max(largest,
                         LargestDifference(ReadFile(folder_ / ("4" + file)),
                                           ReadFile(folder_ / (size + file))));
    }
    EXPECT_LE(largest, 1) << "batch size " << size;
    RecordProperty("largest_difference_" + size, largest);
  }
}

}  // namespace
}  // namespace gloce
