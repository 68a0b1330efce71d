#include "erasure/concept_choice.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>

#include "gloce/base/error.h"
#include "text/unicode.h"

namespace gloce {
namespace {

constexpr int64_t kFirstPosition = 1;
constexpr int64_t kLastPosition = 8;

// Unit vectors of the token positions that are compared, float64 on the CPU.
at::Tensor UnitPositions(const at::Tensor& states) {
  const int64_t end = std::min(kLastPosition + 1, states.size(0));
  const at::Tensor part = states.narrow(0, kFirstPosition, end - kFirstPosition)
                              .to(at::kCPU, at::kDouble);
  return part / part.norm(2, {1}, /*keepdim=*/true);
}

// What has to be kept of a prompt's embedding to compare it; each prompt is
// encoded once.
class Embeddings {
 public:
  explicit Embeddings(const EncodePrompts& encode) : encode_(encode) {}
  const at::Tensor& operator()(const std::string& prompt) {
    const auto found = cache_.find(prompt);
    if (found != cache_.end()) return found->second;
    return cache_.emplace(prompt, UnitPositions(encode_({prompt}).squeeze(0)))
        .first->second;
  }

 private:
  const EncodePrompts& encode_;
  std::map<std::string, at::Tensor> cache_;
};

double MeanCosine(const at::Tensor& a, const at::Tensor& b) {
  return (a * b).sum(1).mean().item<double>();
}

std::string LowerCase(const std::string& text) {
  return EncodeUtf8(ToLower(DecodeUtf8(text)));
}

// Pool entries that may serve a concept, each once, whatever its case (the
// published code keeps repetitions).
std::vector<std::string> UsableNames(
    const ConceptRequest& request,
    const std::vector<std::string>& erased_lower) {
  std::vector<std::string> usable;
  std::set<std::string> seen;
  for (const std::string& name : request.anchor_pool) {
    const std::string lower = LowerCase(name);
    const bool left_out =
        request.published_filter
            ? lower.find(request.settings.name) != std::string::npos
            : std::find(erased_lower.begin(), erased_lower.end(), lower) !=
                  erased_lower.end();
    if (!request.published_filter && !seen.insert(lower).second) continue;
    if (!left_out) usable.push_back(request.published_filter ? lower : name);
  }
  return usable;
}

// `key` is what is missing: "anchors" or "mapping".
[[noreturn]] void ReportMissing(const std::string& name, const std::string& key,
                                const std::string& detail) {
  throw UsageError("concept \"" + name + "\": " + detail +
                   ". Give them with --" + key + " PROMPT (or \"" + key +
                   "\" in the concept list), with --anchor-pool FILE (one name "
                   "a line), or with a --preset that brings a pool");
}

std::vector<SimilarName> RankPool(const ConceptRequest& request,
                                  const std::vector<std::string>& names,
                                  Embeddings& embeddings) {
  std::vector<SimilarName> ranked;
  for (const std::string& name : names) {
    const at::Tensor& candidate =
        embeddings(FillTemplate(request.concept_template, name));
    double similarity = 0;
    for (const std::string& prompt : request.settings.prompts) {
      similarity += MeanCosine(embeddings(prompt), candidate);
    }
    ranked.push_back({name, similarity / static_cast<double>(
                                             request.settings.prompts.size())});
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const SimilarName& a, const SimilarName& b) {
                     return a.similarity < b.similarity;
                   });
  return ranked;
}

std::vector<std::string> ToPrompts(const ConceptRequest& request,
                                   const std::vector<SimilarName>& chosen) {
  std::vector<std::string> prompts;
  for (const SimilarName& item : chosen) {
    prompts.push_back(FillTemplate(request.concept_template, item.name));
  }
  return prompts;
}

}  // namespace

std::vector<ConceptSettings> ChooseConcepts(
    const std::vector<ConceptRequest>& requests, const EncodePrompts& encode,
    std::vector<ConceptChoice>* choices) {
  std::vector<std::string> erased_lower;
  for (const ConceptRequest& request : requests) {
    erased_lower.push_back(LowerCase(request.settings.name));
  }
  Embeddings embeddings(encode);
  std::vector<ConceptSettings> resolved;
  for (const ConceptRequest& request : requests) {
    ConceptSettings settings = request.settings;
    ConceptChoice choice;
    if (settings.surrogate.empty()) {
      throw UsageError("concept \"" + settings.name +
                       "\": has no surrogate (the gate's reference, "
                       "a neutral prompt). Give --surrogate PROMPT, "
                       "\"surrogate\" in the concept "
                       "list, or a --preset");
    }
    if (request.num_anchors > 0 || request.num_mapping > 0) {
      const std::vector<std::string> names = UsableNames(request, erased_lower);
      const auto needed = static_cast<size_t>(
          std::max(request.num_anchors, request.num_mapping));
      const std::string missing =
          request.num_anchors > 0 ? "anchors" : "mapping";
      if (request.anchor_pool.empty()) {
        ReportMissing(settings.name, missing,
                      request.num_anchors > 0
                          ? "has no anchors (what must survive)"
                          : "has no mapping (what should appear instead)");
      }
      if (names.size() < needed) {
        ReportMissing(settings.name, missing,
                      "its anchor pool has " + std::to_string(names.size()) +
                          " names that are not being erased, needed " +
                          std::to_string(needed));
      }
      const auto ranked = RankPool(request, names, embeddings);
      if (request.num_anchors > 0) {
        choice.anchors.assign(ranked.end() - request.num_anchors, ranked.end());
        settings.anchors = ToPrompts(request, choice.anchors);
      }
      if (request.num_mapping > 0) {
        choice.mapping.assign(ranked.begin(),
                              ranked.begin() + request.num_mapping);
        settings.mapping = ToPrompts(request, choice.mapping);
      }
    }
    if (choices != nullptr) choices->push_back(std::move(choice));
    resolved.push_back(std::move(settings));
  }
  return resolved;
}

}  // namespace gloce
