// What a network's file could do while it is being loaded.
#pragma once

#include <string>

namespace gloce {

// Looks at the TorchScript archive at `path` before LibTorch does. Throws Error
// unless
//   it is a plain archive of the records that torch.jit.save writes
//     (zip_directory.h);
//   its code defines classes and functions and calls nothing outside their
//     bodies: default arguments, class constants and __setstate__ run while a
//     file is loaded;
//   its pickles read each storage within its record and make no objects of
//     LibTorch's own classes (pickle_check.h), and together read no more than
//     kMaxReads times the file.
// What the bodies do when they run is graph_check.h's.
void CheckArchive(const std::string& path);

// Tensors that share a storage are read each on its own; a few do.
inline constexpr int kMaxReads = 4;

}  // namespace gloce
