// What both collectors of the fit share: which rows and which calls are
// recorded.
#pragma once

#include <vector>

#include "erasure/hooked_denoiser.h"
#include "gloce/erasure/eraser.h"

namespace gloce {

// Hands the conditional half of every activation in the window, start < call <=
// end, to `Record`.
class RecordingHook : public LayerHook {
 public:
  // Begins a run whose conditional rows are `rows` (indices of planned
  // prompts).
  void BeginRun(std::vector<size_t> rows,
                const StatisticsSettings& statistics) {
    rows_ = std::move(rows);
    statistics_ = statistics;
    call_ = -1;
  }

  bool BeginForward(const ForwardContext& context) override {
    context_ = context;
    ++call_;
    return call_ > statistics_.window_start && call_ <= statistics_.window_end;
  }

  at::Tensor OnActivation(at::Tensor x, size_t layer) override {
    Record(x.narrow(0, context_.num_unconditional,
                    context_.batch - context_.num_unconditional),
           layer);
    return x;
  }

 protected:
  // x (B, T, D): row b belongs to planned prompt rows()[b].
  virtual void Record(const at::Tensor& x, size_t layer) = 0;

  const std::vector<size_t>& rows() const { return rows_; }
  const ForwardContext& context() const { return context_; }

 private:
  std::vector<size_t> rows_;
  StatisticsSettings statistics_;
  ForwardContext context_{};
  int64_t call_ = -1;
};

}  // namespace gloce
