// gloce convert: what gloce built, through published checkpoints and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/run_program.h"
#include "erasure/layer_tensors.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kModel = " --model " GLOCE_BUNDLES "/emoji ";

// Tensors bit for bit, and the settings that a published checkpoint tells.
void ExpectSameErasers(const Erasers& after, const Erasers& before) {
  EXPECT_EQ(after.model_identity, before.model_identity);
  ASSERT_EQ(after.layers.size(), before.layers.size());
  for (size_t l = 0; l < after.layers.size(); ++l) {
    EXPECT_EQ(after.layers[l].path, before.layers[l].path);
    for (const LayerTensor& spec : kLayerTensors) {
      const at::Tensor& a = before.layers[l].*spec.tensor;
      const at::Tensor& b = after.layers[l].*spec.tensor;
      ASSERT_EQ(a.sizes(), b.sizes()) << spec.name;
      EXPECT_EQ(std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()),
                0)
          << spec.name;
    }
  }
  ASSERT_EQ(after.concepts.size(), before.concepts.size());
  for (size_t n = 0; n < before.concepts.size(); ++n) {
    EXPECT_EQ(after.concepts[n].settings.name,
              before.concepts[n].settings.name);
    EXPECT_EQ(after.concepts[n].settings.tau, before.concepts[n].settings.tau);
    EXPECT_EQ(after.concepts[n].gate_start_timestep,
              before.concepts[n].gate_start_timestep);
  }
}

TEST(ConvertTest, BuiltErasersSurviveTheRoundTripBitForBit) {
  const TemporaryFolder folder;
  const std::string list = folder / "concepts.json";
  WriteFileAtomically(list, R"({"steps": 6, "window": [0, 2], "num_seeds": 1,
      "gate_start": 0, "concepts": [{"name": "pizza", "rank_map": 3},
      {"name": "red cat", "rank_map": 1, "rank_gate": 2}]})");
  const std::string built = folder / "built.safetensors";
  ASSERT_EQ(RunProgram("build" + kModel + "--quiet --concepts " + list +
                       " --out " + built)
                .exit_code,
            0);
  const std::string out = folder / "published";
  const ProgramResult published =
      RunProgram("convert --to published --out " + out + " " + built);
  ASSERT_EQ(published.exit_code, 0) << published.err;
  EXPECT_THAT(published.out, testing::AllOf(HasSubstr("--degen_rank 3"),
                                            HasSubstr("--gate_rank 2"),
                                            HasSubstr("--st_timestep 0")));

  const std::string back = folder / "back.safetensors";
  const ProgramResult converted = RunProgram(
      "convert --to gloce" + kModel + "--gate-start 0 --out " + back + " " +
      out + "/pizza/ckpt.safetensors " + out + "/red_cat");
  ASSERT_EQ(converted.exit_code, 0) << converted.err;
  EXPECT_THAT(converted.err, HasSubstr("--eta 1"));
  EXPECT_THAT(converted.err, testing::Not(HasSubstr("--gate-start")));

  ExpectSameErasers(ReadErasers(back), ReadErasers(built));
  const json description =
      json::parse(RunProgram("inspect --json " + back).out);
  EXPECT_TRUE(description["concepts"][0]["window"].is_null());

  // What was converted draws.
  EXPECT_EQ(RunProgram("generate" + kModel +
                       "--prompt 'a cat' --steps 2 -q "
                       "--erasers " +
                       back + " --out " + (folder / "pictures"))
                .exit_code,
            0);
  // A folder gets no second generation of concepts.
  const ProgramResult mixed = RunProgram(
      "convert --to published --only pizza "
      "--out " +
      out + " " + built);
  EXPECT_EQ(mixed.exit_code, 1);
  EXPECT_THAT(mixed.err, testing::AllOf(HasSubstr("red_cat"),
                                        HasSubstr("another folder")));
}

}  // namespace
}  // namespace gloce
