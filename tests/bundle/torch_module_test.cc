#include "bundle/torch_module.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "bundle/torch_module_impl.h"

namespace gloce {
namespace {

const char* const kUnet = GLOCE_BUNDLES "/emoji/unet.pt";

std::vector<at::Tensor> Inputs(int64_t batch) {
  return {at::randn({batch, 4, 16, 16}), at::full({batch}, 501.0),
          at::randn({batch, 32, 128})};
}

// How many graphs run in four steps, the last of which has another batch.
size_t CountGraphs(
    const std::function<void(const std::vector<at::Tensor>&)>& step) {
  std::set<std::shared_ptr<torch::jit::Graph>> graphs;
  for (const int64_t batch : {2, 2, 2, 4}) {
    step(Inputs(batch));
    graphs.insert(torch::jit::lastExecutedOptimizedGraph());
  }
  return graphs.size();
}

// An executor that profiles optimises a second graph in the second step, and
// users wait for it.
TEST(TorchModuleTest, LaterStepsRunTheGraphOfTheFirst) {
  torch::jit::getProfilingMode() = true;  // LibTorch's default
  TorchModule module(kUnet);
  module.Prepare({});
  EXPECT_FALSE(torch::jit::getProfilingMode());
  EXPECT_EQ(CountGraphs([&](const auto& inputs) { module.Run(inputs); }), 1U);
}

// Otherwise the test above would say nothing.
TEST(TorchModuleTest, AnExecutorThatProfilesRunsMoreGraphs) {
  torch::jit::Module module = torch::jit::load(kUnet);
  torch::jit::getProfilingMode() = true;
  torch::jit::getExecutorMode() = true;
  const size_t graphs = CountGraphs([&](const auto& inputs) {
    const c10::InferenceMode no_gradients;
    module.forward(std::vector<c10::IValue>(inputs.begin(), inputs.end()));
  });
  EXPECT_GT(graphs, 1U);
}

}  // namespace
}  // namespace gloce
