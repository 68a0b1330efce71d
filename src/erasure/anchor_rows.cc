#include "erasure/anchor_rows.h"

#include <ATen/ATen.h>

namespace gloce {

std::vector<int64_t> AnchorRows(const FitPlan& plan, size_t batch) {
  std::vector<int64_t> rows;
  const PassRange& range = plan.batches[batch];
  for (size_t i = range.begin; i < range.end; ++i) {
    if (!plan.prompts[plan.passes[i].prompt].gates.empty())
      rows.push_back(static_cast<int64_t>(i - range.begin));
  }
  return rows;
}

at::Tensor SelectRows(const at::Tensor& x, const std::vector<int64_t>& rows) {
  std::vector<at::Tensor> runs;
  for (size_t begin = 0; begin < rows.size();) {
    size_t end = begin + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    runs.push_back(x.narrow(0, rows[begin], static_cast<int64_t>(end - begin)));
    begin = end;
  }
  return runs.size() == 1 ? runs[0] : at::cat(runs);
}

}  // namespace gloce
