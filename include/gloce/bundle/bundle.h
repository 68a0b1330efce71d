// A bundle: a folder of TorchScript networks, with bundle.json beside them
// (docs/formats.md).
#pragma once

#include <memory>
#include <string>

namespace gloce {

struct BundleFile;
struct BundleManifest;
class TorchModule;

// Opens a bundle's folder. Networks are loaded when they are asked for, and
// only then is their hash checked, so that a command pays for what it uses.
class Bundle {
 public:
  // Reads and checks `<folder>/bundle.json`. Throws Error. All files must lie
  // in the folder: a link that leads out of it, or to no file, is an error.
  explicit Bundle(const std::string& folder);
  ~Bundle();
  Bundle(Bundle&&) noexcept;
  Bundle& operator=(Bundle&&) noexcept;

  const std::string& folder() const { return folder_; }
  const BundleManifest& manifest() const { return *manifest_; }
  const std::string& name() const;
  const std::string& model_identity() const;

  // A file's bytes after its hash was checked. Throws Error likewise, and if it
  // is larger than any tokenizer's.
  std::string ReadChecked(const BundleFile& file) const;

  // Loads the network `key` of bundle.json's "files", on the CPU, its hash
  // checked. Throws Error.
  TorchModule LoadNetwork(const std::string& key) const;

  // A file's path after its hash was checked. Throws Error if it is missing or
  // was changed.
  std::string CheckedPath(const BundleFile& file) const;

 private:
  std::string PathOf(const std::string& name) const;

  std::string folder_;
  std::unique_ptr<BundleManifest> manifest_;
};

}  // namespace gloce
