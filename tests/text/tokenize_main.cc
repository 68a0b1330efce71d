// Tokenises lines: scripts/check_tokenizer.py and
// scripts/check_sentencepiece.py compare the result with transformers.
//
//   tokenize FOLDER < lines
//
// FOLDER is a bundle; its networks are not read, so that any files may stand in
// for them. Each line is a JSON string; the answer is one line with
// {"ids": Tokenize(text), "encoded": Encode(text).input_ids, "mask": its
// attention_mask}.
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "gloce/bundle/bundle.h"
#include "text/make_tokenizer.h"

namespace {

void Run(const std::string& folder) {
  const auto tokenizer = gloce::MakeTokenizer(gloce::Bundle(folder));
  for (std::string line; std::getline(std::cin, line);) {
    const auto text = nlohmann::json::parse(line).get<std::string>();
    const gloce::EncodedText encoded = tokenizer->Encode(text);
    std::cout << nlohmann::json{{"ids", tokenizer->Tokenize(text)},
                                {"encoded", encoded.input_ids},
                                {"mask", encoded.attention_mask}}
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
