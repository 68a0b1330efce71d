// Draws the batches of a job.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gloce/batch/job.h"
#include "gloce/diffusion/pipeline.h"
#include "gloce/erasure/erased_denoiser.h"

namespace gloce {

class EraseChoices;
struct SamplingAdvice;
class Unet;

// What all batches share.
struct SamplerSettings {
  std::string scheduler;  // "" for the bundle's own
  int64_t steps = 50;
  double strength = 1;
  bool gate_maps = false;  // record where and when gates open
};

// What one picture costs.
struct PictureCost {
  int64_t steps = 0;  // calls of the denoiser
  double seconds_per_step = 0;
  double seconds_of_decoding = 0;
};

// The denoiser of a job, plain or with erasers. One of the loads comes first.
class BatchSampler {
 public:
  // `pipeline` must outlive this.
  BatchSampler(Pipeline& pipeline, SamplerSettings settings);
  ~BatchSampler();

  void LoadPlain();
  // `choices` tells what the choice of an image is, and must outlive this.
  void LoadErased(const EraseChoices& choices);

  // The pictures of `batch`, the images of which share size, guidance and
  // choice of concepts; a batch of another choice exchanges the erasers under
  // the loaded network.
  // Throws Error; Interrupted once the user asked to stop and the batch would
  // not be finished in the grace period.
  std::vector<Picture> operator()(const std::vector<ImageSettings>& batch);

  // Measures some steps of a picture like `image`, and a decoding. Throws as
  // drawing it does.
  PictureCost Measure(const ImageSettings& image);

 private:
  std::vector<Picture> Draw(const std::vector<ImageSettings>& batch);
  PictureCost MeasureOne(const ImageSettings& image);
  // Runs `work` and says of its failure what of `batch` to lower.
  void WithAdviceOn(const std::vector<ImageSettings>& batch,
                    const std::function<void()>& work) const;
  SamplingAdvice AdviceOn(const std::vector<ImageSettings>& batch) const;
  at::Tensor Sample(const std::vector<ImageSettings>& batch,
                    SamplingSettings sampling);
  void Choose(std::optional<size_t> choice);
  std::vector<Picture> ToPictures(const at::Tensor& pixels);

  Pipeline& pipeline_;
  SamplerSettings settings_;
  double decoding_seconds_per_pixel_ = 0;  // of the batch before, if any
  std::unique_ptr<Unet> plain_;
  std::unique_ptr<ErasedDenoiser> erased_;

  const EraseChoices* choices_ = nullptr;
  std::optional<size_t> choice_;    // that is installed
  std::vector<std::string> names_;  // of its concepts
};

}  // namespace gloce
