// The erasing operator's own way on accelerators: computed on the fake device,
// which counts what would make a GPU wait, against plain double precision.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <numeric>

#include "erasure/layer_update.h"
#include "erasure/sample_erasers.h"
#include "erasure/token_blocks.h"
#include "fake_device/counters.h"

namespace gloce::fake_device {
namespace {

const c10::Device kDevice("privateuseone:0");
constexpr int64_t kWidth = 320;
constexpr double kStrength = 0.75;

// Concepts, each with its own surrogate and η.
Erasers DistinctErasers(int count) {
  std::vector<Erasers> each;
  for (int i = 0; i < count; ++i) {
    each.push_back(SampleErasers("concept " + std::to_string(i),
                                 {{"layer", kWidth, ""}}, "model", 1, i));
    each.back().concepts[0].settings.eta = i - 1.5;
    each.back().layers[0].gate_center.fill_(0.004);
  }
  return MergeErasers(each);
}

// p, the widest gates and x', in double precision: docs/erasure.md.
struct Plain {
  at::Tensor logits, concepts, updated;
};

Plain ApplyPlainly(const at::Tensor& x, const Erasers& erasers) {
  const LayerErasers& e = erasers.layers[0];
  const auto of = [](const at::Tensor& t) { return t.to(at::kDouble); };
  const at::Tensor rows = of(x);
  std::vector<at::Tensor> logits, updates;
  for (int64_t n = 0; n < e.gate_center.size(0); ++n) {
    const at::Tensor y = rows - of(e.surrogate_mean[n]);
    const at::Tensor p =
        at::matmul(y, of(e.gate_basis[n])).square().sum(1) / y.square().sum(1);
    logits.push_back(of(e.gate_slope[n]) * (p - of(e.gate_center[n])));
    const at::Tensor coordinates =
        at::matmul(rows - of(e.target_mean[n]), of(e.map_down[n]).t());
    const double eta = erasers.concepts[static_cast<size_t>(n)].settings.eta;
    updates.push_back(eta * (of(e.mapping_mean[n]) +
                             at::matmul(coordinates, of(e.map_up[n]).t())));
  }
  const at::Tensor all = at::stack(logits, 1);
  const auto [logit, concepts] = all.max(1);
  const at::Tensor index =
      concepts.reshape({1, -1, 1}).expand({1, rows.size(0), kWidth});
  const at::Tensor update = at::stack(updates).gather(0, index).squeeze(0);
  return {all, concepts,
          rows + kStrength * at::sigmoid(logit).unsqueeze(1) * (update - rows)};
}

class ErasingTest : public testing::Test {
 protected:
  // Enough for several blocks; every seventh very near a surrogate.
  at::Tensor Tokens() const {
    at::Tensor rows = at::randn({9000, kWidth}) + 1;
    for (int64_t m = 0; m < rows.size(0); m += 7) {
      const at::Tensor mean =
          erasers_.layers[0]
              .surrogate_mean[m % erasers_.layers[0].surrogate_mean.size(0)];
      rows[m].copy_(mean + 1e-3 * rows[m]);
    }
    return rows;
  }

  Erasers erasers_ = DistinctErasers(4);
  LayerUpdate update_{erasers_.layers[0], erasers_.concepts, kStrength,
                      kDevice};
};

TEST_F(ErasingTest, EqualsTheDefinitionForDistinctSurrogatesInEveryBlock) {
  const at::Tensor rows = Tokens();
  const at::Tensor on_device = rows.to(kDevice);
  const WidestGates widest = update_.Widest(on_device, {});
  const at::Tensor updated = update_.Apply(on_device, widest, false).cpu();
  const Plain plain = ApplyPlainly(rows, erasers_);
  const at::Tensor largest = std::get<0>(plain.logits.max(1));
  // Of p at most 1e-6, as everywhere, times the slope.
  const double tolerance = 1e-6 * 100;
  EXPECT_LE((widest.logit.cpu() - largest).abs().max().item<double>(),
            tolerance);
  const at::Tensor same = widest.concepts.cpu() == plain.concepts;
  EXPECT_GT(same.sum().item<int64_t>(), 8990);  // all but float32's ties
  const at::Tensor error =
      (updated - plain.updated).norm(2, {1}) / plain.updated.norm(2, {1});
  EXPECT_LE(error.masked_select(same).max().item<double>(), 1e-4);
}

// At few concepts and at many, of which each has its own surrogate.
TEST_F(ErasingTest, NeitherCopiesNorWaitsAndMemoryIsThatOfABlock) {
  // 1 % of Stable Diffusion 1.4's U-Net in a half type.
  EXPECT_LE(kBlockBytesAccelerator, int64_t{859'520'964} * 2 / 100);
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const at::Tensor rows = Tokens().to(dtype).to(kDevice);
    for (const int count : {1, 4, 300}) {
      const Erasers erasers = DistinctErasers(count);
      const LayerUpdate update(erasers.layers[0], erasers.concepts, kStrength,
                               kDevice);
      const Counters before = GetCounters();
      ForgetPeak();
      const WidestGates widest = update.Widest(rows, {});
      const Counters scored = GetCounters();
      ForgetPeak();
      const at::Tensor result = update.Apply(rows, widest, false);
      const Counters after = GetCounters();
      EXPECT_EQ(after.host_to_device, before.host_to_device);
      EXPECT_EQ(after.device_to_host, before.device_to_host);
      EXPECT_EQ(after.synchronisations, before.synchronisations);
      // What lives on is not working memory.
      for (const Counters& part : {scored, after}) {
        const int64_t working = part.peak_bytes - part.live_bytes;
        EXPECT_LE(working, kBlockBytesAccelerator) << count << ' ' << dtype;
        EXPECT_GE(working, kBlockBytesAccelerator / 2) << count << ' ' << dtype;
      }
    }
  }
}

TEST_F(ErasingTest, GatesAreNeverComputedInTf32) {
  const Erasers one = DistinctErasers(1);
  const LayerUpdate update(one.layers[0], one.concepts, kStrength, kDevice);
  const at::Tensor rows = Tokens().narrow(0, 0, 700).to(kDevice);
  const int64_t before = GetCounters().tf32_products;
  update.Widest(rows, {});   // in float32
  update_.Widest(rows, {});  // in float64
  EXPECT_EQ(GetCounters().tf32_products, before);
  at::mm(rows, rows.t());
  EXPECT_EQ(GetCounters().tf32_products, before + 1) << "it is not counted";
}

TEST_F(ErasingTest, HalfTypesAreComputedInFloat32) {
  const at::Tensor rows = Tokens().narrow(0, 0, 700).to(at::kBFloat16);
  const at::Tensor on_device = rows.to(kDevice);
  const at::Tensor updated =
      update_.Apply(on_device, update_.Widest(on_device, {}), false);
  ASSERT_EQ(updated.scalar_type(), at::kBFloat16);
  const LayerUpdate on_cpu(erasers_.layers[0], erasers_.concepts, kStrength,
                           c10::Device(at::kCPU));
  const at::Tensor expected = ApplyPlainly(rows, erasers_).updated;
  for (const at::Tensor& got :
       {updated.cpu(), on_cpu.Apply(rows, on_cpu.Widest(rows, {}), false)}) {
    const at::Tensor error =
        (got - expected).norm(2, {1}) / expected.norm(2, {1});
    EXPECT_LE(error.max().item<double>(), 4e-3);  // a rounding to bfloat16
  }
}

}  // namespace
}  // namespace gloce::fake_device
