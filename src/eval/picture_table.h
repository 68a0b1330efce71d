// A CSV that tells what the pictures of another program are.
#pragma once

#include <string>
#include <vector>

#include "eval/picture_set.h"

namespace gloce {

// The pictures that the table at `path` lists; see ListPictures. Throws Error.
std::vector<ListedPicture> ReadPictureTable(const std::string& path,
                                            const std::string& folder);

}  // namespace gloce
