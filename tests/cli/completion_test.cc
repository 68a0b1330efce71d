// Completion scripts, driven in real shells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "cli/run_program.h"

namespace gloce {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class CompletionTest : public testing::Test {
 protected:
  // The path of the script for `shell`.
  std::string Script(const std::string& shell) {
    const ProgramResult result = RunProgram("completion " + shell);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    WriteFileAtomically(folder_ / shell, result.out);
    return folder_ / shell;
  }

  // What `shell` prints for `code`, run in the test's folder; nothing on
  // stderr.
  std::string Run(const std::string& shell, const std::string& code) {
    WriteFileAtomically(folder_ / "code", code);
    const std::string command =
        "cd " + folder_.path() + " && " + shell + " code >out 2>err </dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << ReadFile(folder_ / "err");
    EXPECT_EQ(ReadFile(folder_ / "err"), "");
    return ReadFile(folder_ / "out");
  }

  TemporaryFolder folder_;
};

class BashCompletionTest : public CompletionTest {
 protected:
  void SetUp() override { script_ = Script("bash"); }

  // What bash offers at the end of `words`, the last of which is being typed.
  // `words` are split as bash does.
  std::vector<std::string> Offered(const std::string& words) {
    return LinesOf(Run("bash --noprofile --norc",
                       ". " + script_ + "\nCOMP_WORDS=(" + words +
                           ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_gloce\n"
                           "printf '%s\\n' \"${COMPREPLY[@]}\"\n"));
  }

  std::string script_;
};

TEST_F(BashCompletionTest, OffersCommandsOptionsAndTheirValues) {
  EXPECT_THAT(Offered("gloce gen"), ElementsAre("generate"));
  EXPECT_THAT(Offered("gloce generate --sched"), ElementsAre("--scheduler"));
  EXPECT_THAT(Offered("gloce generate --scheduler dpm"),
              ElementsAre("dpmpp_2m", "dpmpp_2m_karras"));
  EXPECT_THAT(Offered("gloce generate --dtype = b"), ElementsAre("bfloat16"));
  EXPECT_THAT(Offered("gloce generate --dtype ="),
              ElementsAre("float32", "float16", "bfloat16"));
  EXPECT_THAT(Offered("gloce build --preset cel"), ElementsAre("celebrity"));
  EXPECT_THAT(Offered("gloce doctor --device ''"),
              ElementsAre("auto", "cpu", "cuda"));
  EXPECT_THAT(Offered("gloce eval att"), ElementsAre("attack"));
  EXPECT_THAT(Offered("gloce eval attack --ki"), ElementsAre("--kind"));
  EXPECT_THAT(Offered("gloce eval attack --kind mis"),
              ElementsAre("misspelling"));
  EXPECT_THAT(Offered("gloce completion ''"),
              ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(Offered("gloce generate --prompt ''"), ElementsAre(""))
      << "nobody can guess a prompt";
}

TEST_F(BashCompletionTest, OffersFilesAndFolders) {
  std::filesystem::create_directory(folder_ / "my bundle");
  WriteFileAtomically(folder_ / "my erasers", "");
  EXPECT_THAT(Offered("gloce generate --erasers my"),
              testing::UnorderedElementsAre("my bundle", "my erasers"));
  EXPECT_THAT(Offered("gloce generate --model my"), ElementsAre("my bundle"));
  EXPECT_THAT(Offered("gloce inspect my"),
              testing::UnorderedElementsAre("my bundle", "my erasers"));
  EXPECT_THAT(Offered("gloce merge my\\ erasers my"),
              testing::UnorderedElementsAre("my bundle", "my erasers"));
  EXPECT_THAT(Offered("gloce inspect --js"), ElementsAre("--json"));
}

// An option that is new in a help text is new in the completion.
TEST_F(BashCompletionTest, OffersEveryOptionOfEveryHelp) {
  size_t options = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(GLOCE_TEST_DATA "/help")) {
    const std::string name = file.path().stem();
    const auto offered =
        Offered("gloce " + (name == "gloce" ? "" : name + " ") + "-");
    for (const std::string& line : LinesOf(ReadFile(file.path()))) {
      const size_t dashes = line.find("--");
      const bool lists_one = dashes != line.npos &&
                             line.find_first_not_of(" -,hq") > dashes &&
                             line.starts_with("  -");
      if (!lists_one) continue;
      const size_t end = line.find(' ', dashes);
      EXPECT_THAT(offered, Contains(line.substr(dashes, end - dashes)))
          << name << ": " << line;
      ++options;
    }
  }
  EXPECT_GT(options, 80U);
}

TEST_F(CompletionTest, FishOffersCommandsOptionsAndTheirValues) {
  const std::string script = Script("fish");
  std::filesystem::create_directory(folder_ / "my bundle");
  WriteFileAtomically(folder_ / "my erasers", "");
  const auto offered = [&](const std::string& line) {
    std::vector<std::string> words =
        LinesOf(Run("HOME=" + folder_.path() + " fish --no-config",
                    "source " + script + "\ncomplete -C " + line + "\n"));
    for (std::string& word : words) word = word.substr(0, word.find('\t'));
    return words;
  };
  EXPECT_THAT(offered("'gloce gen'"), ElementsAre("generate"));
  EXPECT_THAT(offered("'gloce '"),
              testing::IsSupersetOf({"build", "completion", "doctor"}));
  EXPECT_THAT(offered("'gloce generate --sched'"), ElementsAre("--scheduler"));
  EXPECT_THAT(offered("'gloce generate --scheduler dpm'"),
              ElementsAre("dpmpp_2m", "dpmpp_2m_karras"));
  EXPECT_THAT(offered("'gloce inspect build --sched'"), ElementsAre());
  EXPECT_THAT(offered("'gloce generate --model my'"),
              ElementsAre("my bundle/"));
  EXPECT_THAT(offered("'gloce inspect my'"),
              testing::UnorderedElementsAre("my bundle/", "my erasers"));
  EXPECT_THAT(offered("'gloce eval att'"), ElementsAre("attack"));
  EXPECT_THAT(offered("'gloce eval attack --ki'"), ElementsAre("--kind"));
  EXPECT_THAT(offered("'gloce eval attack --kind mis'"),
              ElementsAre("misspelling"));
  EXPECT_THAT(offered("'gloce eval attack --imag'"), ElementsAre());
  EXPECT_THAT(offered("'gloce completion '"),
              testing::UnorderedElementsAre("bash", "zsh", "fish"));
}

// A shell in a terminal of its own, a line typed into it up to a tab.
constexpr const char* kZshSession = R"(
zmodload zsh/zpty
zpty shell zsh -f -i
type_in() { zpty -w shell "$1" }
type_in 'PS1=; unsetopt beep; autoload -U compinit; compinit -D -u'
type_in 'source SCRIPT'
type_in 'print -r ready-$((1 + 1))'
zpty -r -m shell seen '*ready-2*' || exit 1
for line in "$@"; do
  zpty -w -n shell "$line"$'\t'
  zpty -w -n shell $'\C-a'"print -r -- '<"$'\C-e'">'"$'\n'
  zpty -r -m shell seen "*
<*>*" || exit 1
  print -r -- "${${seen##*$'\n'<}%%>*}"
done
zpty -d shell
)";

TEST_F(CompletionTest, ZshCompletes) {
  const std::string script = Script("zsh");
  EXPECT_EQ(Run("zsh -f -n", ReadFile(script)), "");
  std::string session = kZshSession;
  session.replace(session.find("SCRIPT"), 6, script);
  WriteFileAtomically(folder_ / "session", session);
  const std::string out =
      Run("HOME=" + folder_.path() + " zsh -f",
          "source ./session 'gloce gen' 'gloce generate --sched' "
          "'gloce generate --dtype=bf' 'gloce inspect --js' "
          "'gloce eval att' 'gloce eval attack --ki' 'gloce eval --imag'\n");
  EXPECT_THAT(LinesOf(out),
              ElementsAre("gloce generate", "gloce generate --scheduler",
                          "gloce generate --dtype=bfloat16",
                          "gloce inspect --json", "gloce eval attack",
                          "gloce eval attack --kind", "gloce eval --images"));
}

TEST_F(CompletionTest, RefusesAnUnknownShell) {
  const ProgramResult result = RunProgram("completion tcsh");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("expected one of: bash, zsh, fish"));
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace gloce
