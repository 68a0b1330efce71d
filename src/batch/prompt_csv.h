// Prompt tables in CSV.
#pragma once

#include <string_view>

#include "batch/table_builder.h"

namespace gloce {

// Adds the rows of `text`, and the columns that are not used. `path` begins
// messages. Throws as ParsePromptTable tells.
void AddCsvRows(std::string_view text, const std::string& path,
                const ColumnChoice& choice, TableBuilder& builder);

}  // namespace gloce
