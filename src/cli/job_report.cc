#include "cli/job_report.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/log.h"

namespace gloce {

using nlohmann::json;

std::string Counted(size_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

void WarnOfBadRows(const std::vector<BadRow>& bad_rows) {
  const size_t listed = std::min(bad_rows.size(), kMaxListedRows);
  for (size_t i = 0; i < listed; ++i) {
    LogWarning(bad_rows[i].message,
               {{"row", bad_rows[i].index}, {"line", bad_rows[i].line}});
  }
  if (bad_rows.size() > listed) {
    LogWarning("and " + Counted(bad_rows.size() - listed, "more bad row"));
  }
}

json ToJson(const std::vector<BadRow>& bad_rows) {
  json listed = json::array();
  for (const BadRow& row : bad_rows) {
    if (listed.size() == kMaxListedRows) break;
    listed.push_back(
        {{"row", row.index}, {"line", row.line}, {"message", row.message}});
  }
  return {{"count", bad_rows.size()}, {"listed", listed}};
}

void PrintSummary(const std::string& out, const std::string& origin,
                  const JobSummary& summary,
                  const std::vector<BadRow>& bad_rows, bool quiet) {
  if (!quiet) {
    std::cout << out << ": " << summary.made << " pictures made";
    if (summary.skipped > 0)
      std::cout << ", " << summary.skipped << " were there already";
    if (summary.failed > 0) std::cout << ", " << summary.failed << " failed";
    if (!bad_rows.empty())
      std::cout << ", " << Counted(bad_rows.size(), "bad row") << " left out";
    std::cout << '\n';
  }
  for (const JobFailure& f : summary.failures)
    LogWarning(PlaceOfRow(origin, f.line) + ": " + f.file + ": " + f.message,
               {{"file", f.file}, {"row", f.row}, {"line", f.line}});
  if (summary.failed > summary.failures.size()) {
    LogWarning("and " + Counted(summary.failed - summary.failures.size(),
                                "more failed picture"));
  }
}

}  // namespace gloce
