#include "erasure/plain_fit.h"

#include <cmath>

namespace gloce {
namespace {

at::Tensor TopBySvd(const at::Tensor& matrix, int64_t rank) {
  return std::get<0>(at::linalg_svd(matrix)).narrow(1, 0, rank);
}

// c: m is the most that a token of a pass, call and layer projects onto the
// gate.
double GateCenter(const std::vector<Recording>& anchors, size_t layer,
                  const at::Tensor& v_gate, const at::Tensor& surrogate_mean,
                  double tau) {
  std::vector<double> maxima;
  for (const Recording& recording : anchors) {
    for (const auto& [call, x] : recording[layer]) {
      const at::Tensor y = x.to(at::kDouble) - surrogate_mean;
      const at::Tensor p =
          at::matmul(y, v_gate).square().sum(1) / y.square().sum(1);
      maxima.push_back(p.max().item<double>());
    }
  }
  const at::Tensor m = at::tensor(maxima, at::kDouble);
  return (m.mean() + tau * m.std()).item<double>();  // unbiased
}

}  // namespace

PlainMoments ComputePlainMoments(const std::vector<Recording>& recordings,
                                 size_t layer) {
  std::vector<at::Tensor> rows;
  for (const Recording& recording : recordings) {
    for (const auto& [call, x] : recording[layer]) {
      const auto side = static_cast<int64_t>(std::lround(std::sqrt(x.size(0))));
      at::Tensor map =
          x.to(at::kDouble).t().reshape({1, x.size(1), side, side});
      for (int level = 0; level < 4; ++level) {
        rows.push_back(map.flatten(2).squeeze(0).t());
        if (map.size(2) < 2) break;
        const int64_t even = map.size(2) / 2 * 2;  // an odd side's last is left
        map = (map.slice(2, 0, even, 2) + map.slice(2, 1, even, 2)) / 2;
        map = (map.slice(3, 0, even, 2) + map.slice(3, 1, even, 2)) / 2;
      }
    }
  }
  const at::Tensor all = at::cat(rows, 0);
  const at::Tensor mean = all.mean(0);
  const at::Tensor centred = all - mean;
  return {mean, at::matmul(centred.t(), centred) / all.size(0)};
}

std::vector<Recording> PlainFit::RecordAll(
    const std::vector<std::string>& prompts) {
  std::vector<Recording> all;
  for (const std::string& prompt : prompts) {
    const std::vector<Recording>& seeds = RecordSeeds(prompt);
    all.insert(all.end(), seeds.begin(), seeds.end());
  }
  return all;
}

const std::vector<Recording>& PlainFit::RecordSeeds(const std::string& prompt) {
  auto [it, fresh] = recordings_.try_emplace(prompt);
  if (fresh) {
    for (int64_t seed = 0; seed < statistics_.num_seeds; ++seed) {
      it->second.push_back(
          Record(pipeline_, denoiser_, prompt, seed, statistics_));
    }
  }
  return it->second;
}

const PlainMoments& PlainFit::Moments(const std::vector<std::string>& prompts,
                                      size_t layer) {
  auto [it, fresh] = moments_.try_emplace({prompts, layer});
  if (fresh) it->second = ComputePlainMoments(RecordAll(prompts), layer);
  return it->second;
}

PlainEraser PlainFit::Fit(const ConceptSettings& settings, size_t layer) {
  const PlainMoments& target = Moments(settings.prompts, layer);
  const PlainMoments& mapping = Moments(settings.mapping, layer);
  const PlainMoments& surrogate = Moments(settings.surrogate, layer);

  PlainEraser eraser;
  eraser.target_mean = target.mean;
  eraser.mapping_mean = mapping.mean;
  eraser.surrogate_mean = surrogate.mean;
  eraser.v_map = TopBySvd(mapping.covariance, settings.rank_map);
  const at::Tensor v_tar = TopBySvd(target.covariance, settings.rank_target);
  const at::Tensor kept =
      at::eye(target.mean.size(0), at::kDouble) - at::matmul(v_tar, v_tar.t());
  eraser.map = at::matmul(at::matmul(eraser.v_map, eraser.v_map.t()), kept);
  const at::Tensor shift = target.mean - surrogate.mean;
  eraser.v_gate =
      TopBySvd(target.covariance + at::outer(shift, shift), settings.rank_gate);
  eraser.gate_center = GateCenter(RecordAll(settings.anchors), layer,
                                  eraser.v_gate, surrogate.mean, settings.tau);
  // The gate opens to 99 % at 0.001 τ above c.
  eraser.gate_slope = std::log(99.0) / (0.001 * settings.tau);
  return eraser;
}

}  // namespace gloce
