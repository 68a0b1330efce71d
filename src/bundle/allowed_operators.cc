#include "bundle/allowed_operators.h"

#include <string>
#include <unordered_set>

namespace gloce {
namespace {

using Names = std::unordered_set<std::string_view>;

// The structure of graphs. Left out are prim::Print, prim::PythonOp, forks and
// remote calls, and prim::CreateObject and prim::SetAttr: a network has no
// state to change.
const Names& PrimNames() {
  static const auto* const names = new Names{"CallFunction",
                                             "CallMethod",
                                             "Constant",
                                             "DictConstruct",
                                             "DictIndex",
                                             "GetAttr",
                                             "If",
                                             "ListConstruct",
                                             "ListUnpack",
                                             "Loop",
                                             "NumToTensor",
                                             "RaiseException",
                                             "TupleConstruct",
                                             "TupleIndex",
                                             "TupleSlice",
                                             "TupleUnpack",
                                             "Uninitialized",
                                             "abs",
                                             "device",
                                             "dtype",
                                             "is_cpu",
                                             "is_cuda",
                                             "isinstance",
                                             "layout",
                                             "max",
                                             "min",
                                             "shape",
                                             "tolist",
                                             "unchecked_cast",
                                             "unchecked_unwrap_optional"};
  return *names;
}

// ATen's operators, by the names of their variants that are not in place. What
// traces of text encoders, U-Nets, transformers and VAEs hold, and their kin.
// Left out on purpose: from_file, save, load, warn and all else that takes a
// name; set_, resize_, as_strided and others that lay a new shape over memory;
// names that begin with "_", which are for ATen's own use, but for the two that
// traces have.
const Names& AtenNames() {
  static const auto* const names = new Names{
      // numbers, lists and conditions of scripted code
      "Bool", "BoolImplicit", "Float", "FloatImplicit", "Int", "IntImplicit",
      "ScalarImplicit", "__and__", "__contains__", "__derive_index",
      "__getitem__", "__is__", "__isnot__", "__not__", "__or__",
      "__range_length", "__xor__", "append", "dim", "element_size", "format",
      "get", "is_floating_point", "item", "items", "keys", "len", "list",
      "numel", "size", "values",
      // making tensors
      "arange", "empty", "empty_like", "eye", "full", "full_like", "linspace",
      "new_empty", "new_full", "new_ones", "new_zeros", "ones", "ones_like",
      "scalar_tensor", "tensor", "zeros", "zeros_like",
      // shapes and copies
      "alias", "broadcast_tensors", "broadcast_to", "cat", "chunk", "clone",
      "concat", "constant_pad_nd", "contiguous", "copy", "detach", "diagonal",
      "expand", "expand_as", "fill", "flatten", "flip", "masked_fill",
      "meshgrid", "movedim", "narrow", "one_hot", "pad", "permute",
      "pixel_shuffle", "pixel_unshuffle", "reflection_pad2d", "repeat",
      "repeat_interleave", "replication_pad2d", "reshape", "reshape_as", "roll",
      "select", "slice", "split", "split_with_sizes", "squeeze", "stack",
      "swapaxes", "t", "tile", "to", "transpose", "tril", "triu", "type_as",
      "unbind", "unflatten", "unsqueeze", "view", "view_as", "where", "zero",
      // indices, which ATen checks
      "embedding", "gather", "index", "index_add", "index_put", "index_select",
      "masked_scatter", "masked_select", "nonzero", "scatter", "scatter_add",
      "take_along_dim",
      // element by element
      "abs", "acos", "add", "addcdiv", "addcmul", "asin", "atan", "atan2",
      "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "ceil",
      "clamp", "clamp_max", "clamp_min", "clip", "cos", "cosh", "div", "divide",
      "eq", "erf", "exp", "expm1", "floor", "floor_divide", "floordiv", "fmod",
      "frac", "ge", "gt", "isfinite", "isinf", "isnan", "le", "lerp", "log",
      "log10", "log1p", "log2", "logical_and", "logical_not", "logical_or",
      "logical_xor", "lt", "maximum", "minimum", "mul", "multiply", "ne", "neg",
      "pow", "reciprocal", "remainder", "round", "rsqrt", "rsub", "sigmoid",
      "sign", "sin", "sinh", "sqrt", "square", "sub", "subtract", "tan", "tanh",
      "true_divide", "trunc",
      // activations
      "celu", "dropout", "elu", "feature_dropout", "gelu", "glu", "hardsigmoid",
      "hardswish", "hardtanh", "leaky_relu", "log_sigmoid", "log_softmax",
      "mish", "prelu", "relu", "relu6", "selu", "silu", "softmax", "softplus",
      // over dimensions
      "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "cumprod",
      "cumsum", "logsumexp", "max", "mean", "median", "min", "norm", "prod",
      "sort", "std", "sum", "topk", "var", "var_mean",
      // products, convolutions, norms and attention
      "_convolution", "adaptive_avg_pool2d", "addmm", "avg_pool2d", "baddbmm",
      "batch_norm", "bilinear", "bmm", "conv1d", "conv2d", "conv3d",
      "conv_transpose2d", "convolution", "dot", "einsum", "group_norm",
      "instance_norm", "layer_norm", "linalg_vector_norm", "linear", "matmul",
      "max_pool2d", "mm", "mv", "outer", "rms_norm",
      "scaled_dot_product_attention", "tensordot", "upsample_bicubic2d",
      "upsample_bilinear2d", "upsample_nearest1d", "upsample_nearest2d",
      "_softmax"};
  return *names;
}

}  // namespace

bool IsAllowedOperator(std::string_view kind) {
  constexpr std::string_view kPrim = "prim::";
  constexpr std::string_view kAten = "aten::";
  if (kind.starts_with(kPrim)) {
    return PrimNames().contains(kind.substr(kPrim.size()));
  }
  if (!kind.starts_with(kAten)) return false;
  kind.remove_prefix(kAten.size());
  if (AtenNames().contains(kind)) return true;
  // In place: "add_".
  return kind.ends_with('_') && !kind.ends_with("__") &&
         AtenNames().contains(kind.substr(0, kind.size() - 1));
}

}  // namespace gloce
