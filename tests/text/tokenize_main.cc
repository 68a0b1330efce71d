// Tokenises lines: scripts/check_tokenizer.py compares the result with
// transformers.
//
//   tokenize FOLDER < lines
//
// FOLDER holds vocab.json, merges.txt and options.json (the fields of
// ClipBpeOptions). Each line is a JSON string; the answer is one line with
// {"ids": Tokenize(text), "encoded": Encode(text)}.
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "text/clip_bpe.h"

namespace {

gloce::ClipBpeOptions ReadOptions(const std::string& path) {
  const nlohmann::json parsed = gloce::ParseJson(gloce::ReadFile(path), path);
  gloce::JsonObject object(parsed, path);
  gloce::ClipBpeOptions options;
  options.max_length = object.Integer("max_length");
  options.bos_id = object.Integer("bos_id");
  options.eos_id = object.Integer("eos_id");
  options.pad_id = object.Integer("pad_id");
  options.unk_id = object.Integer("unk_id");
  for (const nlohmann::json& item : object.Array("added_tokens")) {
    gloce::JsonObject token(item, path + ": added_tokens");
    options.added_tokens.push_back({token.String("content"),
                                    token.Integer("id"),
                                    token.Bool("normalized")});
    token.Finish();
  }
  object.Finish();
  return options;
}

void Run(const std::string& folder) {
  const gloce::ClipBpeTokenizer tokenizer(
      gloce::ReadFile(folder + "/vocab.json"),
      gloce::ReadFile(folder + "/merges.txt"),
      ReadOptions(folder + "/options.json"), folder);
  for (std::string line; std::getline(std::cin, line);) {
    const auto text = nlohmann::json::parse(line).get<std::string>();
    std::cout << nlohmann::json{{"ids", tokenizer.Tokenize(text)},
                                {"encoded", tokenizer.Encode(text)}}
                     .dump()
              << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: tokenize FOLDER < lines\n";
    return 2;
  }
  try {
    Run(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "tokenize: error: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
