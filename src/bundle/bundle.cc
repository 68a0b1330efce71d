#include "gloce/bundle/bundle.h"

#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "bundle/manifest.h"
#include "bundle/torch_module.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;

// bundle.json and the tokenizers' files, which are read whole, have at most
// some 30 MB.
constexpr uintmax_t kMaxSmallFile = 256 << 20;

std::string ReadSmallFile(const std::string& path) {
  if (const uintmax_t size = fs::file_size(path); size > kMaxSmallFile) {
    throw Error(path + ": got " + std::to_string(size) +
                " bytes, expected at most " + std::to_string(kMaxSmallFile));
  }
  return ReadFile(path);
}

[[noreturn]] void ReportChanged(const std::string& path, const std::string& got,
                                const std::string& expected) {
  throw Error(path + ": sha256: got " + got.substr(0, 12) + "…, expected " +
              expected.substr(0, 12) +
              "…; the file was cut or changed, export the bundle again");
}

}  // namespace

Bundle::Bundle(const std::string& folder) : folder_(folder) {
  if (!fs::is_directory(folder)) {
    throw Error(
        folder +
        ": no such bundle folder; make one with scripts/export_bundle.py");
  }
  if (!fs::exists(folder + "/bundle.json")) {
    throw Error(
        folder +
        ": has no bundle.json; a bundle is made with scripts/export_bundle.py");
  }
  const std::string path = PathOf("bundle.json");
  manifest_ = std::make_unique<BundleManifest>(
      ParseBundleManifest(ReadSmallFile(path), path));
}

Bundle::~Bundle() = default;
Bundle::Bundle(Bundle&&) noexcept = default;
Bundle& Bundle::operator=(Bundle&&) noexcept = default;

const std::string& Bundle::name() const { return manifest_->name; }
const std::string& Bundle::model_identity() const {
  return manifest_->model_identity;
}

std::string Bundle::PathOf(const std::string& name) const {
  std::string path = folder_ + "/" + name;
  if (!fs::exists(path))
    throw Error(path + ": no such file; export the bundle again");
  const fs::path real = fs::canonical(path);
  const std::string inside = fs::canonical(folder_).string() + "/";
  if (!real.string().starts_with(inside)) {
    throw Error(path + ": is a link to " + QuoteForMessage(real.string(), 120) +
                ", outside the bundle; if you trust it, copy the bundle with "
                "its files (cp -rL)");
  }
  if (!fs::is_regular_file(real)) throw Error(path + ": is no file");
  return path;
}

std::string Bundle::CheckedPath(const BundleFile& file) const {
  std::string path = PathOf(file.name);
  if (const std::string digest = Sha256OfFile(path); digest != file.sha256) {
    ReportChanged(path, digest, file.sha256);
  }
  return path;
}

std::string Bundle::ReadChecked(const BundleFile& file) const {
  const std::string path = PathOf(file.name);
  std::string bytes = ReadSmallFile(path);
  if (const std::string digest = Sha256(bytes); digest != file.sha256) {
    ReportChanged(path, digest, file.sha256);
  }
  return bytes;
}

TorchModule Bundle::LoadNetwork(const std::string& key) const {
  return TorchModule(CheckedPath(manifest_->files.at(key)));
}

}  // namespace gloce
