// gloce doctor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/run_program.h"

namespace gloce {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

const std::string kBundle = GLOCE_BUNDLES "/emoji";

// check → finding; the last of its kind.
std::map<std::string, json> Findings(const ProgramResult& result) {
  std::map<std::string, json> findings;
  const json document = json::parse(result.out);
  for (const json& f : document["findings"]) findings[f["check"]] = f;
  return findings;
}

TEST(DoctorTest, LooksAtTheMachineWithoutABundle) {
  const ProgramResult result = RunProgram("doctor --json", "OMP_NUM_THREADS=1");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto findings = Findings(result);
  EXPECT_EQ(findings.size(), 6U);
  EXPECT_EQ(findings.at("versions")["values"]["gloce"], GLOCE_VERSION);
  EXPECT_EQ(findings.at("devices")["values"]["devices"][0]["name"], "cpu");
  EXPECT_EQ(findings.at("threads")["values"]["threads"], 1);
  EXPECT_EQ(findings.at("threads")["values"]["omp_num_threads"], "1");
  EXPECT_EQ(findings.at("threads")["status"], "ok");
  EXPECT_GT(findings.at("memory")["values"]["bytes_total"], 0);
  EXPECT_GT(findings.at("disk")["values"]["bytes_free"], 0);
  EXPECT_NE(findings.at("processor")["values"]["capability"], "");
}

TEST(DoctorTest, WarnsOfTooManyThreads) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  int first = 0;
  while (!CPU_ISSET(first, &allowed)) ++first;
  const ProgramResult result = RunProgram(
      "doctor -q", "OMP_NUM_THREADS=2 taskset -c " + std::to_string(first));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out,
              AllOf(testing::StartsWith("warning  threads: 2 on 1 processor,"),
                    HasSubstr("set OMP_NUM_THREADS=1")));
}

// On processors other than Intel's, oneMKL ends a process that has no current
// folder before it begins.
TEST(DoctorTest, WarnsOfAFolderThatIsGone) {
  const TemporaryFolder folder;
  const std::string gone = folder / "gone";
  const ProgramResult result =
      RunProgram("doctor -q", "mkdir " + gone + " && cd " + gone +
                                  " && rmdir " + gone + " &&");
  if (result.err.starts_with("Intel oneMKL FATAL ERROR")) return;
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("warning  disk: "));
}

TEST(DoctorTest, FindsADemoBundleWell) {
  const ProgramResult result = RunProgram("doctor --json --model " + kBundle);
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out;
  const auto findings = Findings(result);
  for (const char* check :
       {"bundle", "files", "networks", "step", "closed gates", "open gates"}) {
    ASSERT_TRUE(findings.contains(check)) << check;
    EXPECT_EQ(findings.at(check)["status"], "ok") << findings.at(check);
  }
  EXPECT_EQ(
      findings.at("bundle")["values"]["picture_size"],
      json::parse(RunProgram("inspect --json " + kBundle).out)["picture_size"]);
  EXPECT_EQ(findings.at("open gates")["values"]["share_of_tokens"], 1.0);
  EXPECT_GT(findings.at("step")["values"]["seconds"], 0);
  EXPECT_FALSE(findings.contains("agreement")) << "it is what one agrees with";
}

TEST(DoctorTest, ComparesAnotherDtypeWithFloat32) {
  const ProgramResult result =
      RunProgram("doctor --json --dtype bfloat16 --model " + kBundle);
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out;
  const json agreement = Findings(result).at("agreement");
  EXPECT_GT(agreement["values"]["difference"], 0);
  EXPECT_LT(agreement["values"]["difference"],
            agreement["values"]["tolerance"]);
}

class SickBundleTest : public testing::Test {
 protected:
  SickBundleTest() {
    fs::copy(kBundle, copy_, fs::copy_options::recursive);
    manifest_ = json::parse(ReadFile(copy_ + "/bundle.json"));
  }

  // Expects that `check` fails, with one line on stdout.
  void ExpectFailure(const std::string& check, const std::string& message,
                     const std::string& more = "") {
    const ProgramResult result = RunProgram("doctor --model " + copy_ + more);
    EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
    EXPECT_THAT(result.out, HasSubstr("\nfailed   " + check + ": "));
    EXPECT_THAT(result.out, HasSubstr(message));
    EXPECT_THAT(result.out, Not(HasSubstr("closed gates")));
    EXPECT_EQ(result.err, "");
  }

  TemporaryFolder folder_;
  std::string copy_ = folder_ / "bundle";
  json manifest_;
};

TEST_F(SickBundleTest, FilesThatWereChanged) {
  for (const char* name : {"unet.pt", "vae_decoder.pt"}) {
    std::string bytes = ReadFile(copy_ + "/" + name);
    bytes[bytes.size() / 2] ^= 1;
    WriteFileAtomically(copy_ + "/" + name, bytes);
  }
  ExpectFailure("files", "unet.pt: sha256");
  ExpectFailure("files", "vae_decoder.pt: sha256");
}

TEST_F(SickBundleTest, NoBundle) {
  fs::remove(copy_ + "/bundle.json");
  ExpectFailure("bundle", "has no bundle.json");
}

TEST_F(SickBundleTest, HooksThatTheNetworkDoesNotHave) {
  manifest_["hooks"][0]["path"] = "down_blocks.9.attn2.to_out.0";
  WriteFileAtomically(copy_ + "/bundle.json", manifest_.dump());
  ExpectFailure("networks", "down_blocks.9");
}

TEST_F(SickBundleTest, ADeviceThatIsNotThere) {
  ExpectFailure("placement", "tpu9", " --device tpu9");
}

TEST(DoctorTest, RefusesAnUnknownDtype) {
  EXPECT_EQ(RunProgram("doctor --dtype float8").exit_code, 2);
}

}  // namespace
}  // namespace gloce
