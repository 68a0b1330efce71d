#include "erasure/moment_phase.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "erasure/layer_fit.h"

namespace gloce {
namespace {

using Kind = Reduction::Kind;

std::string Numbered(const char* name, size_t layer) {
  return std::string(name) + "." + std::to_string(layer);
}

PartTensors ToPart(const std::vector<MomentSums>& sums) {
  PartTensors part;
  for (size_t l = 0; l < sums.size(); ++l) {
    part[Numbered("count", l)] = at::full({1}, sums[l].count, at::kLong);
    part[Numbered("sum", l)] = sums[l].sum;
    if (sums[l].outer_sum.defined())
      part[Numbered("outer_sum", l)] = sums[l].outer_sum;
  }
  return part;
}

PartTensors ToPart(const ReducedSet& reduced) {
  PartTensors part;
  for (size_t l = 0; l < reduced.mean.size(); ++l) {
    part[Numbered("mean", l)] = reduced.mean[l].contiguous();
    if (!reduced.vectors.empty())
      part[Numbered("vectors", l)] = reduced.vectors[l].contiguous();
    if (!reduced.gate_basis.empty())
      part[Numbered("gate_basis", l)] = reduced.gate_basis[l].contiguous();
  }
  if (!reduced.explained.empty())
    part["explained"] = at::tensor(reduced.explained, at::kDouble);
  if (!reduced.gate_score.empty())
    part["gate_score"] = at::tensor(reduced.gate_score, at::kDouble);
  return part;
}

std::vector<double> Numbers(const Part& part, const std::string& name) {
  if (!part.Has(name)) return {};
  const at::Tensor values = part.Tensor(name);
  const auto* data = values.const_data_ptr<double>();
  return {data, data + values.numel()};
}

ReducedSet ReducedFromPart(const Part& part, size_t num_layers) {
  ReducedSet reduced;
  for (size_t l = 0; l < num_layers; ++l) {
    reduced.mean.push_back(part.Tensor(Numbered("mean", l)));
    if (const std::string name = Numbered("vectors", l); part.Has(name))
      reduced.vectors.push_back(part.Tensor(name));
    if (const std::string name = Numbered("gate_basis", l); part.Has(name))
      reduced.gate_basis.push_back(part.Tensor(name));
  }
  reduced.explained = Numbers(part, "explained");
  reduced.gate_score = Numbers(part, "gate_score");
  return reduced;
}

}  // namespace

MomentPhase::MomentPhase(const FitPlan& plan, const FitKeys& keys,
                         PartStore& parts, std::vector<int64_t> widths,
                         std::vector<bool> wanted)
    : plan_(plan),
      keys_(keys),
      parts_(parts),
      num_layers_(widths.size()),
      wanted_(std::move(wanted)),
      done_(plan.reductions.size(), false),
      stored_(plan.prompts.size(), false),
      wanted_prompts_(plan.prompts.size(), false),
      last_batches_(LastBatches(plan)),
      collector_(plan, std::move(widths)) {
  for (size_t r = 0; r < wanted_.size(); ++r) {
    if (!wanted_[r] || !parts_.Has(keys_.Reduced(r))) continue;
    ReducedSet reduced = Result(r);  // a damaged part is noticed now
    done_[r] = true;
    if (plan.reductions[r].kind == Kind::kMean)
      means_[r] = std::move(reduced.mean);
  }
  for (size_t p = 0; p < stored_.size(); ++p)
    stored_[p] = parts_.Has(keys_.Sums(p));
  for (const bool means : {true, false}) ReduceReady(means);
  for (size_t p = 0; p < stored_.size(); ++p)
    wanted_prompts_[p] = !stored_[p] && IsNeeded(p);
  collector_.Want(wanted_prompts_);
}

std::vector<size_t> MomentPhase::Batches() const {
  return BatchesOf(plan_, wanted_prompts_);
}

void MomentPhase::EndBatch(size_t batch) {
  const PassRange& range = plan_.batches[batch];
  for (size_t i = range.begin; i < range.end; ++i) {
    const size_t prompt = plan_.passes[i].prompt;
    if (wanted_prompts_[prompt] && last_batches_[prompt] == batch) {
      fresh_[prompt] = collector_.Take(prompt);
      wanted_prompts_[prompt] = false;
    }
  }
  for (const bool means : {true, false}) ReduceReady(means);
  for (const auto& [prompt, sums] : fresh_) {
    if (!IsNeeded(prompt)) continue;
    parts_.Write(keys_.Sums(prompt), ToPart(sums));
    stored_[prompt] = true;
  }
  fresh_.clear();
}

ReducedSet MomentPhase::Result(size_t reduction) const {
  return ReducedFromPart(parts_.Read(keys_.Reduced(reduction)), num_layers_);
}

bool MomentPhase::IsReady(size_t reduction) const {
  const Reduction& wanted = plan_.reductions[reduction];
  if (wanted.kind == Kind::kTarget && !done_[wanted.surrogate]) return false;
  const auto& prompts = plan_.sets[wanted.set].prompts;
  return std::all_of(prompts.begin(), prompts.end(), [&](size_t prompt) {
    return stored_[prompt] || fresh_.contains(prompt);
  });
}

bool MomentPhase::IsNeeded(size_t prompt) const {
  const auto& sets = plan_.prompts[prompt].sets;
  for (size_t r = 0; r < wanted_.size(); ++r) {
    if (Waits(r) && std::find(sets.begin(), sets.end(),
                              plan_.reductions[r].set) != sets.end()) {
      return true;
    }
  }
  return false;
}

// Means and the rest apart, since a target needs its surrogate's.
void MomentPhase::ReduceReady(bool means) {
  std::map<size_t, std::vector<size_t>> ready;  // reductions by set
  for (size_t r = 0; r < wanted_.size(); ++r) {
    const Reduction& reduction = plan_.reductions[r];
    if ((reduction.kind == Kind::kMean) == means && Waits(r) && IsReady(r))
      ready[reduction.set].push_back(r);
  }
  for (const auto& [set, reductions] : ready) {
    ReduceSet(set, reductions);
    Forget(plan_.sets[set]);
  }
}

void MomentPhase::ReduceSet(size_t set, const std::vector<size_t>& reductions) {
  const auto& prompts = plan_.sets[set].prompts;
  const auto fresh = fresh_.find(prompts[0]);
  const bool alone = prompts.size() == 1 && fresh != fresh_.end();
  const Sums joined = alone ? Sums() : SumsOfSet(plan_.sets[set]);
  for (const size_t r : reductions) {
    ReducedSet reduced =
        Reduce(plan_.reductions[r], alone ? fresh->second : joined);
    parts_.Write(keys_.Reduced(r), ToPart(reduced));
    done_[r] = true;
    if (plan_.reductions[r].kind == Kind::kMean)
      means_[r] = std::move(reduced.mean);
  }
}

// Sums that no set waits for any more leave the store.
void MomentPhase::Forget(const PromptSet& set) {
  for (const size_t prompt : set.prompts) {
    if (!stored_[prompt] || IsNeeded(prompt)) continue;
    parts_.Remove(keys_.Sums(prompt));
    stored_[prompt] = false;
  }
}

MomentPhase::Sums MomentPhase::SumsOfSet(const PromptSet& set) const {
  Sums joined(num_layers_);
  for (const size_t prompt : set.prompts) {
    const auto fresh = fresh_.find(prompt);
    if (fresh != fresh_.end()) {
      for (size_t l = 0; l < num_layers_; ++l) joined[l].Add(fresh->second[l]);
    } else {
      AddStored(prompt, joined);
    }
  }
  return joined;
}

void MomentPhase::AddStored(size_t prompt, Sums& joined) const {
  const Part part = parts_.Read(keys_.Sums(prompt));
  for (size_t l = 0; l < num_layers_; ++l) {
    MomentSums sums{part.Tensor(Numbered("count", l)).item<int64_t>(),
                    part.Tensor(Numbered("sum", l)),
                    {}};
    if (const std::string name = Numbered("outer_sum", l); part.Has(name))
      sums.outer_sum = part.Tensor(name);
    joined[l].Add(sums);
  }
}

ReducedSet MomentPhase::Reduce(const Reduction& reduction,
                               const Sums& sums) const {
  ReducedSet reduced;
  for (size_t l = 0; l < num_layers_; ++l) {
    const Moments moments = ToMoments(sums[l], reduction.kind != Kind::kMean);
    reduced.mean.push_back(moments.mean);
    if (reduction.kind == Kind::kMapping) {
      const MappingBasis basis = FitMapping(moments, reduction.rank);
      reduced.vectors.push_back(basis.vectors);
      reduced.explained.push_back(basis.explained);
    } else if (reduction.kind == Kind::kTarget) {
      const TargetBasis basis =
          FitTarget(moments, means_.at(reduction.surrogate)[l], reduction.rank,
                    reduction.rank_gate);
      reduced.vectors.push_back(basis.vectors);
      reduced.gate_basis.push_back(basis.gate_basis);
      reduced.explained.push_back(basis.explained);
      reduced.gate_score.push_back(basis.gate_score);
    }
  }
  return reduced;
}

}  // namespace gloce
