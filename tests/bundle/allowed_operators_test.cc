#include "bundle/allowed_operators.h"

#include <gtest/gtest.h>

namespace gloce {
namespace {

TEST(AllowedOperatorsTest, ComputingIsAllowed) {
  for (const char* kind :
       {"aten::add", "aten::add_", "aten::_convolution", "aten::__and__",
        "aten::scaled_dot_product_attention", "aten::silu_", "prim::GetAttr",
        "prim::If"}) {
    EXPECT_TRUE(IsAllowedOperator(kind)) << kind;
  }
}

TEST(AllowedOperatorsTest, AllElseIsNot) {
  for (const char* kind : {"aten::from_file",
                           "aten::save",
                           "aten::load",
                           "aten::warn",
                           "aten::set_",
                           "aten::resize_",
                           "aten::as_strided",
                           "aten::as_strided_",
                           "aten::_reshape_alias",
                           "aten::manual_seed",
                           "aten::normal_",
                           "aten::__and___",
                           "aten::",
                           "aten::_",
                           "aten",
                           "",
                           "add",
                           "prim::Print",
                           "prim::PythonOp",
                           "prim::fork",
                           "prim::rpc_async",
                           "prim::SetAttr",
                           "prim::CreateObject",
                           "prim::If_",
                           "prim::add",
                           "gloce::hook",
                           "gloce::match_dtype",
                           "quantized::linear",
                           "c10d::send",
                           "profiler::_record_function_enter",
                           "xaten::add",
                           "Aten::add"}) {
    EXPECT_FALSE(IsAllowedOperator(kind)) << kind;
  }
}

}  // namespace
}  // namespace gloce
