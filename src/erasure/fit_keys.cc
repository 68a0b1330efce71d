#include "erasure/fit_keys.h"

#include <torch/headeronly/version.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/sha256.h"
#include "bundle/manifest.h"
#include "erasure/anchor_rows.h"
#include "erasure/concept_json.h"
#include "gloce/diffusion/pipeline.h"

namespace gloce {
namespace {

using nlohmann::json;

// Raised when the same settings give other bits than before.
constexpr int kPartsVersion = 3;

// bundle.json names every file of the model with its hash.
json ContextOf(const Pipeline& pipeline) {
  const Bundle& bundle = pipeline.bundle();
  const Placement& placement = pipeline.placement();
  return {{"parts_version", kPartsVersion},
          {"tool_version", GLOCE_VERSION},
          {"libtorch_version", TORCH_VERSION},
          {"model_identity", bundle.model_identity()},
          {"bundle", Sha256(ReadFile(bundle.folder() + "/bundle.json"))},
          {"device", c10::DeviceTypeName(placement.device.type(), true)},
          {"dtype", DtypeName(placement.dtype)}};
}

json ToJson(const StatisticsSettings& statistics) {
  return {{"scheduler", statistics.scheduler},
          {"steps", statistics.num_inference_steps},
          {"guidance", statistics.guidance_scale},
          {"window", {statistics.window_start, statistics.window_end}},
          {"num_seeds", statistics.num_seeds}};
}

json BatchToJson(const FitPlan& plan, size_t batch) {
  const PassRange& range = plan.batches[batch];
  json passes = json::array();
  for (size_t i = range.begin; i < range.end; ++i) {
    const Pass& pass = plan.passes[i];
    passes.push_back({plan.prompts[pass.prompt].prompt, pass.seed});
  }
  return {{"passes", passes},
          {"statistics",
           ToJson(plan.prompts[plan.passes[range.begin].prompt].statistics)}};
}

std::vector<PartKey> KeysOfSums(const FitPlan& plan,
                                const std::string& context) {
  std::vector<json> batches(plan.prompts.size(), json::array());
  for (size_t b = 0; b < plan.batches.size(); ++b) {
    const PassRange& range = plan.batches[b];
    const json batch = BatchToJson(plan, b);
    for (size_t i = range.begin; i < range.end; ++i) {
      json& of_prompt = batches[plan.passes[i].prompt];
      if (of_prompt.empty() || of_prompt.back() != batch)
        of_prompt.push_back(batch);
    }
  }
  const std::vector<bool> covariance = PromptsWithCovariance(plan);
  std::vector<PartKey> keys;
  for (size_t p = 0; p < plan.prompts.size(); ++p) {
    const json content = {{"context", context},
                          {"prompt", plan.prompts[p].prompt},
                          {"batches", batches[p]},
                          {"covariance", static_cast<bool>(covariance[p])}};
    keys.emplace_back("sums", content.dump());
  }
  return keys;
}

const char* NameOf(Reduction::Kind kind) {
  switch (kind) {
    case Reduction::Kind::kMean:
      return "surrogate";
    case Reduction::Kind::kMapping:
      return "mapping";
    case Reduction::Kind::kTarget:
      break;
  }
  return "target";
}

}  // namespace

FitKeys::FitKeys(const Pipeline& pipeline, const FitPlan& plan)
    : plan_(plan),
      context_(Sha256(ContextOf(pipeline).dump())),
      sums_(KeysOfSums(plan, context_)) {
  for (const Reduction& reduction : plan.reductions) {
    json sums = json::array();
    for (const size_t prompt : plan.sets[reduction.set].prompts)
      sums.push_back(sums_[prompt].id());
    json content = {{"sums", sums},
                    {"rank", reduction.rank},
                    {"rank_gate", reduction.rank_gate}};
    if (reduction.kind == Reduction::Kind::kTarget)
      content["surrogate"] = reduced_[reduction.surrogate].id();
    reduced_.emplace_back(NameOf(reduction.kind), content.dump());
  }
}

PartKey FitKeys::Scores(size_t batch, const GateSlots& slots,
                        const ConceptRange& range) const {
  json gates = json::array();
  const PassRange& passes = plan_.batches[batch];
  for (size_t i = passes.begin; i < passes.end; ++i) {
    json row = json::array();
    for (const size_t gate : plan_.prompts[plan_.passes[i].prompt].gates) {
      if (gate < range.begin || gate >= range.end) continue;
      const GateSlots::Slot& slot = slots.slots[gate];
      const GateSlots::Block& block = slots.blocks[slot.block];
      row.push_back({reduced_[plan_.concepts[gate].target].id(), slot.index,
                     block.concepts.size(), block.rank});
    }
    gates.push_back(row);
  }
  return {"scores", json{{"context", context_},
                         {"batch", BatchToJson(plan_, batch)},
                         {"anchor_rows", AnchorRows(plan_, batch)},
                         {"gates", gates}}
                        .dump()};
}

std::string ListHash(const Pipeline& pipeline,
                     const std::vector<ConceptSettings>& concepts,
                     int64_t batch_size) {
  json list = json::array();
  for (const ConceptSettings& settings : concepts)
    list.push_back(ConceptToJson({settings, 0, GLOCE_VERSION}));
  return Sha256(json{
      {"context", ContextOf(pipeline)},
      {"batch_size", batch_size},
      {"concepts",
       list}}.dump());
}

}  // namespace gloce
