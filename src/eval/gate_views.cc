#include "eval/gate_views.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/run_manifest.h"

namespace gloce {
namespace {

constexpr double kShareOfLargest = 0.1;

std::vector<double> ToVector(const at::Tensor& values) {
  const at::Tensor doubles = values.to(at::kDouble).contiguous();
  const auto* data = doubles.const_data_ptr<double>();
  return {data, data + doubles.numel()};
}

// (h, w) to (height, width) by the nearest entries.
at::Tensor Stretch(const at::Tensor& map, int64_t height, int64_t width) {
  return at::upsample_nearest2d(map.unsqueeze(0).unsqueeze(0), {height, width})
      .squeeze(0)
      .squeeze(0);
}

GateView ViewOf(const GateMaps& maps, int64_t place) {
  GateView view;
  view.concept_name = maps.concepts[static_cast<size_t>(place)];
  for (const GateMaps::Layer& layer : maps.layers) {
    if (layer.height * layer.width > view.height * view.width) {
      view.height = layer.height;
      view.width = layer.width;
    }
  }
  const auto steps = static_cast<int64_t>(maps.timesteps.size());
  at::Tensor map = at::zeros({view.height, view.width}, at::kDouble);
  at::Tensor open_of_step = at::zeros({steps}, at::kDouble);
  int64_t tokens = 0;
  for (const GateMaps::Layer& layer : maps.layers) {
    const at::Tensor open = layer.open[place].to(at::kDouble);  // (S, T)
    map += Stretch(open.mean(0).reshape({layer.height, layer.width}),
                   view.height, view.width);
    open_of_step += open.sum(1);
    tokens += open.size(1);
    view.by_layer.push_back(open.mean().item<double>());
  }
  const at::Tensor by_step = open_of_step / static_cast<double>(tokens);
  view.share = by_step.mean().item<double>();
  view.by_step = ToVector(by_step);
  view.map = ToVector(map / static_cast<double>(maps.layers.size()));
  return view;
}

}  // namespace

std::vector<GateView> ViewsOf(const GateMaps& maps) {
  std::vector<GateView> views;
  for (size_t i = 0; i < maps.concepts.size(); ++i)
    views.push_back(ViewOf(maps, static_cast<int64_t>(i)));
  return views;
}

std::optional<GateMaps> ReadGateMapsOf(const PictureSet& set,
                                       const ListedPicture& picture) {
  namespace fs = std::filesystem;
  const std::string path = set.folder + "/" + GateMapsPath(picture.file);
  std::error_code unreadable;  // which reading it will report
  if (!fs::exists(path, unreadable) && !unreadable) return std::nullopt;
  return ParseGateMaps(ReadFile(path), path);
}

std::optional<Region> OpenedRegion(const std::vector<GateView>& views,
                                   const std::vector<std::string>& concepts) {
  std::vector<double> sum;
  Region region;
  for (const GateView& view : views) {
    if (std::find(concepts.begin(), concepts.end(), view.concept_name) ==
        concepts.end()) {
      continue;
    }
    sum.resize(view.map.size());
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += view.map[i];
    region.height = view.height;
    region.width = view.width;
  }
  const auto largest = std::max_element(sum.begin(), sum.end());
  if (largest == sum.end() || !(*largest > 0)) return std::nullopt;
  for (const double value : sum)
    region.inside.push_back(value >= kShareOfLargest * *largest);
  return region;
}

}  // namespace gloce
