// What a network's archive stores beside its weights and its code: objects and
// the tensors' shapes, as a pickle.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace gloce {

// Walks through `pickle` without building anything. Throws Error unless it uses
// only the instructions that torch.jit.save writes, and these
//   call nothing but what rebuilds dense tensors and lists;
//   make objects of the archive's own classes only, not of LibTorch's
//     (torch.classes), whose C++ would run;
//   read no storage beyond its record: LibTorch believes the number of elements
//     that the pickle claims. `sizes` has the records' bytes by their names.
// Returns the bytes of all storages that are read, each time that they are.
uint64_t CheckPickle(std::string_view pickle,
                     const std::map<std::string, uint64_t>& sizes,
                     const std::string& place);

}  // namespace gloce
