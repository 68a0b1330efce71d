#include "eval/clip_scorer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "bundle/manifest.h"
#include "eval/evaluator_file.h"
#include "gloce/base/error.h"
#include "text/make_tokenizer.h"

namespace gloce {
namespace {

EvaluatorInput InputOf(EvaluatorFile& file) {
  if (file.kind() != "clip") {
    throw Error(file.path() + ": kind: got \"" + file.kind() +
                "\", expected \"clip\"");
  }
  return ReadEvaluatorInput(file.entry().Object("input"));
}

// The path of the file that "files" names by `key`, its hash checked.
std::string PathOf(EvaluatorFile& file, const std::string& key) {
  JsonObject files = file.entry().Object("files");
  JsonObject entry = files.Object(key);
  return file.CheckedPath(ReadFileEntry(entry));
}

std::unique_ptr<Tokenizer> TokenizerOf(EvaluatorFile& file) {
  const TextSpec text = ReadTextSpec(file.entry().Object("text"));
  if (text.tokenizer != TokenizerKind::kClipBpe)
    throw Error(file.path() + ": text: tokenizer: expected \"clip_bpe\"");
  return MakeClipTokenizer(text, ReadFile(PathOf(file, "vocab")),
                           ReadFile(PathOf(file, "merges")), file.path());
}

at::Tensor OfLengthOne(const at::Tensor& rows) {
  return rows / rows.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
}

}  // namespace

ClipScorer::ClipScorer(const std::string& path, const Placement& placement)
    : ClipScorer(EvaluatorFile(path), placement) {}

ClipScorer::ClipScorer(EvaluatorFile file, const Placement& placement)
    : image_(TorchModule(PathOf(file, "image_encoder")), InputOf(file),
             placement),
      text_(PathOf(file, "text_encoder")),
      device_(placement.device),
      tokenizer_(TokenizerOf(file)) {
  file.entry().Finish();
  text_.Prepare({placement.device, at::kFloat});
}

const at::Tensor& ClipScorer::Embed(const std::string& prompt) {
  at::Tensor& embedding = embeddings_[prompt];
  if (!embedding.defined()) {
    const at::Tensor ids =
        at::tensor(tokenizer_->Encode(prompt).input_ids, at::kLong);
    embedding =
        OfLengthOne(
            text_.Run({ids.unsqueeze(0).to(device_)}).to(at::kFloat).cpu())
            .squeeze(0);
  }
  return embedding;
}

std::vector<double> ClipScorer::Score(const std::vector<RgbPicture>& pictures,
                                      const std::vector<std::string>& prompts) {
  const at::Tensor images = OfLengthOne(image_.Run(pictures));
  std::vector<double> scores;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const at::Tensor& text = Embed(prompts[i]);
    if (text.dim() != 1 || text.size(0) != images.size(1)) {
      throw Error(text_.path() +
                  ": its embeddings are not as wide as those of " +
                  image_.path());
    }
    const at::Tensor image = images[static_cast<int64_t>(i)];
    scores.push_back(std::max(100 * image.dot(text).item<double>(), 0.0));
  }
  return scores;
}

}  // namespace gloce
