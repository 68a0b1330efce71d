// Prompt tables in JSON lines.
#pragma once

#include <string_view>

#include "batch/table_builder.h"

namespace gloce {

// Adds the rows of `text`, one JSON object a line. `path` begins messages.
// Throws as ParsePromptTable tells.
void AddJsonLines(std::string_view text, const std::string& path,
                  const ColumnChoice& choice, TableBuilder& builder);

}  // namespace gloce
