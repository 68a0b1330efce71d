// Bad input of every kind: one clear line, the right exit code, nothing left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "bundle/manifest.h"
#include "cli/own_mounts.h"
#include "cli/run_program.h"
#include "erasure/sample_erasers.h"
#include "gloce/erasure/eraser_file.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kBundles = GLOCE_BUNDLES;
const std::string kModel = " --model " + kBundles + "/emoji ";

void ExpectRefusal(const std::string& arguments, int exit_code,
                   const std::string& message) {
  const ProgramResult result = RunProgram(arguments);
  EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.err;
  EXPECT_THAT(result.err, testing::StartsWith("gloce: error: ")) << arguments;
  EXPECT_THAT(result.err, HasSubstr(message)) << arguments;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1)
      << result.err;
  EXPECT_EQ(result.out, "") << arguments;
}

class BadInputTest : public testing::Test {
 protected:
  // A copy of the demo bundle that a test may damage.
  std::string CopyBundle() {
    const std::string copy = folder_ / "bundle";
    fs::copy(kBundles + "/emoji", copy, fs::copy_options::recursive);
    return copy;
  }
  std::string Write(const std::string& name, const std::string& text) {
    WriteFileAtomically(folder_ / name, text);
    return folder_ / name;
  }
  std::string Generate(const std::string& rest) {
    return "generate" + kModel + rest + " --steps 2 --out " + (folder_ / "out");
  }

  TemporaryFolder folder_;
};

TEST_F(BadInputTest, WrongUsage) {
  ExpectRefusal("--bogus", 2, "--bogus");
  ExpectRefusal("", 2, "no command");
  ExpectRefusal("frobnicate", 2, "frobnicate");
  ExpectRefusal("generate --out x", 2, "--model");
  ExpectRefusal(Generate("--prompt a --steps 0"), 2, "--steps");
  ExpectRefusal(Generate("--prompt a --seed -1"), 2, "--seed");
  ExpectRefusal(Generate("--prompt a --scheduler heun"), 2, "heun");
  ExpectRefusal(Generate("--prompt a --dtype float8"), 2, "float8");
  ExpectRefusal(Generate("--prompt a --dtype float16"), 2, "twenty times");
  ExpectRefusal(Generate("--prompt a --device tpu9"), 2, "tpu9");
  ExpectRefusal(Generate("--prompt a --shard 3/2"), 2, "--shard");
  ExpectRefusal(Generate("--prompt a --filename '{x}.png'"), 2, "{x}");
  ExpectRefusal(Generate("--prompt a --width 70"), 2, "multiple of 16");
  ExpectRefusal(Generate(""), 2, "--prompt");
  ExpectRefusal("build" + kModel + "--out " + (folder_ / "e"), 2, "--erase");
  ExpectRefusal("generate" + kModel + "--prompt a --guidance nan --out " +
                    (folder_ / "out"),
                2, "--guidance");
  ExpectRefusal("generate" + kModel + "--prompt a --steps 1000 --out " +
                    (folder_ / "out"),
                2, "1000");
  const std::string build =
      "build" + kModel + "--erase cat --out " + (folder_ / "e") + " ";
  ExpectRefusal(build + "--window x", 2, "--window");
  ExpectRefusal(build + "--window 20:10", 2, "--window");
  ExpectRefusal(build + "--tau 0", 2, "--tau");
  ExpectRefusal(build + "--eta nan", 2, "--eta");
  ExpectRefusal(build + "--rank-map 0", 2, "--rank-map");
  ExpectRefusal(build + "--steps 0", 2, "--steps");
  ExpectRefusal(build + "--steps 3 --window 0:3", 2, "--gate-start");
  ExpectRefusal(build + "--anchors a --num-seeds 1 --window 0:1 --quiet", 2,
                "two anchor scores");
  ExpectRefusal(build + "--window 5:6 --steps 6 --gate-start 0 --quiet", 2,
                "last");
  EXPECT_FALSE(fs::exists(folder_ / "e"));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(BadInputTest, DamagedBundles) {
  ExpectRefusal(
      "generate --model nowhere --prompt a --out " + (folder_ / "out"), 1,
      "export_bundle.py");
  const std::string copy = CopyBundle();
  const std::string generate = "generate --model " + copy +
                               " --prompt a --steps 2 --quiet --out " +
                               (folder_ / "out");
  const std::string unet = copy + "/unet.pt";
  const std::string bytes = ReadFile(unet);

  fs::remove(unet);
  ExpectRefusal(generate, 1, "unet.pt: no such file");

  WriteFileAtomically(unet, bytes.substr(0, bytes.size() / 2));
  ExpectRefusal(generate, 1, "sha256");

  std::string flipped = bytes;
  flipped[flipped.size() / 3] ^= 1;
  WriteFileAtomically(unet, flipped);
  ExpectRefusal(generate, 1, "sha256");
  EXPECT_FALSE(fs::exists(folder_ / "out"));

  WriteFileAtomically(unet, bytes);
  const std::string manifest = ReadFile(copy + "/bundle.json");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = manifest;
    EXPECT_NE(changed.find(from), std::string::npos) << from;
    WriteFileAtomically(copy + "/bundle.json",
                        changed.replace(changed.find(from), from.size(), to));
  };
  with("\"max_length\": 32", "\"max_length\": 77");
  ExpectRefusal(generate, 1, "text.max_length 77");
  with("\"channels\": 4", "\"channels\": 16");
  ExpectRefusal(generate, 1, "latent.channels 16");
  EXPECT_FALSE(fs::exists(folder_ / "out"));

  WriteFileAtomically(copy + "/bundle.json", "{\"format\": ");
  ExpectRefusal(generate, 1, "not valid JSON");
  WriteFileAtomically(copy + "/bundle.json", "{\"format\": \"x\"}");
  ExpectRefusal(generate, 1, "gloce-bundle");
}

TEST_F(BadInputTest, NetworksThatCannotBeHooked) {
  for (const auto& [bundle, message] :
       {std::pair{"scripted", "torch.jit.trace"},
        {"frozen", "frozen"},
        {"unhooked", "attn2.to_out.0"}}) {
    ExpectRefusal("build --model " + kBundles + "/" + bundle +
                      " --erase cat --quiet --out " + (folder_ / "e"),
                  1, message);
    EXPECT_FALSE(fs::exists(folder_ / "e"));
  }
}

TEST_F(BadInputTest, ConceptLists) {
  const auto build = [&](const std::string& text) {
    return "build" + kModel + "--concepts " + Write("list.json", text) +
           " --out " + (folder_ / "e");
  };
  ExpectRefusal(build(R"({"concepts": ["cat"], "taus": 1})"), 1,
                "did you mean \"tau\"");
  ExpectRefusal(build("{"), 1, "not valid JSON");
  ExpectRefusal(build(R"({"concepts": []})"), 1, "no concept");
  ExpectRefusal(build(R"({"concepts": ["cat"], "anchor_pool": ["cat"]})"), 2,
                "--anchors");
  EXPECT_FALSE(fs::exists(folder_ / "e"));
}

TEST_F(BadInputTest, PromptTables) {
  ExpectRefusal(Generate("--prompts " + Write("empty.csv", "")), 1,
                "empty.csv");
  ExpectRefusal(Generate("--prompts " + Write("none.txt", "\n\n")), 1,
                "none.txt");
  ExpectRefusal(
      Generate("--prompts " +
               Write("q.csv", "case_number,prompt,evaluation_seed\n0,\"a,1\n")),
      1, "line 2");
  ExpectRefusal(Generate("--prompts nowhere.csv"), 1, "nowhere.csv");
  const std::string text = Write("text.csv", "text\na\n");
  ExpectRefusal(Generate("--prompts " + text), 1, "--columns prompt=COLUMN");
  ExpectRefusal(Generate("--prompts " + text + " --columns prompt=caption"), 2,
                "the columns are: text");
  ExpectRefusal(Generate("--prompt a --columns prompt=text"), 2, "--prompts");
  ExpectRefusal(
      Generate("--width 70 --prompts " + text + " --columns prompt=text"), 2,
      "multiple of 16");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(BadInputTest, Erasers) {
  ExpectRefusal(Generate("--prompt a --erasers " + Write("e", "short")), 1,
                "e: ");
  ExpectRefusal(Generate("--prompt a --erasers nowhere"), 1, "nowhere");
  ExpectRefusal("inspect " + (folder_ / "e"), 1, "e: ");

  const std::vector<HookPoint> hooks = {{"h", 4, "cross_attention_output"}};
  const Erasers erasers = SampleErasers("cat", hooks, std::string(64, '0'));
  WriteErasers(folder_ / "other", erasers);
  ExpectRefusal(Generate("--prompt a --erasers " + (folder_ / "other")), 1,
                "other: these erasers were built for another model");
  std::string bytes = SerializeErasers(erasers);
  bytes.replace(bytes.size() - 4, 4, "\0\0\xc0\x7f", 4);  // NaN
  Write("nan", bytes);
  ExpectRefusal(Generate("--prompt a --erasers " + (folder_ / "nan")), 1,
                "nan: ");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(BadInputTest, OptionsThatWouldBeIgnoredOrChanged) {
  const auto build = [&](const std::string& options) {
    return "build" + kModel + "--erase cat --out " + (folder_ / "e") + " " +
           options;
  };
  ExpectRefusal(Generate("--prompt a --seed 99999999999999999999"), 2,
                "--seed");
  ExpectRefusal(Generate("--prompt a --strength 0.5"), 2, "--erasers");
  ExpectRefusal(Generate("--prompt a --negative-prompt b --guidance 1"), 2,
                "negative prompt");
  ExpectRefusal(Generate("--prompt a --prompt a"), 2, "would both be");
  ExpectRefusal(
      Generate("--prompt a --shard 18446744073709551617/18446744073709551617"),
      2, "--shard");
  ExpectRefusal(Generate("--prompt \"$(printf '\\377')\""), 2, "UTF-8");
  ExpectRefusal(build("--window 4294967306:4294967316"), 2, "--window");
  ExpectRefusal(build("--anchors a --num-anchors 2"), 2, "--anchors");
  ExpectRefusal(build("--rank-gate 4096"), 2, "rank_gate");
  ExpectRefusal(build("--steps 2 --window 0:1 --scheduler ddim --num-seeds 1 "
                      "--anchors a --gate-start 0 --dry-run"),
                2, "anchor scores");
  ExpectRefusal("build" + kModel + "--erase '' --out " + (folder_ / "e"), 2,
                "--erase");
  ExpectRefusal(build("--erase cat"), 2, "appears twice");
  EXPECT_FALSE(fs::exists(folder_ / "e"));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(BadInputTest, Conversions) {
  const std::string out = " --out " + (folder_ / "e") + " ";
  const std::string file = Write("e.safetensors", "short");
  const std::string to_gloce = "convert --to gloce" + out;
  ExpectRefusal("convert" + out + file, 2, "--to");
  ExpectRefusal("convert --to kohya" + out + file, 2, "kohya");
  ExpectRefusal(to_gloce + file, 2, "--model is required");
  ExpectRefusal(to_gloce + kModel + "--only cat " + file, 2, "--only");
  ExpectRefusal(to_gloce + kModel + "--preset demo --eta inf " + file, 2,
                "--eta");
  ExpectRefusal(to_gloce + kModel + file, 1, "e.safetensors: ");
  ExpectRefusal(to_gloce + kModel + "nowhere", 1, "nowhere");
  fs::create_directory(folder_ / "empty");
  ExpectRefusal(to_gloce + kModel + (folder_ / "empty"), 1,
                "holds no ckpt.safetensors");
  const std::string to_published = "convert --to published" + out;
  ExpectRefusal(to_published + file, 1, "e.safetensors: ");
  ExpectRefusal(to_published + kModel + file, 2, "--model has no effect");
  ExpectRefusal(to_published + "--preset style " + file, 2, "--preset");
  ExpectRefusal(to_published + "--eta 1 " + file, 2, "--eta");
  ExpectRefusal(to_published + "--gate-start 1 " + file, 2, "--gate-start");
  EXPECT_FALSE(fs::exists(folder_ / "e"));
}

TEST_F(BadInputTest, OutputsThatCannotBeWritten) {
  Write("file", "x");
  ExpectRefusal(
      "generate" + kModel + "--prompt a --steps 2 --out " + (folder_ / "file"),
      1, "file");
  ExpectRefusal(
      "build" + kModel + "--erase cat --out " + (folder_ / "no/such/folder/e"),
      1, "no/such/folder");
}

// Runs `arguments`, which write below `folder`, with hardly any room: on a
// tmpfs of `kilobytes`, or, where nothing can be mounted, under a limit on the
// size of files. Lists what is left into `left`.
ProgramResult RunOnAFullDisk(const std::string& arguments,
                             const std::string& folder, int kilobytes,
                             std::string& left) {
  fs::create_directory(folder);
  const std::string mounts = OwnMounts();
  const std::string little_room =
      mounts.empty() ? "ulimit -f 1; "
                     : "mount -t tmpfs -o size=" + std::to_string(kilobytes) +
                           "k tmpfs " + folder + " && ";
  ProgramResult result = RunProgram(arguments + "; code=$?; ls -AR " + folder +
                                        " >" + folder + "-left; exit $code'",
                                    mounts + "sh -c '" + little_room);
  left = ReadFile(folder + "-left");
  return result;
}

TEST_F(BadInputTest, AFullDiskLeavesNothingHalfWritten) {
  std::string left;
  const ProgramResult result =
      RunOnAFullDisk("generate" + kModel +
                         "--prompt a --num-images 12 --steps 2 --quiet --out " +
                         (folder_ / "out"),
                     folder_ / "out", 40, left);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("gloce: error: "));
  EXPECT_THAT(result.err, HasSubstr(".png: "));
  EXPECT_THAT(left, HasSubstr("manifest.jsonl"));
  EXPECT_THAT(left, testing::Not(HasSubstr("gloce-tmp")));
}

TEST_F(BadInputTest, AFullDiskLeavesNoErasers) {
  std::string left;
  const ProgramResult result = RunOnAFullDisk(
      "build" + kModel +
          "--erase cat --steps 2 --window 0:1 --gate-start 0 --num-seeds 2 "
          "--anchors fox "
          "--mapping pizza --quiet --out " +
          (folder_ / "out/e.safetensors"),
      folder_ / "out", 8, left);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("e.safetensors"));
  // Parts that are whole stay, for a build that goes on.
  EXPECT_THAT(left, testing::Not(HasSubstr("e.safetensors\n")));
  EXPECT_THAT(left, testing::Not(HasSubstr("gloce-tmp")));
}

}  // namespace
}  // namespace gloce
