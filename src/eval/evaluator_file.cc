#include "eval/evaluator_file.h"

#include <filesystem>

#include "base/file.h"
#include "base/sha256.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

constexpr int64_t kVersion = 1;

}  // namespace

EvaluatorFile::EvaluatorFile(const std::string& path)
    : path_(path),
      document_(ParseJson(ReadFile(path), path)),
      entry_(document_, path) {
  if (entry_.String("format") != "gloce-evaluator") {
    throw Error(path +
                ": format: expected \"gloce-evaluator\"; make the file with "
                "scripts/export_evaluator.py");
  }
  if (const int64_t version = entry_.Integer("version"); version != kVersion) {
    throw Error(path + ": version: got " + std::to_string(version) +
                ", expected " + std::to_string(kVersion));
  }
  kind_ = entry_.String("kind");
}

std::string EvaluatorFile::CheckedPath(const BundleFile& file) const {
  const std::string path =
      (std::filesystem::path(path_).parent_path() / file.name).string();
  if (Sha256OfFile(path) != file.sha256) {
    throw Error(path + ": sha256: is not that of " + path_ +
                "; the file was cut or changed, export the evaluator again");
  }
  return path;
}

}  // namespace gloce
