#include "erasure/part_store.h"

#include <ATen/ATen.h>

#include <cstring>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "base/folder_lock.h"
#include "base/sha256.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormat = "gloce-build-part";
constexpr const char* kSuffix = ".part.safetensors";

// Of all bytes, in the order of the file.
std::string Digest(const std::vector<SafetensorsEntry>& entries) {
  std::string digests;
  for (const SafetensorsEntry& entry : entries)
    digests += entry.name + ' ' + Sha256(entry.data) + '\n';
  return Sha256(digests);
}

}  // namespace

PartKey::PartKey(const std::string& kind, std::string content)
    : content_(std::move(content)),
      id_(kind + "-" + Sha256(content_).substr(0, 32)) {}

bool Part::Has(const std::string& name) const {
  return file_ ? file_->Find(name) != nullptr : tensors_.contains(name);
}

at::Tensor Part::Tensor(const std::string& name) const {
  if (!file_) return tensors_.at(name).clone();
  const SafetensorsEntry& entry = *file_->Find(name);
  at::Tensor tensor =
      at::empty(entry.shape, entry.dtype == "I64" ? at::kLong : at::kDouble);
  std::memcpy(tensor.data_ptr(), entry.data.data(), entry.data.size());
  return tensor;
}

PartStore::PartStore(std::string folder) : folder_(std::move(folder)) {
  if (folder_.empty()) return;
  MakeFolders(folder_);
  lock_ = std::make_unique<FolderLock>(folder_);
  RemoveStaleTemporaries(folder_);
}

PartStore::~PartStore() { RemoveEmptyFolder(); }

std::string PartStore::PathOf(const PartKey& key) const {
  return folder_ + "/" + key.id() + kSuffix;
}

bool PartStore::Has(const PartKey& key) const {
  if (folder_.empty()) return in_memory_.contains(key.id());
  std::error_code unreadable;  // which reading will report
  return fs::exists(PathOf(key), unreadable);
}

Part PartStore::Read(const PartKey& key) const {
  if (folder_.empty()) return Part(in_memory_.at(key.id()));
  const std::string path = PathOf(key);
  const std::string advice = "; delete this file, and it is computed again";
  std::string bytes = ReadFile(path);
  SafetensorsFile file = [&] {
    try {
      return SafetensorsFile::Parse(std::move(bytes), path);
    } catch (const Error& error) {
      throw Error(error.what() + advice);
    }
  }();
  const std::map<std::string, std::string> expected = {
      {"format", kFormat},
      {"key", key.content()},
      {"sha256", Digest(file.entries())}};
  if (file.metadata() != expected)
    throw Error(path + ": this part of a build is damaged" + advice);
  return Part(std::move(file));
}

void PartStore::Write(const PartKey& key, PartTensors tensors) {
  if (folder_.empty()) {
    in_memory_.insert_or_assign(key.id(), std::move(tensors));
    return;
  }
  std::vector<SafetensorsEntry> entries;
  for (const auto& [name, tensor] : tensors) {
    entries.push_back(
        {name,
         tensor.scalar_type() == at::kLong ? "I64" : "F64",
         tensor.sizes().vec(),
         {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()}});
  }
  WriteFileAtomically(PathOf(key), SerializeSafetensors(
                                       entries, {{"format", kFormat},
                                                 {"key", key.content()},
                                                 {"sha256", Digest(entries)}}));
}

void PartStore::Remove(const PartKey& key) {
  in_memory_.erase(key.id());
  if (folder_.empty()) return;
  std::error_code ignored;  // a part that stays is used or cleared later
  fs::remove(PathOf(key), ignored);
}

void PartStore::Clear() {
  in_memory_.clear();
  if (folder_.empty()) return;
  std::error_code ignored;  // what stays harms nobody
  fs::directory_iterator entry(folder_, ignored);
  for (; entry != fs::directory_iterator(); entry.increment(ignored)) {
    if (entry->path().string().ends_with(kSuffix))
      fs::remove(entry->path(), ignored);
  }
  RemoveEmptyFolder();
}

void PartStore::RemoveEmptyFolder() {
  if (!lock_ || !lock_->IsInPlace()) return;
  std::error_code ignored;
  fs::directory_iterator entry(folder_, ignored);
  for (; entry != fs::directory_iterator(); entry.increment(ignored)) {
    if (entry->path().filename() != kLockName) return;
  }
  // The lock is held until it is gone with its folder.
  fs::remove(folder_ + "/" + kLockName, ignored);
  fs::remove(folder_, ignored);
  lock_.reset();
}

}  // namespace gloce
