// What a job tells its user: bad rows, pictures, failures.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "batch/prompt_table.h"
#include "gloce/batch/job.h"

namespace gloce {

// This many bad rows are listed, the rest is counted.
inline constexpr size_t kMaxListedRows = 100;

// A warning a row, and one that counts the rest.
void WarnOfBadRows(const std::vector<BadRow>& bad_rows);

// {"count": …, "listed": [{"row", "line", "message"}, …]}
nlohmann::json ToJson(const std::vector<BadRow>& bad_rows);

// What a job that wrote to `out` did: one line on stdout unless `quiet`, and a
// warning for each picture that failed, which names its row in `origin`.
void PrintSummary(const std::string& out, const std::string& origin,
                  const JobSummary& summary,
                  const std::vector<BadRow>& bad_rows, bool quiet);

// "3 rows", "1 row".
std::string Counted(size_t count, const std::string& thing);

}  // namespace gloce
