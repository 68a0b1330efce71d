#include "gloce/bundle/bundle.h"

#include <filesystem>

#include "base/file.h"
#include "base/sha256.h"
#include "bundle/manifest.h"
#include "bundle/torch_module.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

[[noreturn]] void ReportChanged(const std::string& path, const std::string& got,
                                const std::string& expected) {
  throw Error(path + ": sha256: got " + got.substr(0, 12) + "…, expected " +
              expected.substr(0, 12) +
              "…; the file was cut or changed, export the bundle again");
}

}  // namespace

Bundle::Bundle(const std::string& folder) : folder_(folder) {
  if (!std::filesystem::is_directory(folder)) {
    throw Error(
        folder +
        ": no such bundle folder; make one with scripts/export_bundle.py");
  }
  const std::string path = folder + "/bundle.json";
  if (!std::filesystem::exists(path)) {
    throw Error(
        folder +
        ": has no bundle.json; a bundle is made with scripts/export_bundle.py");
  }
  manifest_ = std::make_unique<BundleManifest>(
      ParseBundleManifest(ReadFile(path), path));
}

Bundle::~Bundle() = default;
Bundle::Bundle(Bundle&&) noexcept = default;
Bundle& Bundle::operator=(Bundle&&) noexcept = default;

const std::string& Bundle::name() const { return manifest_->name; }
const std::string& Bundle::model_identity() const {
  return manifest_->model_identity;
}

std::string Bundle::CheckedPath(const BundleFile& file) const {
  std::string path = folder_ + "/" + file.name;
  if (!std::filesystem::exists(path))
    throw Error(path + ": no such file; export the bundle again");
  if (const std::string digest = Sha256OfFile(path); digest != file.sha256) {
    ReportChanged(path, digest, file.sha256);
  }
  return path;
}

std::string Bundle::ReadChecked(const BundleFile& file) const {
  const std::string path = folder_ + "/" + file.name;
  std::string bytes = ReadFile(path);
  if (const std::string digest = Sha256(bytes); digest != file.sha256) {
    ReportChanged(path, digest, file.sha256);
  }
  return bytes;
}

TorchModule Bundle::LoadNetwork(const std::string& key) const {
  return TorchModule(CheckedPath(manifest_->files.at(key)));
}

}  // namespace gloce
