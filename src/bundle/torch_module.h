// A TorchScript network: loaded on the CPU, changed while it is still cold,
// then run.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "gloce/bundle/device.h"

namespace gloce {

// How a network on the CPU holds its maps, (B, C, H, W), between operators:
// channel by channel, or all channels of a pixel together. The second saves
// large maps their copies before and after a convolution, in time and memory.
enum class MapLayout { kAsTraced, kChannelsLast };

class TorchModule {
 public:
  // Loads `path` on the CPU, without running anything of it. Throws Error if it
  // is missing, no TorchScript archive, or could do more than compute
  // (archive_check.h, graph_check.h).
  explicit TorchModule(const std::string& path);
  ~TorchModule();
  TorchModule(TorchModule&&) noexcept;
  TorchModule& operator=(TorchModule&&) noexcept;

  // Moves weights and the device and dtype constants that the trace has baked
  // in (retarget.h), then rewrites the graph for inference (inference_graph.h).
  // Once, before the first Run: executors keep the graph that they were built
  // from.
  void Prepare(const Placement& placement,
               MapLayout layout = MapLayout::kAsTraced);

  // Runs `forward`, which must return one tensor. No gradients. Throws Error.
  at::Tensor Run(const std::vector<at::Tensor>& inputs);

  // Throws Error unless dimension `dim` of the weight whose name ends in
  // `weight` has `size` entries, as `key` of bundle.json says. A network
  // without such a weight passes: its first run shows what it takes.
  void CheckWeight(const std::string& weight, size_t dim, int64_t size,
                   const std::string& key) const;

  // The same, but the weight may have more entries.
  void CheckCapacity(const std::string& weight, size_t dim, int64_t size,
                     const std::string& key) const;

  const std::string& path() const { return path_; }

  // The TorchScript module, for graph surgery (see torch_module_impl.h).
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::string path_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gloce
