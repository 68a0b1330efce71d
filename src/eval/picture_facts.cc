#include "eval/picture_facts.h"

#include <algorithm>

namespace gloce {

bool PictureFacts::IsFound(size_t label) const {
  return std::any_of(labels.begin(), labels.end(), [&](const SeenLabel& seen) {
    return seen.label == label && seen.is_found;
  });
}

}  // namespace gloce
