#include "fake_device/device_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#include "stb/stb_image.h"

namespace gloce {
namespace {

UnetCall ReadCounters(std::istream& in) {
  UnetCall counters{};
  in >> counters.host_to_device >> counters.device_to_host >>
      counters.synchronisations;
  return counters;
}

DeviceLog ReadLog(const std::string& path) {
  DeviceLog log{};
  std::ifstream in(path);
  bool ended = false;
  for (std::string word; in >> word;) {
    if (word == "unet") {
      double timestep = 0;
      in >> timestep;
      log.calls.push_back(ReadCounters(in));
      log.calls.back().timestep = timestep;
    } else {
      in >> log.live_bytes >> log.peak_bytes;
      log.exit = ReadCounters(in);
      ended = true;
    }
  }
  EXPECT_TRUE(ended) << path << ": the program did not end as it should";
  return log;
}

}  // namespace

std::vector<std::vector<UnetCall>> DeviceLog::Runs() const {
  std::vector<std::vector<UnetCall>> runs;
  for (const UnetCall& call : calls) {
    if (runs.empty() || call.timestep > runs.back().back().timestep) {
      runs.emplace_back();
    }
    runs.back().push_back(call);
  }
  return runs;
}

void RunOn(const std::string& device, const std::string& arguments,
           DeviceLog* log) {
  const TemporaryFolder folder;
  const std::string log_file = folder / "log";
  std::string prefix =
      "OMP_NUM_THREADS=1 FAKE_DEVICE_WITHOUT_ONEDNN=1 LD_PRELOAD=" FAKE_DEVICE;
  if (device != "cpu") prefix += " FAKE_DEVICE_LOG=" + log_file;
  const ProgramResult result =
      RunProgram(arguments + " --quiet --device " + device, prefix);
  ASSERT_EQ(result.exit_code, 0) << arguments << '\n' << result.err;
  if (log != nullptr) *log = ReadLog(log_file);
}

ProgramResult RunWithMemory(int64_t bytes, const std::string& arguments) {
  return RunProgram(arguments + " --device privateuseone:0",
                    "OMP_NUM_THREADS=1 LD_PRELOAD=" FAKE_DEVICE
                    " FAKE_DEVICE_MEMORY=" +
                        std::to_string(bytes));
}

std::vector<uint8_t> ReadPixels(const std::string& path) {
  int width = 0;
  int height = 0;
  int channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&std::free)> pixels(
      stbi_load(path.c_str(), &width, &height, &channels, 3), &std::free);
  if (!pixels) throw std::runtime_error(path + ": cannot be read");
  return {pixels.get(), pixels.get() + int64_t{3} * width * height};
}

int MaxDifference(const std::vector<uint8_t>& a,
                  const std::vector<uint8_t>& b) {
  if (a.size() != b.size()) throw std::runtime_error("pictures: sizes differ");
  int largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(int{a[i]} - int{b[i]}));
  }
  return largest;
}

}  // namespace gloce
