#include "gloce/erasure/erased_denoiser.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle/manifest.h"
#include "diffusion/unet.h"
#include "erasure/hooked_denoiser.h"
#include "erasure/sample_erasers.h"
#include "gloce/base/error.h"
#include "gloce/diffusion/sampler.h"
#include "gloce/diffusion/scheduler.h"

namespace gloce {
namespace {

const std::string kBundle = std::string(GLOCE_BUNDLES) + "/emoji";

// x' by the definition (docs/erasure.md), in double precision, token by token.
class PlainErasure : public LayerHook {
 public:
  PlainErasure(const Erasers& erasers, double strength)
      : erasers_(erasers), strength_(strength) {}
  bool BeginForward(const ForwardContext& context) override {
    timestep_ = context.timestep;
    return true;
  }
  at::Tensor OnActivation(at::Tensor x, size_t layer) override {
    const LayerErasers& e = erasers_.layers[layer];
    at::Tensor out = x.to(at::kDouble);
    const auto row = [](const at::Tensor& t, int64_t n) {
      return t[n].to(at::kDouble);
    };
    for (int64_t b = 0; b < x.size(0); ++b) {
      for (int64_t t = 0; t < x.size(1); ++t) {
        const at::Tensor token = out[b][t].clone();
        double best = -1e300;
        int64_t winner = -1;
        for (int64_t n = 0; n < e.gate_center.size(0); ++n) {
          const auto& info = erasers_.concepts[static_cast<size_t>(n)];
          if (timestep_ > info.gate_start_timestep) continue;
          const at::Tensor y = token - row(e.surrogate_mean, n);
          const double p =
              (at::matmul(row(e.gate_basis, n).t(), y).square().sum() /
               y.square().sum())
                  .item<double>();
          const double logit = row(e.gate_slope, n).item<double>() *
                               (p - row(e.gate_center, n).item<double>());
          if (logit > best) {
            best = logit;
            winner = n;
          }
        }
        if (winner < 0) continue;
        const double eta =
            erasers_.concepts[static_cast<size_t>(winner)].settings.eta;
        const double gate = 1 / (1 + std::exp(-best));
        opened += gate > 0.5;
        const at::Tensor update =
            eta * (row(e.mapping_mean, winner) +
                   at::matmul(row(e.map_up, winner),
                              at::matmul(row(e.map_down, winner),
                                         token - row(e.target_mean, winner))));
        out[b][t].copy_(token + strength_ * gate * (update - token));
      }
    }
    return out.to(x.scalar_type());
  }
  int64_t opened = 0;

 private:
  const Erasers& erasers_;
  double strength_;
  double timestep_ = 0;
};

class ErasedDenoiserTest : public testing::Test {
 protected:
  Erasers Sample(const std::string& name, int seed, int64_t rank_gate = 1) {
    return SampleErasers(name, bundle_.manifest().hooks,
                         bundle_.model_identity(), rank_gate, seed);
  }
  at::Tensor Plain(const Erasers& erasers, double timestep, double strength,
                   int64_t* opened = nullptr) {
    HookedDenoiser hooked(bundle_, {});
    PlainErasure plain(erasers, strength);
    hooked.Install(&plain);
    const at::Tensor output = hooked.Predict(latents_, timestep, conditioning_);
    if (opened != nullptr) *opened = plain.opened;
    return output;
  }

  Bundle bundle_{kBundle};
  at::Tensor latents_ = InitialNoise({1, 2}, 4, 16, 16);
  Conditioning conditioning_{at::randn({2, 32, 128}), 1};
};

TEST_F(ErasedDenoiserTest, EqualsTheDefinitionTokenByToken) {
  Erasers erasers =
      MergeErasers({Sample("cat", 1), Sample("fox", 2, 3), Sample("owl", 3)});
  erasers.concepts[1].settings.eta = 5;
  for (const double strength : {1.0, 0.5}) {
    int64_t opened = 0;
    const at::Tensor expected = Plain(erasers, 500, strength, &opened);
    ErasedDenoiser erased(bundle_, {}, erasers, strength);
    const at::Tensor got = erased.Predict(latents_, 500, conditioning_);
    EXPECT_LE(((got - expected).norm() / expected.norm()).item<double>(), 1e-5);
    EXPECT_GT(opened, 0) << "nothing was tested";
  }
}

TEST_F(ErasedDenoiserTest, ActsFromItsNoiseLevelOnEachConceptAlone) {
  Erasers erasers = MergeErasers({Sample("cat", 1), Sample("fox", 2)});
  erasers.concepts[0].gate_start_timestep = 801;
  erasers.concepts[1].gate_start_timestep = 401;
  ErasedDenoiser erased(bundle_, {}, erasers);
  Unet plain(bundle_, {});
  const auto difference = [&](double timestep, const at::Tensor& expected) {
    return (erased.Predict(latents_, timestep, conditioning_) - expected)
        .abs()
        .max()
        .item<double>();
  };
  EXPECT_EQ(difference(821, plain.Predict(latents_, 821, conditioning_)), 0);
  EXPECT_GT(difference(801, plain.Predict(latents_, 801, conditioning_)), 0);
  for (const double timestep : {801.0, 402.0, 401.0, 801.0}) {
    const at::Tensor expected = Plain(erasers, timestep, 1);
    EXPECT_LE(difference(timestep, expected), 1e-4) << timestep;
  }
}

// Whatever its steps are, whole or fractions.
TEST_F(ErasedDenoiserTest, ActsAtTheSameNoiseLevelsWithEveryScheduler) {
  Erasers erasers = Sample("cat", 1);
  erasers.concepts[0].gate_start_timestep = 601;
  ErasedDenoiser erased(bundle_, {}, erasers);
  Unet plain(bundle_, {});
  const SchedulerConfig config =
      SchedulerConfig::FromJson(bundle_.manifest().scheduler_json, "bundle");
  for (const std::string& name : SchedulerNames()) {
    const auto scheduler = MakeScheduler(name, config);
    scheduler->SetTimesteps(6);
    size_t acting = 0;
    for (const double timestep : scheduler->timesteps()) {
      const bool acts =
          !erased.Predict(latents_, timestep, conditioning_)
               .equal(plain.Predict(latents_, timestep, conditioning_));
      EXPECT_EQ(acts, timestep <= 601) << name << " at " << timestep;
      acting += acts;
    }
    EXPECT_GT(acting, 0) << name;
    EXPECT_LT(acting, scheduler->timesteps().size()) << name;
  }
  for (const auto& [timestep, acts] :
       {std::pair(601.0625, false), std::pair(600.9375, true)}) {
    EXPECT_NE(erased.Predict(latents_, timestep, conditioning_)
                  .equal(plain.Predict(latents_, timestep, conditioning_)),
              acts)
        << timestep;
  }
}

TEST_F(ErasedDenoiserTest, ClosedGatesLeaveTheNetworkBitIdentical) {
  Erasers erasers = Sample("cat", 1);
  for (LayerErasers& layer : erasers.layers) layer.gate_center.fill_(2);
  ErasedDenoiser erased(bundle_, {}, erasers);
  Unet plain(bundle_, {});
  EXPECT_TRUE(erased.Predict(latents_, 500, conditioning_)
                  .equal(plain.Predict(latents_, 500, conditioning_)));
  EXPECT_EQ(erased.TakeGateActivity().sum().item<double>(), 0);
}

TEST_F(ErasedDenoiserTest, OpenGatesReportFullActivityOfTheWinner) {
  Erasers erasers = MergeErasers({Sample("cat", 1), Sample("fox", 2)});
  for (LayerErasers& layer : erasers.layers) {
    layer.gate_center[0].fill_(-10);  // logit +1000: cat wins everywhere
  }
  ErasedDenoiser erased(bundle_, {}, erasers);
  erased.Predict(latents_, 500, conditioning_);
  erased.Predict(latents_, 400, conditioning_);
  const at::Tensor activity = erased.TakeGateActivity();
  ASSERT_EQ(activity.sizes(), at::IntArrayRef({1, 2}));
  EXPECT_EQ(activity[0][0].item<double>(), 1);
  EXPECT_EQ(activity[0][1].item<double>(), 0);
}

// What is recorded token by token adds up to the activity.
TEST_F(ErasedDenoiserTest, RecordsWhereAndWhenGatesOpen) {
  Erasers erasers = MergeErasers({Sample("cat", 1), Sample("fox", 2)});
  for (size_t n = 0; n < 2; ++n) {  // some tokens open, whichever acts
    for (LayerErasers& layer : erasers.layers) {
      const auto place = static_cast<int64_t>(n);
      layer.gate_center[place].fill_(0.02 + 0.01 * static_cast<double>(n));
      erasers.concepts[n].gate_start_timestep = 601;
    }
  }
  ErasedDenoiser erased(bundle_, {}, erasers);
  erased.RecordGates(true);
  for (const double timestep : {900.0, 600.0, 400.0})
    erased.Predict(latents_, timestep, conditioning_);
  const at::Tensor activity = erased.TakeGateActivity();
  const GateRecord record = erased.TakeGateRecord();
  EXPECT_EQ(record.timesteps, (std::vector<double>{600, 400}));
  ASSERT_EQ(record.layers.size(), erasers.layers.size());
  double tokens = 0;
  std::vector<double> open(2);
  for (const GateRecord::Layer& layer : record.layers) {
    EXPECT_EQ(layer.height, layer.width);
    EXPECT_EQ(layer.acting.sizes(),
              at::IntArrayRef({2, 1, layer.height * layer.width}));
    tokens += 3 * static_cast<double>(layer.height * layer.width);
    for (size_t n = 0; n < 2; ++n) {
      open[n] +=
          (layer.acting == static_cast<int64_t>(n + 1)).sum().item<double>();
    }
  }
  EXPECT_GT(open[0] + open[1], 0);
  EXPECT_DOUBLE_EQ(activity[0][0].item<double>(), open[0] / tokens);
  EXPECT_DOUBLE_EQ(activity[0][1].item<double>(), open[1] / tokens);
  EXPECT_TRUE(erased.TakeGateRecord().timesteps.empty());
  erased.SetErasers(Sample("owl", 3));  // recording goes on
  erased.Predict(latents_, 100, conditioning_);
  EXPECT_EQ(erased.TakeGateRecord().timesteps.size(), 1u);
}

TEST_F(ErasedDenoiserTest, ErasersAreExchangedUnderTheSameNetwork) {
  const Erasers cat = Sample("cat", 1);
  const Erasers two = MergeErasers({Sample("fox", 2, 3), Sample("owl", 3)});
  ErasedDenoiser exchanged(bundle_, {}, cat);
  const at::Tensor with_cat = exchanged.Predict(latents_, 500, conditioning_);
  exchanged.SetErasers(two, 0.5);
  const at::Tensor with_two = exchanged.Predict(latents_, 500, conditioning_);
  EXPECT_TRUE(with_two.equal(ErasedDenoiser(bundle_, {}, two, 0.5)
                                 .Predict(latents_, 500, conditioning_)));
  EXPECT_FALSE(with_two.equal(with_cat));
  EXPECT_EQ(exchanged.TakeGateActivity().size(1), 2);

  Erasers other = cat;
  other.model_identity = std::string(64, '0');
  EXPECT_THROW(exchanged.SetErasers(other), Error);
  EXPECT_TRUE(exchanged.Predict(latents_, 500, conditioning_).equal(with_two));

  exchanged.SetErasers(cat, 0);
  EXPECT_TRUE(
      exchanged.Predict(latents_, 500, conditioning_)
          .equal(Unet(bundle_, {}).Predict(latents_, 500, conditioning_)));
}

TEST_F(ErasedDenoiserTest, ErasersOfAnotherModelAreRefusedByName) {
  const auto message = [&](const Erasers& erasers) {
    try {
      ErasedDenoiser(bundle_, {}, erasers);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  Erasers erasers = Sample("cat", 1);
  erasers.model_identity = std::string(64, '0');
  EXPECT_THAT(message(erasers), testing::HasSubstr("another model"));
  erasers = Sample("cat", 1);
  erasers.layers[2].path = "elsewhere";
  EXPECT_THAT(message(erasers), testing::HasSubstr("hook point 2"));
  erasers = Sample("cat", 1);
  erasers.layers.pop_back();
  EXPECT_THAT(message(erasers), testing::HasSubstr("6 hook points"));
}

}  // namespace
}  // namespace gloce
