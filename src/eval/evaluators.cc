#include "eval/evaluators.h"

#include <optional>
#include <utility>

#include "bundle/manifest.h"
#include "eval/evaluator_file.h"
#include "gloce/base/error.h"
#include "gloce/bundle/bundle.h"

namespace gloce {
namespace {

// A network and what it is.
struct LoadedEvaluator {
  TorchModule module;
  EvaluatorSpec spec;
};

LoadedEvaluator LoadFile(const std::string& path, const std::string& kind) {
  EvaluatorFile file(path);
  EvaluatorSpec spec = ReadEvaluatorSpec(file.entry());
  file.entry().Finish();
  if (spec.kind != kind) {
    throw Error(path + ": kind: got \"" + spec.kind + "\", expected \"" + kind +
                "\"");
  }
  return {TorchModule(file.CheckedPath(spec.file)), std::move(spec)};
}

std::optional<LoadedEvaluator> Load(const Bundle* bundle,
                                    const std::string& path,
                                    const std::string& kind) {
  if (!path.empty()) return LoadFile(path, kind);
  if (bundle == nullptr) return std::nullopt;
  for (const auto& [key, spec] : bundle->manifest().evaluators) {
    if (spec.kind == kind)
      return LoadedEvaluator{TorchModule(bundle->CheckedPath(spec.file)), spec};
  }
  return std::nullopt;
}

}  // namespace

Evaluators LoadEvaluators(const Bundle* bundle, const EvaluatorChoice& choice,
                          const Placement& placement) {
  Evaluators evaluators;
  if (auto loaded = Load(bundle, choice.detector, "detector")) {
    evaluators.detector = std::make_unique<Detector>(std::move(loaded->module),
                                                     loaded->spec, placement);
  }
  if (auto loaded = Load(bundle, choice.features, "features")) {
    evaluators.features = std::make_unique<PictureNetwork>(
        std::move(loaded->module), loaded->spec.input, placement);
  }
  if (!choice.clip.empty())
    evaluators.clip = std::make_unique<ClipScorer>(choice.clip, placement);
  return evaluators;
}

}  // namespace gloce
