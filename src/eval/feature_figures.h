// FID and KID as figures.
#pragma once

#include <string>
#include <vector>

#include "eval/figures.h"
#include "eval/picture_features.h"

namespace gloce {

// Of the folder `set`, from the folder `reference`. None if a side has fewer
// than two pictures.
std::vector<Figure> FeatureFigures(const std::string& set,
                                   const FeatureSamples& samples,
                                   const std::string& reference_name,
                                   const FeatureSamples& reference);

}  // namespace gloce
