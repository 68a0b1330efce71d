#include "bundle/inference_graph.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/function_impl.h>

#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "base/file.h"
#include "bundle/retarget.h"

namespace gloce {
namespace {

using torch::jit::Module;

const Placement kCpu{c10::Device(c10::kCPU), at::kFloat};

// As a trace calls it.
const char* const kConvolution =
    "torch._convolution({}, self.weight, self.bias, [1, 1], [1, 1], [1, 1], "
    "False, [0, 0], 1, False, False, True, True)";

std::string Convolve(const std::string& input) {
  std::string text = kConvolution;
  return text.replace(text.find("{}"), 2, input);
}

// A module with a convolution's weight (width, width, 3, 3), and this forward.
Module MakeModule(const std::string& forward, int64_t width = 8) {
  at::manual_seed(0);
  Module module("m");
  module.register_parameter("weight", at::randn({width, width, 3, 3}), false);
  module.register_parameter("bias", at::randn({width}), false);
  module.define("def forward(self, x):\n" + forward + "\n");
  return module;
}

at::Tensor Outputs(Module& module, const at::Tensor& x) {
  const c10::InferenceMode no_gradients;
  return module.forward({x}).toTensor();
}

// The optimised module's output.
at::Tensor Optimized(Module& module, const at::Tensor& x,
                     const Placement& placement = kCpu) {
  OptimizeForInference(module, placement);
  return Outputs(module, x);
}

int64_t Count(const Module& module, const std::string& op) {
  int64_t count = 0;
  const auto graph =
      torch::jit::toGraphFunction(module.get_method("forward").function())
          .graph();
  for (const auto* node : graph->nodes())
    count += node->kind().toQualString() == op ? 1 : 0;
  return count;
}

at::Tensor Pictures(int64_t width = 8) { return at::randn({2, width, 6, 6}); }

TEST(InferenceGraphTest, PacksAConvolutionsWeightOnce) {
  Module module = MakeModule(" return " + Convolve("x"));
  const at::Tensor x = Pictures();
  const at::Tensor weight = module.attr("weight").toTensor();
  const at::Tensor expected =
      at::conv2d(x.to(at::kDouble), weight.to(at::kDouble),
                 module.attr("bias").toTensor().to(at::kDouble), 1, 1);
  const at::Tensor output = Optimized(module, x);
  EXPECT_TRUE(at::allclose(output.to(at::kDouble), expected, 1e-5, 1e-5));
  EXPECT_EQ(module.attr("weight").toTensor().layout(), at::kMkldnn);
  EXPECT_EQ(Count(module, "aten::_convolution"), 0);
  EXPECT_TRUE(Outputs(module, x).equal(output)) << "a second run";
}

TEST(InferenceGraphTest, PacksTheWeightsOfSubmodules) {
  Module inner = MakeModule(" return " + Convolve("x"));
  Module outer("outer");
  outer.register_module("inner", inner);
  outer.define("def forward(self, x):\n return self.inner.forward(x) + x\n");
  const at::Tensor x = Pictures();
  const at::Tensor expected = at::conv2d(x, inner.attr("weight").toTensor(),
                                         inner.attr("bias").toTensor(), 1, 1) +
                              x;
  EXPECT_TRUE(at::allclose(Optimized(outer, x), expected, 1e-5, 1e-5));
  EXPECT_EQ(inner.attr("weight").toTensor().layout(), at::kMkldnn);
}

TEST(InferenceGraphTest, LeavesAWeightThatIsReadTwice) {
  Module module =
      MakeModule(" y = " + Convolve("x") + "\n return " + Convolve("y"));
  const at::Tensor x = Pictures();
  const at::Tensor weight = module.attr("weight").toTensor();
  const at::Tensor bias = module.attr("bias").toTensor();
  const at::Tensor expected =
      at::conv2d(at::conv2d(x, weight, bias, 1, 1), weight, bias, 1, 1);
  EXPECT_TRUE(Optimized(module, x).equal(expected));
  EXPECT_EQ(weight.layout(), at::kStrided);
}

TEST(InferenceGraphTest, LeavesLargeNetworksInFloat32Alone) {
  Module module = MakeModule(" return " + Convolve("x"), 320);
  OptimizeForInference(module, kCpu);
  EXPECT_EQ(module.attr("weight").toTensor().layout(), at::kStrided);
}

// As /proc/cpuinfo tells; oneDNN has no convolution in bfloat16 without these.
bool ProcessorHasBfloat16Kernels() {
  std::istringstream words(ReadFile("/proc/cpuinfo"));
  const std::set<std::string> flags{std::istream_iterator<std::string>(words),
                                    {}};
  return flags.contains("avx_ne_convert") ||
         (flags.contains("avx512bw") && flags.contains("avx512vl") &&
          flags.contains("avx512dq"));
}

TEST(InferenceGraphTest, PacksLargeNetworksInHalfTypesWhereThereAreKernels) {
  Module module = MakeModule(" return " + Convolve("x"), 320);
  const Placement half{c10::Device(c10::kCPU), at::kBFloat16};
  Retarget(module, half);
  const at::Tensor x = Pictures(320).to(at::kBFloat16);
  const at::Tensor expected = at::conv2d(
      x.to(at::kDouble), module.attr("weight").toTensor().to(at::kDouble),
      module.attr("bias").toTensor().to(at::kDouble), 1, 1);
  const at::Tensor output = Optimized(module, x, half);
  EXPECT_EQ(module.attr("weight").toTensor().layout(),
            ProcessorHasBfloat16Kernels() ? at::kMkldnn : at::kStrided);
  // One rounding to bfloat16: half a unit of its 8 bits.
  EXPECT_TRUE(at::allclose(output.to(at::kDouble), expected, 1.0 / 256, 1e-2));
}

TEST(InferenceGraphTest, LargeNetworksMayHoldTheirMapsChannelsLast) {
  Module module = MakeModule(" return " + Convolve("x"), 320);
  const at::Tensor x = Pictures(320);
  const at::Tensor expected = at::conv2d(
      x.to(at::kDouble), module.attr("weight").toTensor().to(at::kDouble),
      module.attr("bias").toTensor().to(at::kDouble), 1, 1);
  OptimizeForInference(module, kCpu, MapLayout::kChannelsLast);
  const at::Tensor output = Outputs(module, x);
  EXPECT_TRUE(output.is_contiguous(at::MemoryFormat::ChannelsLast));
  // Sums of 2,880 products: their rounding is some 2880 · 1.2e-7 = 3.4e-4.
  EXPECT_TRUE(at::allclose(output.to(at::kDouble), expected, 1e-5, 1e-3));
}

TEST(InferenceGraphTest, LeavesTransposedConvolutions) {
  Module module = MakeModule(
      " return torch._convolution(x, self.weight, self.bias, [2, 2], [1, 1], "
      "[1, 1], True, [1, 1], 1, False, False, True, True)");
  const at::Tensor x = Pictures();
  const at::Tensor expected =
      at::conv_transpose2d(x, module.attr("weight").toTensor(),
                           module.attr("bias").toTensor(), 2, 1, 1);
  EXPECT_TRUE(Optimized(module, x).equal(expected));
}

TEST(InferenceGraphTest, DropsWhatDoesNothing) {
  Module module = MakeModule(
      " y = torch.silu(x)\n"
      " y = torch.dropout(y, 0.5, False)\n"
      " return torch.div(y, 1.0)");
  const at::Tensor x = Pictures();
  EXPECT_TRUE(Optimized(module, x).equal(at::silu(x)));
  EXPECT_EQ(Count(module, "aten::dropout"), 0);
  EXPECT_EQ(Count(module, "aten::div"), 0);
}

TEST(InferenceGraphTest, KeepsWhatDoesSomething) {
  Module module = MakeModule(
      " y = torch.silu(x)\n"
      " y = torch.dropout(y, 0.5, True)\n"
      " return torch.div(y, 2.0)");
  OptimizeForInference(module, kCpu);
  EXPECT_EQ(Count(module, "aten::dropout"), 1);
  EXPECT_EQ(Count(module, "aten::div"), 1);
}

TEST(InferenceGraphTest, ADivisionByOneStillMakesIntegersFloating) {
  Module module = MakeModule(" return torch.div(x, 1)");
  EXPECT_EQ(Optimized(module, at::ones({2}, at::kLong)).scalar_type(),
            at::kFloat);
}

TEST(InferenceGraphTest, SiluOverwritesWhatNobodyElseReads) {
  Module module = MakeModule(" return torch.silu(torch.group_norm(x, 2))");
  const at::Tensor x = Pictures();
  EXPECT_TRUE(Optimized(module, x).equal(at::silu(at::group_norm(x, 2))));
  EXPECT_EQ(Count(module, "aten::silu_"), 1);
}

TEST(InferenceGraphTest, SiluLeavesWhatOthersRead) {
  const at::Tensor x = Pictures();
  Module input = MakeModule(" return torch.silu(x)");
  const at::Tensor before = x.clone();
  EXPECT_TRUE(Optimized(input, x).equal(at::silu(x)));
  EXPECT_TRUE(x.equal(before));
  Module twice = MakeModule(
      " y = torch.group_norm(x, 2)\n"
      " return torch.silu(y) + y");
  const at::Tensor norm = at::group_norm(x, 2);
  EXPECT_TRUE(Optimized(twice, x).equal(at::silu(norm) + norm));
}

}  // namespace
}  // namespace gloce
