#include "eval/gate_profiles.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "eval/gate_views.h"
#include "text/unicode.h"

namespace gloce {
namespace {

using nlohmann::ordered_json;

// Sums over the pictures of one kind.
struct Profile {
  int64_t n = 0;
  std::vector<double> layers, steps;

  // Pictures in which the gate stayed shut have no view.
  void Add(const GateView* view) {
    ++n;
    if (view == nullptr) return;
    layers.resize(view->by_layer.size());
    steps.resize(view->by_step.size());
    for (size_t i = 0; i < layers.size(); ++i) layers[i] += view->by_layer[i];
    for (size_t i = 0; i < steps.size(); ++i) steps[i] += view->by_step[i];
  }
  static std::vector<double> Mean(std::vector<double> sums, size_t size,
                                  int64_t n) {
    sums.resize(size);
    for (double& sum : sums) sum /= static_cast<double>(n);
    return sums;
  }
};

std::vector<std::string> PathsOf(const GateMaps& maps) {
  std::vector<std::string> paths;
  for (const GateMaps::Layer& layer : maps.layers) paths.push_back(layer.path);
  return paths;
}

// Concept, folder, whether the picture asks for it.
using Key = std::tuple<std::string, std::string, bool>;

class Profiler {
 public:
  explicit Profiler(const Evaluation& evaluation) : evaluation_(evaluation) {}

  void See(const EvaluatedSet& set, size_t row) {
    const ListedPicture& picture = set.set.pictures[*set.picture_of_row[row]];
    if (picture.erased.empty()) return;
    const std::optional<GateMaps> maps = ReadGateMapsOf(set.set, picture);
    if (!maps) return;
    if (paths_.empty()) {
      paths_ = PathsOf(*maps);
      timesteps_ = maps->timesteps;
    }
    if (PathsOf(*maps) != paths_ || maps->timesteps != timesteps_) return;
    const std::vector<GateView> views = ViewsOf(*maps);
    for (const std::string& name : picture.erased) {
      const auto view = std::find_if(
          views.begin(), views.end(),
          [&](const GateView& one) { return one.concept_name == name; });
      profiles_[{name, set.set.name, IsAskedFor(name, row)}].Add(
          view == views.end() ? nullptr : &*view);
    }
  }

  GateProfiles Finish() const {
    if (paths_.empty()) return {nullptr, nullptr};
    ordered_json list = ordered_json::array();
    for (const auto& [key, profile] : profiles_) {
      const auto& [name, set, is_asked_for] = key;
      list.push_back(
          {{"concept", name},
           {"set", set},
           {"kind", is_asked_for ? "asked" : "not asked"},
           {"n", profile.n},
           {"layers", Profile::Mean(profile.layers, paths_.size(), profile.n)},
           {"steps",
            Profile::Mean(profile.steps, timesteps_.size(), profile.n)}});
    }
    return {{{"layers", paths_}, {"steps", timesteps_}}, std::move(list)};
  }

 private:
  bool IsAskedFor(const std::string& name, size_t row) const {
    const auto& erased = evaluation_.rows[row].erased;
    return std::any_of(erased.begin(), erased.end(), [&](size_t label) {
      return ToLower(DecodeUtf8(evaluation_.labels[label])) ==
             ToLower(DecodeUtf8(name));
    });
  }

  const Evaluation& evaluation_;
  std::vector<std::string> paths_;
  std::vector<double> timesteps_;
  std::map<Key, Profile> profiles_;
};

}  // namespace

GateProfiles ProfileGates(const Evaluation& evaluation) {
  Profiler profiler(evaluation);
  for (const EvaluatedSet& set : evaluation.sets) {
    if (set.role == "reference" || set.role == "before") continue;
    for (size_t row = 0; row < set.facts.size(); ++row) {
      if (set.picture_of_row[row]) profiler.See(set, row);
    }
  }
  return profiler.Finish();
}

}  // namespace gloce
