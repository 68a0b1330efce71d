// How well a picture fits its prompt.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "eval/picture_network.h"
#include "gloce/text/tokenizer.h"

namespace gloce {

class EvaluatorFile;

class ClipScorer {
 public:
  // Loads the two networks and the tokenizer of the evaluator file at `path`.
  // Throws Error.
  ClipScorer(const std::string& path, const Placement& placement);

  // The CLIP score (J. Hessel et al., arXiv 2104.08718, with weight 1 and in
  // hundredths, as torchmetrics gives it) of each picture with its prompt:
  // max(100 · cos(image embedding, text embedding), 0). Throws Error if the
  // networks' widths differ or a prompt is not valid UTF-8.
  std::vector<double> Score(const std::vector<RgbPicture>& pictures,
                            const std::vector<std::string>& prompts);

 private:
  ClipScorer(EvaluatorFile file, const Placement& placement);

  // (K) float32, of length 1. Each prompt is encoded once.
  const at::Tensor& Embed(const std::string& prompt);

  PictureNetwork image_;
  TorchModule text_;
  c10::Device device_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unordered_map<std::string, at::Tensor> embeddings_;
};

}  // namespace gloce
