// Tables for a terminal.
#pragma once

#include <string>
#include <vector>

namespace gloce {

// `lines` of equally many cells, in columns as wide as their widest cell, two
// spaces between them.
std::string TextTable(const std::vector<std::vector<std::string>>& lines);

}  // namespace gloce
