#include "erasure/fit_plan.h"

#include <algorithm>
#include <map>
#include <utility>

namespace gloce {
namespace {

// Collects prompts, each (prompt, settings) once.
class PromptTable {
 public:
  void Add(const std::string& prompt, const StatisticsSettings& statistics,
           size_t user) {
    const auto [it, fresh] =
        index_.try_emplace({prompt, statistics}, prompts.size());
    if (fresh) prompts.push_back({prompt, statistics, {}});
    prompts[it->second].users.push_back(user);
  }

  // One pass a prompt and seed, prompts in order.
  std::vector<Pass> Passes() const {
    std::vector<Pass> passes;
    for (size_t i = 0; i < prompts.size(); ++i) {
      for (int64_t seed = 0; seed < prompts[i].statistics.num_seeds; ++seed) {
        passes.push_back({i, seed});
      }
    }
    return passes;
  }

  std::vector<PlannedPrompt> prompts;

 private:
  std::map<std::pair<std::string, StatisticsSettings>, size_t> index_;
};

class SetTable {
 public:
  size_t Add(const std::vector<std::string>& prompts,
             const StatisticsSettings& statistics, bool with_covariance) {
    const auto [it, fresh] =
        index_.try_emplace({prompts, statistics}, sets.size());
    if (fresh) sets.push_back({prompts, statistics, false});
    sets[it->second].with_covariance |= with_covariance;
    return it->second;
  }

  std::vector<PromptSet> sets;

 private:
  std::map<std::pair<std::vector<std::string>, StatisticsSettings>, size_t>
      index_;
};

}  // namespace

MomentPlan PlanMoments(const std::vector<ConceptSettings>& concepts) {
  MomentPlan plan;
  plan.concepts.resize(concepts.size());
  SetTable sets;
  // A target's gate needs its surrogate's mean, so surrogates are complete
  // first.
  for (size_t i = 0; i < concepts.size(); ++i) {
    plan.concepts[i].surrogate =
        sets.Add(concepts[i].surrogate, concepts[i].statistics, false);
  }
  for (size_t i = 0; i < concepts.size(); ++i) {
    plan.concepts[i].mapping =
        sets.Add(concepts[i].mapping, concepts[i].statistics, true);
  }
  for (size_t i = 0; i < concepts.size(); ++i) {
    plan.concepts[i].target =
        sets.Add(concepts[i].prompts, concepts[i].statistics, true);
  }
  plan.sets = std::move(sets.sets);
  PromptTable prompts;
  for (size_t s = 0; s < plan.sets.size(); ++s) {
    for (const std::string& prompt : plan.sets[s].prompts) {
      prompts.Add(prompt, plan.sets[s].statistics, s);
    }
  }
  plan.passes = prompts.Passes();
  plan.prompts = std::move(prompts.prompts);
  return plan;
}

GatePlan PlanGateScores(const std::vector<ConceptSettings>& concepts) {
  GatePlan plan;
  PromptTable prompts;
  for (size_t i = 0; i < concepts.size(); ++i) {
    for (const std::string& anchor : concepts[i].anchors) {
      prompts.Add(anchor, concepts[i].statistics, i);
    }
  }
  plan.passes = prompts.Passes();
  plan.prompts = std::move(prompts.prompts);
  return plan;
}

int64_t CountCalls(const std::vector<PlannedPrompt>& prompts,
                   const std::vector<Pass>& passes) {
  int64_t calls = 0;
  for (const Pass& pass : passes) {
    const StatisticsSettings& statistics = prompts[pass.prompt].statistics;
    calls +=
        std::min(statistics.window_end + 1, statistics.num_inference_steps);
  }
  return calls;
}

}  // namespace gloce
