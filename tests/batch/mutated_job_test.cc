// A thousand damaged job files, through all that `generate --check` does before
// it loads a network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "base/file.h"
#include "batch/job_images.h"
#include "batch/job_plan.h"
#include "batch/output_names.h"
#include "batch/prompt_table.h"
#include "gloce/base/error.h"
#include "mutated_jobs.h"
#include "temporary_folder.h"

namespace gloce {
namespace {

using testing::HasSubstr;

constexpr int kNumMutants = 1000;

// One line that names the file and one of its lines.
void ExpectNamesTheRow(const std::string& message, const std::string& path,
                       size_t num_lines) {
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_LE(message.size(), 1000U) << message;
  const std::string start = path + ": line ";
  ASSERT_TRUE(message.starts_with(start)) << message;
  const auto line = std::stoull(message.substr(start.size()));
  EXPECT_GE(line, 1U) << message;
  EXPECT_LE(line, num_lines) << message;
}

// Checks everything about one file; returns how many rejections it has.
size_t Check(const std::string& path, const std::string& bytes) {
  const auto num_lines =
      1 + static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  PromptTable table;
  try {
    table = ReadPromptTable(path);
  } catch (const Error& error) {
    const std::string message = error.what();
    if (!message.ends_with(": holds no prompt")) {
      ExpectNamesTheRow(message, path, num_lines);
    }
    return 1;
  }
  const size_t num_rows = table.rows.size() + table.bad_rows.size();
  RowDefaults defaults;
  defaults.settings.width = defaults.settings.height = 64;
  JobImages images = ImagesOfRows(table.rows, defaults, path,
                                  [](const PromptRow&, ImageSettings& image) {
                                    if (image.width % 16 != 0)
                                      throw Error("width: got a bad one");
                                  });
  const NamedImages names =
      NameImages(images.images, kCaseNumberTemplate, path);
  std::set<size_t> bad;
  for (const auto* rows : {&table.bad_rows, &images.bad_rows}) {
    for (const BadRow& row : *rows) {
      ExpectNamesTheRow(row.message, path, num_lines);
      EXPECT_TRUE(bad.insert(row.index).second) << row.message;
    }
  }
  // Nothing is silently missing: each row is drawn or is named.
  std::set<size_t> drawn;
  for (const JobImage& image : images.images) drawn.insert(image.row);
  EXPECT_EQ(drawn.size() + bad.size(), num_rows) << path;
  std::set<std::string> files;
  for (const std::string& file : names.files) {
    EXPECT_TRUE(file.ends_with(".png")) << file;
    EXPECT_EQ(file.find('/'), std::string::npos) << file;
    EXPECT_LE(file.size(), NameTemplate::kMaxNameBytes) << file;
    files.insert(file);
  }
  for (const BadRow& row : names.collisions) {
    ExpectNamesTheRow(row.message, path, num_lines);
  }
  EXPECT_EQ(files.size() + names.collisions.size(), names.files.size());
  return bad.size() + names.collisions.size();
}

TEST(MutatedJobTest, UnharmedFilesHaveNothingToReject) {
  const TemporaryFolder folder;
  for (const JobFile& file : GoodJobFiles()) {
    WriteFileAtomically(folder / file.name, file.bytes);
    EXPECT_EQ(Check(folder / file.name, file.bytes), 0U) << file.name;
  }
}

TEST(MutatedJobTest, EveryRejectionNamesItsRow) {
  const TemporaryFolder folder;
  const std::vector<JobFile> good = GoodJobFiles();
  std::map<Damage, int> rejected;
  JobDamager damage(20251126);
  for (int i = 0; i < kNumMutants; ++i) {
    const JobFile& file = good[static_cast<size_t>(i) % good.size()];
    const auto kind = static_cast<Damage>(i / good.size() % kNumDamages);
    const std::string bytes = damage(file.bytes, kind);
    const std::string path = folder / file.name;
    std::ofstream(path, std::ios::binary) << bytes;
    if (Check(path, bytes) > 0) ++rejected[kind];
    if (HasFailure()) {
      FAIL() << "mutant " << i << ", damage " << static_cast<int>(kind) << ":\n"
             << bytes.substr(0, 2000);
    }
  }
  // Every kind of damage is one that readers notice, not always, but often.
  for (int kind = 0; kind < kNumDamages; ++kind) {
    EXPECT_GE(rejected[static_cast<Damage>(kind)], 20) << kind;
  }
}

}  // namespace
}  // namespace gloce
