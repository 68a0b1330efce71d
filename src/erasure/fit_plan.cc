#include "erasure/fit_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "gloce/base/error.h"

namespace gloce {
namespace {

// Collects prompts, each (prompt, settings) once.
class PromptTable {
 public:
  explicit PromptTable(std::vector<PlannedPrompt>& prompts)
      : prompts_(prompts) {}

  size_t Add(const std::string& prompt, const StatisticsSettings& statistics) {
    const auto [it, fresh] =
        index_.try_emplace({prompt, statistics}, prompts_.size());
    if (fresh) prompts_.push_back({prompt, statistics, {}, {}});
    return it->second;
  }

 private:
  std::vector<PlannedPrompt>& prompts_;
  std::map<std::pair<std::string, StatisticsSettings>, size_t> index_;
};

// Collects sets and what is made of them, each once, whatever role or concept
// asks for it.
class ReductionTable {
 public:
  ReductionTable(FitPlan& plan, PromptTable& prompts)
      : plan_(plan), prompts_(prompts) {}

  size_t Add(Reduction reduction, const std::vector<std::string>& prompts,
             const StatisticsSettings& statistics) {
    reduction.set = AddSet(prompts, statistics);
    if (reduction.kind != Reduction::Kind::kMean)
      plan_.sets[reduction.set].with_covariance = true;
    const auto [it, fresh] =
        index_.try_emplace(reduction, plan_.reductions.size());
    if (fresh) plan_.reductions.push_back(reduction);
    return it->second;
  }

 private:
  size_t AddSet(const std::vector<std::string>& prompts,
                const StatisticsSettings& statistics) {
    PromptSet set;
    for (const std::string& prompt : prompts)
      set.prompts.push_back(prompts_.Add(prompt, statistics));
    const auto [it, fresh] =
        set_index_.try_emplace(set.prompts, plan_.sets.size());
    if (fresh) {
      for (const size_t prompt : set.prompts)
        plan_.prompts[prompt].sets.push_back(it->second);
      plan_.sets.push_back(std::move(set));
    }
    return it->second;
  }

  FitPlan& plan_;
  PromptTable& prompts_;
  std::map<std::vector<size_t>, size_t> set_index_;
  std::map<Reduction, size_t> index_;
};

// Adds one pass a seed of the prompts that have none yet, in order, and cuts
// these passes into batches.
void AddPasses(FitPlan& plan, int64_t batch_size) {
  const size_t first_batch = plan.batches.size();
  size_t prompt = plan.passes.empty() ? 0 : plan.passes.back().prompt + 1;
  for (; prompt < plan.prompts.size(); ++prompt) {
    const StatisticsSettings& statistics = plan.prompts[prompt].statistics;
    for (int64_t seed = 0; seed < statistics.num_seeds; ++seed) {
      const size_t next = plan.passes.size();
      const bool fits =
          plan.batches.size() > first_batch &&
          next - plan.batches.back().begin < static_cast<size_t>(batch_size) &&
          plan.prompts[plan.passes[next - 1].prompt].statistics == statistics;
      if (!fits) plan.batches.push_back({next, next});
      plan.passes.push_back({prompt, seed});
      plan.batches.back().end = next + 1;
    }
  }
}

}  // namespace

FitPlan PlanFit(const std::vector<ConceptSettings>& concepts,
                int64_t batch_size) {
  using Kind = Reduction::Kind;
  FitPlan plan;
  PromptTable prompts(plan.prompts);
  ReductionTable reductions(plan, prompts);
  plan.concepts.resize(concepts.size());
  // A target's gate needs its surrogate's mean, so surrogates come first.
  for (size_t i = 0; i < concepts.size(); ++i) {
    plan.concepts[i].surrogate = reductions.Add(
        {Kind::kMean}, concepts[i].surrogate, concepts[i].statistics);
  }
  for (size_t i = 0; i < concepts.size(); ++i) {
    const ConceptSettings& settings = concepts[i];
    plan.concepts[i].target =
        reductions.Add({Kind::kTarget, 0, settings.rank_target,
                        settings.rank_gate, plan.concepts[i].surrogate},
                       settings.prompts, settings.statistics);
  }
  AddPasses(plan, batch_size);
  plan.num_first_batches = plan.batches.size();
  for (size_t i = 0; i < concepts.size(); ++i) {
    const ConceptSettings& settings = concepts[i];
    plan.concepts[i].mapping =
        reductions.Add({Kind::kMapping, 0, settings.rank_map}, settings.mapping,
                       settings.statistics);
    for (const std::string& anchor : settings.anchors) {
      const size_t prompt = prompts.Add(anchor, settings.statistics);
      plan.prompts[prompt].gates.push_back(i);
    }
  }
  AddPasses(plan, batch_size);
  return plan;
}

std::vector<bool> PromptsWithCovariance(const FitPlan& plan) {
  std::vector<bool> with(plan.prompts.size(), false);
  for (const PromptSet& set : plan.sets) {
    if (!set.with_covariance) continue;
    for (const size_t prompt : set.prompts) with[prompt] = true;
  }
  return with;
}

std::vector<size_t> LastBatches(const FitPlan& plan) {
  std::vector<size_t> last(plan.prompts.size(), 0);
  for (size_t b = 0; b < plan.batches.size(); ++b) {
    for (size_t i = plan.batches[b].begin; i < plan.batches[b].end; ++i)
      last[plan.passes[i].prompt] = b;
  }
  return last;
}

std::vector<size_t> BatchesOf(const FitPlan& plan,
                              const std::vector<bool>& wanted_prompts) {
  std::vector<size_t> batches;
  for (size_t b = 0; b < plan.batches.size(); ++b) {
    const auto first = plan.passes.begin();
    if (std::any_of(first + plan.batches[b].begin, first + plan.batches[b].end,
                    [&](const Pass& p) { return wanted_prompts[p.prompt]; })) {
      batches.push_back(b);
    }
  }
  return batches;
}

ConceptRange ConceptsOfShard(size_t num_concepts, int64_t shard,
                             int64_t num_shards) {
  if (shard < 1 || shard > num_shards) {
    throw UsageError("shard: got " + std::to_string(shard) + "/" +
                     std::to_string(num_shards) +
                     ", expected i/n with 1 <= i <= n");
  }
  if (static_cast<size_t>(num_shards) > num_concepts) {
    throw UsageError("shard: got " + std::to_string(num_shards) +
                     " shards, expected at most one for each of the " +
                     std::to_string(num_concepts) + " concepts");
  }
  const auto shards = static_cast<size_t>(num_shards);
  const auto i = static_cast<size_t>(shard);
  return {num_concepts * (i - 1) / shards, num_concepts * i / shards};
}

std::vector<bool> ReductionsOf(const FitPlan& plan, const ConceptRange& range) {
  std::vector<bool> wanted(plan.reductions.size(), false);
  for (size_t i = range.begin; i < range.end; ++i) {
    const FitPlan::OfConcept& of = plan.concepts[i];
    wanted[of.surrogate] = wanted[of.mapping] = wanted[of.target] = true;
  }
  return wanted;
}

std::vector<bool> PromptsOfReductions(const FitPlan& plan,
                                      const std::vector<bool>& wanted) {
  std::vector<bool> prompts(plan.prompts.size(), false);
  for (size_t r = 0; r < wanted.size(); ++r) {
    if (!wanted[r]) continue;
    for (const size_t prompt : plan.sets[plan.reductions[r].set].prompts)
      prompts[prompt] = true;
  }
  return prompts;
}

std::vector<bool> AnchorsOf(const FitPlan& plan, const ConceptRange& range) {
  std::vector<bool> anchors(plan.prompts.size(), false);
  for (size_t p = 0; p < anchors.size(); ++p) {
    for (const size_t gate : plan.prompts[p].gates)
      anchors[p] = anchors[p] || (gate >= range.begin && gate < range.end);
  }
  return anchors;
}

int64_t CountCalls(const FitPlan& plan, const std::vector<size_t>& batches,
                   const CallsOfARun& calls_of_a_run) {
  int64_t calls = 0;
  for (const size_t b : batches) {
    const PassRange& range = plan.batches[b];
    const StatisticsSettings& statistics =
        plan.prompts[plan.passes[range.begin].prompt].statistics;
    calls += static_cast<int64_t>(range.end - range.begin) *
             std::min(statistics.window_end + 1, calls_of_a_run(statistics));
  }
  return calls;
}

}  // namespace gloce
