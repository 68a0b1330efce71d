#include "vocabularies.h"

#include <zlib.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "base/file.h"
#include "text/unicode.h"

namespace gloce {
namespace {

using nlohmann::json;

std::string Gunzip(const std::string& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(
      gzopen(path.c_str(), "rb"), gzclose);
  std::string bytes;
  std::vector<char> block(1 << 16);
  int got = 0;
  while (file && (got = gzread(file.get(), block.data(),
                               static_cast<unsigned>(block.size()))) > 0) {
    bytes.append(block.data(), static_cast<size_t>(got));
  }
  if (!file || got < 0) throw std::runtime_error("cannot read " + path);
  return bytes;
}

// The 256 symbols in CLIP's order: those that stand for themselves first.
std::vector<std::string> ByteSymbols() {
  std::vector<std::string> symbols;
  for (char32_t byte = 0; byte < 256; ++byte) {
    if ((byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD)) {
      symbols.push_back(EncodeUtf8(std::u32string(1, byte)));
    }
  }
  for (char32_t c = 0x100; symbols.size() < 256; ++c) {
    symbols.push_back(EncodeUtf8(std::u32string(1, c)));
  }
  return symbols;
}

}  // namespace

std::string DemoTokenizerPath() {
  return GLOCE_TEST_DATA "/../../models/emoji/tokenizer/tokenizer.json";
}

Vocabulary DemoVocabulary() {
  const json model = json::parse(ReadFile(DemoTokenizerPath())).at("model");
  Vocabulary vocabulary{model.at("vocab").dump(), "#version: 0.2\n"};
  for (const json& merge : model.at("merges")) {
    vocabulary.merges_text +=
        merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>();
    vocabulary.merges_text += '\n';
  }
  return vocabulary;
}

std::optional<Vocabulary> ClipVocabulary() {
  const std::string path = GLOCE_CLIP_VOCABULARY;
  if (!std::filesystem::is_regular_file(path)) return std::nullopt;
  constexpr int kMerges = 49152 - 256 - 2;
  std::vector<std::string> tokens = ByteSymbols();
  for (size_t i = 0; i < 256; ++i) tokens.push_back(tokens[i] + "</w>");
  Vocabulary vocabulary{"", "#version: 0.2\n"};
  std::istringstream lines(Gunzip(path));
  std::string left, right;
  std::getline(lines, left);  // a heading
  for (int i = 0; i < kMerges && lines >> left >> right; ++i) {
    tokens.push_back(left + right);
    vocabulary.merges_text += left + " " + right + '\n';
  }
  tokens.insert(tokens.end(), {"<|startoftext|>", "<|endoftext|>"});
  json ids = json::object();
  for (size_t i = 0; i < tokens.size(); ++i) ids[tokens[i]] = i;
  vocabulary.vocab_json = ids.dump();
  return vocabulary;
}

Vocabulary TinyVocabulary() {
  return {R"({"a":0,"b":1,"a</w>":2,"b</w>":3,"ab":4,"ab</w>":5,"aab":6,)"
          R"("!":7,"!</w>":8,"<s>":9,"<e>":10})",
          "#version: 0.2\na b\na b</w>\na ab\n"};
}

}  // namespace gloce
