// The names that ParseDtype knows.
#pragma once

#include <string>
#include <vector>

namespace gloce {

std::vector<std::string> DtypeNames();

}  // namespace gloce
