#include "cli/doctor_bundle.h"

#include <filesystem>

#include "bundle/manifest.h"
#include "cli/host_limits.h"
#include "cli/job_report.h"
#include "cli/room.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

Finding DescribeManifest(const BundleManifest& manifest) {
  const int64_t side =
      manifest.latent.sample_size * manifest.latent.vae_scale_factor;
  const std::string size = std::to_string(side) + "x" + std::to_string(side);
  Finding finding{"bundle"};
  finding.message = manifest.name + ", family " + manifest.family + ", " +
                    manifest.dtype + ", " + manifest.prediction_type + ", " +
                    size + " pixels, " +
                    Counted(manifest.hooks.size(), "hook point");
  finding.values = {{"name", manifest.name},
                    {"family", manifest.family},
                    {"model_identity", manifest.model_identity},
                    {"dtype", manifest.dtype},
                    {"prediction_type", manifest.prediction_type},
                    {"picture_size", side},
                    {"hook_points", manifest.hooks.size()}};
  return finding;
}

std::vector<BundleFile> FilesOf(const BundleManifest& manifest) {
  std::vector<BundleFile> files;
  for (const auto& [key, file] : manifest.files) files.push_back(file);
  for (const auto& [key, evaluator] : manifest.evaluators)
    files.push_back(evaluator.file);
  return files;
}

// A finding for each file that is wrong, or one for all. `bytes` are then those
// of all files.
Findings CheckFiles(const Bundle& bundle, int64_t& bytes) {
  Findings findings;
  const std::vector<BundleFile> files = FilesOf(bundle.manifest());
  for (const BundleFile& file : files) {
    try {
      bytes += static_cast<int64_t>(
          std::filesystem::file_size(bundle.CheckedPath(file)));
    } catch (const Error& error) {
      findings.push_back(
          {"files", Health::kFailed, error.what(), "", {{"file", file.name}}});
    }
  }
  if (findings.empty()) {
    findings.push_back({"files",
                        Health::kOk,
                        Counted(files.size(), "file") + ", " + SizeText(bytes) +
                            ", all as bundle.json says",
                        "",
                        {{"files", files.size()}, {"bytes", bytes}}});
  }
  return findings;
}

}  // namespace

Findings CheckBundle(const Bundle& bundle) {
  Findings findings = {DescribeManifest(bundle.manifest())};
  int64_t bytes = 0;
  for (Finding& finding : CheckFiles(bundle, bytes))
    findings.push_back(std::move(finding));
  const int64_t left = ReadHostLimits().memory_left();
  if (bytes > left) {
    findings.push_back({"room",
                        Health::kWarning,
                        "the files have " + SizeText(bytes) + ", but only " +
                            SizeText(left) + " of memory are left",
                        "end other programs, or raise the job's limit",
                        {{"bytes", bytes}, {"bytes_left", left}}});
  }
  return findings;
}

}  // namespace gloce
