// What an unfinished build has computed so far, kept by content, so that a
// killed build goes on where it was (docs/formats.md).
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bundle/safetensors.h"

namespace gloce {

class FolderLock;

// Names a part by everything that decides its bits.
class PartKey {
 public:
  // `content` is a text with all of it (JSON); `kind` begins the file's name.
  PartKey(const std::string& kind, std::string content);

  const std::string& content() const { return content_; }
  // "<kind>-<32 hexadecimal digits of the content's SHA-256>".
  const std::string& id() const { return id_; }

 private:
  std::string content_, id_;
};

// Tensors of float64 or int64, contiguous on the CPU, by name.
using PartTensors = std::map<std::string, at::Tensor>;

class Part {
 public:
  explicit Part(PartTensors tensors) : tensors_(std::move(tensors)) {}
  explicit Part(SafetensorsFile file) : file_(std::move(file)) {}

  bool Has(const std::string& name) const;

  // A tensor of its own, not a view into the part. REQUIRES: Has(name).
  at::Tensor Tensor(const std::string& name) const;

 private:
  PartTensors tensors_;
  std::optional<SafetensorsFile> file_;
};

// A folder of parts, or memory.
class PartStore {
 public:
  // Creates `folder` and locks it; "": keeps parts in memory. Throws Error if
  // that fails or another process is building there.
  explicit PartStore(std::string folder);
  ~PartStore();

  bool Has(const PartKey& key) const;

  // Throws Error if the part is damaged or not what its name says. REQUIRES:
  // Has(key).
  Part Read(const PartKey& key) const;

  // Writes atomically. Throws Error, also for values that are not finite.
  void Write(const PartKey& key, PartTensors tensors);

  void Remove(const PartKey& key);

  // Removes all parts, of whatever build, and the folder if nothing else is in
  // it.
  void Clear();

 private:
  std::string PathOf(const PartKey& key) const;
  void RemoveEmptyFolder();

  std::string folder_;
  std::unique_ptr<FolderLock> lock_;
  std::map<std::string, PartTensors> in_memory_;
};

}  // namespace gloce
