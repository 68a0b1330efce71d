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

// Collects the sets of one role, each (prompts, settings) once. Roles share
// none: a target set must follow every surrogate, even one of the same prompts.
class SetTable {
 public:
  SetTable(std::vector<PromptSet>& sets, bool with_covariance)
      : sets_(sets), with_covariance_(with_covariance) {}

  size_t Add(const std::vector<std::string>& prompts,
             const StatisticsSettings& statistics) {
    const auto [it, fresh] =
        index_.try_emplace({prompts, statistics}, sets_.size());
    if (fresh) sets_.push_back({prompts, statistics, with_covariance_});
    return it->second;
  }

 private:
  std::vector<PromptSet>& sets_;
  bool with_covariance_;
  std::map<std::pair<std::vector<std::string>, StatisticsSettings>, size_t>
      index_;
};

}  // namespace

MomentPlan PlanMoments(const std::vector<ConceptSettings>& concepts) {
  MomentPlan plan;
  plan.concepts.resize(concepts.size());
  SetTable surrogates(plan.sets, /*with_covariance=*/false);
  SetTable mappings(plan.sets, /*with_covariance=*/true);
  SetTable targets(plan.sets, /*with_covariance=*/true);
  // A target's gate needs its surrogate's mean, so surrogates are complete
  // first.
  for (size_t i = 0; i < concepts.size(); ++i) {
    plan.concepts[i].surrogate =
        surrogates.Add(concepts[i].surrogate, concepts[i].statistics);
  }
  for (size_t i = 0; i < concepts.size(); ++i) {
    plan.concepts[i].mapping =
        mappings.Add(concepts[i].mapping, concepts[i].statistics);
  }
  for (size_t i = 0; i < concepts.size(); ++i) {
    plan.concepts[i].target =
        targets.Add(concepts[i].prompts, concepts[i].statistics);
  }
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

size_t EndOfBatch(const std::vector<PlannedPrompt>& prompts,
                  const std::vector<Pass>& passes, size_t begin,
                  int64_t batch_size) {
  const StatisticsSettings& statistics =
      prompts[passes[begin].prompt].statistics;
  size_t end = begin + 1;
  while (end < passes.size() && end - begin < static_cast<size_t>(batch_size) &&
         prompts[passes[end].prompt].statistics == statistics) {
    ++end;
  }
  return end;
}

std::vector<size_t> EndsOfSets(const MomentPlan& plan) {
  std::vector<size_t> ends(plan.sets.size(), 0);
  for (size_t i = 0; i < plan.passes.size(); ++i) {
    for (const size_t set : plan.prompts[plan.passes[i].prompt].users)
      ends[set] = i + 1;
  }
  return ends;
}

int64_t CountCalls(const std::vector<PlannedPrompt>& prompts,
                   const std::vector<Pass>& passes,
                   const CallsOfARun& calls_of_a_run) {
  int64_t calls = 0;
  for (const Pass& pass : passes) {
    const StatisticsSettings& statistics = prompts[pass.prompt].statistics;
    calls += std::min(statistics.window_end + 1, calls_of_a_run(statistics));
  }
  return calls;
}

}  // namespace gloce
