// The whole fit against a plain double-precision computation, from the paper's
// definitions, on activations recorded one prompt and seed at a time.
#include "gloce/erasure/fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bundle/manifest.h"
#include "erasure/moments.h"
#include "erasure/recorded_activations.h"
#include "gloce/base/error.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

ConceptSettings Concept(const std::string& name, const std::string& mapping) {
  ConceptSettings settings;
  settings.name = name;
  settings.prompts = {"a picture of a " + name};
  settings.mapping = {mapping, "a picture of a gift"};
  settings.surrogate = {"a picture"};
  settings.anchors = {"a picture of a dog", "a picture of a bear"};
  settings.rank_target = 4;
  settings.statistics.num_inference_steps = 10;
  settings.statistics.window_start = 2;
  settings.statistics.window_end = 5;
  settings.statistics.num_seeds = 2;
  return settings;
}

struct Reference {
  at::Tensor mean, covariance;
};

// μ and Σ over tokens and three pooled levels, in two passes over all rows.
Reference PlainMoments(const std::vector<Recording>& recordings, size_t layer) {
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

at::Tensor TopBySvd(const at::Tensor& matrix, int64_t rank) {
  return std::get<0>(at::linalg_svd(matrix)).narrow(1, 0, rank);
}

double Relative(const at::Tensor& got, const at::Tensor& expected) {
  return ((got.to(at::kDouble) - expected).norm() / expected.norm())
      .item<double>();
}

class FitTest : public testing::Test {
 protected:
  explicit FitTest(const std::string& bundle = "emoji")
      : pipeline_(GLOCE_BUNDLES "/" + bundle, {}),
        denoiser_(pipeline_.bundle(), {}) {}

  std::vector<Recording> RecordAll(const std::vector<std::string>& prompts,
                                   const StatisticsSettings& statistics) {
    std::vector<Recording> recordings;
    for (const std::string& prompt : prompts) {
      for (int64_t seed = 0; seed < statistics.num_seeds; ++seed) {
        recordings.push_back(
            Record(pipeline_, denoiser_, prompt, seed, statistics));
      }
    }
    return recordings;
  }

  Pipeline pipeline_;
  HookedDenoiser denoiser_;
};

// The demo bundle, and random ones of other shapes: convolutional projections
// down to 4×4 tokens; linear ones, several head counts and v-prediction.
class FitOfEveryShapeTest : public FitTest,
                            public testing::WithParamInterface<const char*> {
 protected:
  FitOfEveryShapeTest() : FitTest(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Bundles, FitOfEveryShapeTest,
                         testing::Values("emoji", "sd1", "sd2"),
                         [](const auto& bundle) { return bundle.param; });

TEST_P(FitOfEveryShapeTest, EqualsAPlainDoublePrecisionComputation) {
  const ConceptSettings settings = Concept("cat", "a picture of a balloon");
  FitOptions options;
  options.batch_size = 1;  // the same sums of the same activations
  const Erasers erasers = FitErasers(pipeline_, {settings}, options);
  const auto target = RecordAll(settings.prompts, settings.statistics);
  const auto mapping = RecordAll(settings.mapping, settings.statistics);
  const auto surrogate = RecordAll(settings.surrogate, settings.statistics);
  const auto anchors = RecordAll(settings.anchors, settings.statistics);

  for (size_t l = 0; l < erasers.layers.size(); ++l) {
    const LayerErasers& layer = erasers.layers[l];
    const Reference tar = PlainMoments(target, l);
    const Reference map = PlainMoments(mapping, l);
    const Reference sur = PlainMoments(surrogate, l);
    // Stored as float32: 6e-8 relative.
    EXPECT_LE(Relative(layer.target_mean[0], tar.mean), 1e-6) << layer.path;
    EXPECT_LE(Relative(layer.mapping_mean[0], map.mean), 1e-6) << layer.path;
    EXPECT_LE(Relative(layer.surrogate_mean[0], sur.mean), 1e-6) << layer.path;

    const at::Tensor v_map = TopBySvd(map.covariance, settings.rank_map);
    const at::Tensor v_tar = TopBySvd(tar.covariance, settings.rank_target);
    const at::Tensor shift = tar.mean - sur.mean;
    const at::Tensor v_gate =
        TopBySvd(tar.covariance + at::outer(shift, shift), settings.rank_gate);
    const at::Tensor identity = at::eye(layer.width, at::kDouble);
    const at::Tensor expected_map = at::matmul(
        at::matmul(v_map, v_map.t()), identity - at::matmul(v_tar, v_tar.t()));
    const at::Tensor up = layer.map_up[0].to(at::kDouble);
    EXPECT_LE(Relative(at::matmul(up, layer.map_down[0].to(at::kDouble)),
                       expected_map),
              1e-5)
        << layer.path;
    EXPECT_LE(Relative(at::matmul(up, up.t()), at::matmul(v_map, v_map.t())),
              1e-5)
        << layer.path;
    const at::Tensor gate = layer.gate_basis[0].to(at::kDouble);
    EXPECT_LE(
        Relative(at::matmul(gate, gate.t()), at::matmul(v_gate, v_gate.t())),
        1e-5)
        << layer.path;

    std::vector<double> maxima;  // m
    for (const Recording& recording : anchors) {
      for (const auto& [call, x] : recording[l]) {
        const at::Tensor y = x.to(at::kDouble) - sur.mean;
        const at::Tensor p =
            at::matmul(y, v_gate).square().sum(1) / y.square().sum(1);
        maxima.push_back(p.max().item<double>());
      }
    }
    const at::Tensor m = at::tensor(maxima, at::kDouble);
    const double center =
        (m.mean() + settings.tau * m.std()).item<double>();  // unbiased
    EXPECT_NEAR(layer.gate_center[0].item<double>(), center, 1e-6 * center)
        << layer.path;
    EXPECT_NEAR(layer.gate_slope[0].item<double>(), 1838.04794, 2e-3);
  }
}

// The sums of a fit, on the same activations: covariances do not reach the
// file, so they are compared here.
TEST_P(FitOfEveryShapeTest, CovariancesEqualTwoPassesOverAllRows) {
  const ConceptSettings settings = Concept("cat", "a picture of a balloon");
  const auto recordings = RecordAll(settings.prompts, settings.statistics);
  for (size_t l = 0; l < recordings[0].size(); ++l) {
    const int64_t width = recordings[0][l].begin()->second.size(1);
    MomentAccumulator accumulator(width, /*with_covariance=*/true);
    for (const Recording& recording : recordings) {
      for (const auto& [call, x] : recording[l]) {
        const auto side =
            static_cast<int64_t>(std::lround(std::sqrt(x.size(0))));
        accumulator.Add(PoolTokens(x.unsqueeze(0), side, side));
      }
    }
    const Moments got = ToMoments(accumulator.Take(), true);
    const Reference expected = PlainMoments(recordings, l);
    EXPECT_LE(Relative(got.mean, expected.mean), 1e-12) << l;
    EXPECT_LE(Relative(got.covariance, expected.covariance), 1e-10) << l;
  }
}

TEST_F(FitTest, AGateRankOfAWholeLayerIsWrongUsage) {
  ConceptSettings settings = Concept("cat", "a picture of a balloon");
  settings.rank_gate = pipeline_.bundle().manifest().hooks[0].width;
  for (const HookPoint& hook : pipeline_.bundle().manifest().hooks)
    settings.rank_gate = std::min(settings.rank_gate, hook.width);
  EXPECT_THROW(EstimateFit(pipeline_, {settings}, {}), UsageError);
  EXPECT_THROW(FitErasers(pipeline_, {settings}, {}), UsageError);
  --settings.rank_gate;
  EXPECT_NO_THROW(EstimateFit(pipeline_, {settings}, {}));
}

at::Tensor Projector(const at::Tensor& basis) {
  return at::matmul(basis, basis.t());
}

// That two files hold the same eraser of `name`, as closely as two runs in
// float32 can: the map is ill-conditioned (docs/erasure.md).
void ExpectSameEraser(const Erasers& got, const Erasers& expected,
                      const std::string& name) {
  const Erasers a = SelectConcepts(got, {name});
  const Erasers b = SelectConcepts(expected, {name});
  for (size_t l = 0; l < b.layers.size(); ++l) {
    const LayerErasers& x = a.layers[l];
    const LayerErasers& y = b.layers[l];
    const auto error = [&](at::Tensor LayerErasers::*tensor) {
      return Relative((x.*tensor)[0], (y.*tensor)[0].to(at::kDouble));
    };
    EXPECT_LE(error(&LayerErasers::target_mean), 1e-5) << y.path;
    EXPECT_LE(error(&LayerErasers::mapping_mean), 1e-5) << y.path;
    EXPECT_LE(error(&LayerErasers::surrogate_mean), 1e-5) << y.path;
    EXPECT_LE(error(&LayerErasers::gate_center), 1e-5) << y.path;
    EXPECT_EQ(error(&LayerErasers::gate_slope), 0) << y.path;
    const auto of = [](const at::Tensor& tensor) {
      return tensor[0].to(at::kDouble);
    };
    EXPECT_LE(
        Relative(Projector(of(x.gate_basis)), Projector(of(y.gate_basis))),
        1e-4)
        << y.path;
    EXPECT_LE(Relative(Projector(of(x.map_up)), Projector(of(y.map_up))), 1e-4)
        << y.path;
    EXPECT_LE(Relative(at::matmul(of(x.map_up), of(x.map_down)),
                       at::matmul(of(y.map_up), of(y.map_down))),
              5e-2)
        << y.path;
  }
}

// Sampled as the presets do, but with two seeds and three calls of the window.
ConceptSettings AsPublished(ConceptSettings settings) {
  settings.statistics.num_inference_steps = 50;
  settings.statistics.window_start = 10;
  settings.statistics.window_end = 13;
  return settings;
}

TEST_F(FitTest, AnEraserDependsNeitherOnTheBatchNorOnOtherConcepts) {
  const ConceptSettings cat =
      AsPublished(Concept("cat", "a picture of a balloon"));
  const ConceptSettings fox =
      AsPublished(Concept("fox", "a picture of a corn"));
  ConceptSettings owl = AsPublished(Concept("owl", "a picture of a balloon"));
  owl.anchors = {"a picture of a wolf", "a picture of a dog"};
  const auto fit = [this](const std::vector<ConceptSettings>& concepts,
                          int64_t batch_size) {
    FitOptions options;
    options.batch_size = batch_size;
    return FitErasers(pipeline_, concepts, options);
  };
  const Erasers alone = fit({fox}, 1);
  ExpectSameEraser(fit({fox}, 4), alone, "fox");
  ExpectSameEraser(fit({fox}, 16), alone, "fox");
  const Erasers together = fit({cat, fox, owl}, 4);
  ExpectSameEraser(together, alone, "fox");
  const Erasers turned = fit({owl, fox, cat}, 4);
  for (const char* name : {"cat", "fox", "owl"})
    ExpectSameEraser(turned, together, name);
}

TEST_F(FitTest, AnInterruptStopsIt) {
  FitOptions options;
  options.interrupted = [] { return true; };
  EXPECT_THROW(FitErasers(pipeline_, {Concept("cat", "a picture")}, options),
               Interrupted);
}

TEST_F(FitTest, TheEstimateIsWhatIsRun) {
  const ConceptSettings settings = Concept("cat", "a picture of a balloon");
  const FitCost cost = EstimateFit(pipeline_, {settings}, {});
  std::map<std::string, int64_t> done;
  FitOptions options;
  options.progress = [&](const FitProgress& p) {
    EXPECT_LE(p.done, p.total);
    done[p.phase] = p.done;
  };
  FitErasers(pipeline_, {settings}, options);
  EXPECT_EQ(done["statistics"], cost.statistics);
  EXPECT_EQ(done["gates"], cost.gates);
  EXPECT_EQ(cost.statistics, 4 * 2 * 6);
}

}  // namespace
}  // namespace gloce
