// Runs a fuzz target without libFuzzer: every file of the corpus as it is, then
// mutations of each, the same ones every time. So ordinary builds compile the
// targets, and sanitizer builds get some use of them.
//
//   x_fuzz FOLDER_OR_FILE...
#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "fuzz_target.h"

namespace {

namespace fs = std::filesystem;

constexpr int kMutationsPerFile = 2000;

std::vector<std::string> CorpusFiles(int argc, char** argv) {
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(argv[i])) {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());  // one order on every machine
  return files;
}

// Changes, inserts, removes or repeats bytes at one to four places.
std::string Mutate(std::string bytes, std::mt19937& random) {
  const auto changes = 1 + random() % 4;
  for (size_t i = 0; i < changes; ++i) {
    const size_t at = bytes.empty() ? 0 : random() % bytes.size();
    const size_t length =
        std::min<size_t>(1 + random() % 16, bytes.size() - at);
    switch (random() % 5) {
      case 0:
        if (!bytes.empty()) {
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        }
        break;
      case 1:
        bytes.insert(at, 1, static_cast<char>(random()));
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

void RunOne(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()),
                         bytes.size());
}

int Run(const std::vector<std::string>& files) {
  if (files.empty()) {
    std::cerr << "no corpus: name folders or files\n";
    return 2;
  }
  std::mt19937 random(20250101);
  for (const std::string& file : files) {
    const std::string bytes = gloce::ReadFile(file);
    std::string mutated = bytes;
    try {
      RunOne(bytes);
      for (int i = 0; i < kMutationsPerFile; ++i) {
        mutated = Mutate(bytes, random);
        RunOne(mutated);
      }
    } catch (const std::exception& error) {
      gloce::WriteFileAtomically("crash-input", mutated);
      std::cerr << file << ": uncaught " << error.what()
                << "; the input is in ./crash-input\n";
      return 1;
    }
  }
  std::cout << files.size() << " files, " << kMutationsPerFile
            << " mutations of each\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(CorpusFiles(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
