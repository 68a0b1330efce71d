// Which pictures of two folders show the same prompt and seed.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "eval/picture_set.h"

namespace gloce {

// For each picture of `a` the place of its partner in `b`, or nothing: the one
// with the same prompt and seed (the k-th of several with the k-th), or, where
// one of the two has no prompt or no seed, or if `by_file`, the one with the
// same file name.
std::vector<std::optional<size_t>> PairPictures(const PictureSet& a,
                                                const PictureSet& b,
                                                bool by_file = false);

}  // namespace gloce
