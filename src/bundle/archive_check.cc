#include "bundle/archive_check.h"

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/frontend/lexer.h>
#include <torch/csrc/jit/frontend/parser.h>
#include <torch/csrc/jit/frontend/tree_views.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "bundle/pickle_check.h"
#include "bundle/torch_error.h"
#include "bundle/zip_directory.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using caffe2::serialize::PyTorchStreamReader;
using torch::jit::Tree;

// A record's name without the archive's folder, "code/__torch__.py".
bool IsCode(std::string_view name) {
  return name.starts_with("code/") && name.ends_with(".py");
}

bool IsKnown(std::string_view name) {
  if (IsCode(name)) return true;
  for (const std::string_view known :
       {"data.pkl", "constants.pkl", "traced_inputs.pkl", "version",
        "byteorder", ".data/version", ".data/serialization_id"}) {
    if (name == known) return true;
  }
  for (const std::string_view folder :
       {"data/", "constants/", "traced_inputs/", "extra/"}) {
    if (name.starts_with(folder)) return true;
  }
  return name.starts_with("code/") && name.ends_with(".debug_pkl");
}

// The records' sizes by their names without the archive's folder, which all
// must share.
std::map<std::string, uint64_t> SizesOf(const std::vector<ZipRecord>& records,
                                        const std::string& path) {
  std::map<std::string, uint64_t> sizes;
  std::string folder;
  for (const ZipRecord& record : records) {
    if (folder.empty()) {
      folder = record.name.substr(0, record.name.find('/')) + "/";
    }
    const std::string name = record.name.starts_with(folder)
                                 ? record.name.substr(folder.size())
                                 : "";
    if (!IsKnown(name)) {
      throw Error(path + ": holds " + QuoteForMessage(record.name) +
                  ", which no TorchScript network needs; do not use this "
                  "bundle");
    }
    sizes.emplace(name, record.size);
  }
  return sizes;
}

// The name in Var(Ident(name)), or in the Ident itself.
std::string_view NameOf(const Tree& tree) {
  if (tree.kind() == torch::jit::TK_VAR) return NameOf(*tree.tree(0));
  if (tree.kind() != torch::jit::TK_IDENT) return "";
  return tree.tree(0)->stringValue();
}

// Throws Error if loading `tree` could run code of its own. Calls of other
// libraries' operators, ops.<library>.<name>, run early where all arguments are
// constants; operators of LibTorch's own wait for graph_check.h.
void CheckTree(const Tree& tree, bool in_body, const std::string& place) {
  if (tree.kind() == torch::jit::TK_APPLY && !in_body) {
    throw Error(place +
                ": a default value or a constant calls a function, which would "
                "run while the file is loaded; do not use this bundle");
  }
  const auto& parts = tree.trees();
  if (tree.kind() == '.' && NameOf(*parts.at(0)) == "ops") {
    if (const auto library = NameOf(*parts.at(1));
        library != "aten" && library != "prim") {
      throw Error(place + ": uses operators of " + QuoteForMessage(library) +
                  ": networks may only compute; do not use this bundle unless "
                  "you know who made it (docs/security.md)");
    }
  }
  if (tree.kind() != torch::jit::TK_DEF) {
    for (const auto& part : parts) CheckTree(*part, in_body, place);
    return;
  }
  // name, declaration, statements
  if (const auto name = NameOf(*parts.at(0));
      name == "__setstate__" || name == "__getstate__") {
    throw Error(place + ": defines " + std::string(name) +
                ", which would run while the file is loaded; do not use this "
                "bundle");
  }
  CheckTree(*parts.at(1), /*in_body=*/false, place);
  CheckTree(*parts.at(2), /*in_body=*/true, place);
}

// Parses with LibTorch's own parser, so that both see the same code.
void CheckCode(std::string_view text, const std::string& place) {
  torch::jit::Parser parser(std::make_shared<torch::jit::Source>(text));
  while (true) {
    switch (parser.lexer().cur().kind) {
      case torch::jit::TK_EOF:
        return;
      case torch::jit::TK_CLASS_DEF:
        CheckTree(*parser.parseClass(), /*in_body=*/false, place);
        break;
      case torch::jit::TK_DEF:
        CheckTree(*parser.parseFunction(/*is_method=*/false),
                  /*in_body=*/false, place);
        break;
      default:
        throw Error(place + ": has more than classes and functions");
    }
  }
}

// The storages of `folder` ("data/"), by the names that its pickle gives them.
std::map<std::string, uint64_t> StoragesIn(
    const std::map<std::string, uint64_t>& sizes, const std::string& folder) {
  std::map<std::string, uint64_t> storages;
  for (const auto& [name, size] : sizes) {
    if (name.starts_with(folder)) storages[name.substr(folder.size())] = size;
  }
  return storages;
}

void CheckContents(const std::string& path,
                   const std::map<std::string, uint64_t>& sizes) {
  PyTorchStreamReader reader(path);
  const auto read = [&reader](const std::string& name) {
    const auto [data, size] = reader.getRecord(name);
    return std::string(static_cast<const char*>(data.get()), size);
  };
  for (const auto& [name, size] : sizes) {
    if (!IsCode(name)) continue;
    const std::string place = path + ": " + name;
    try {
      CheckCode(read(name), place);
    } catch (...) {
      RethrowAsError(place);
    }
  }
  uint64_t bytes_read = 0;
  for (const std::string kind : {"data", "constants"}) {
    const std::string name = kind + ".pkl";
    if (!sizes.contains(name)) throw Error(path + ": holds no " + name);
    bytes_read += CheckPickle(read(name), StoragesIn(sizes, kind + "/"),
                              path + ": " + name);
  }
  if (const auto file_size = std::filesystem::file_size(path);
      bytes_read / kMaxReads > file_size) {
    throw Error(path + ": its " + std::to_string(file_size) +
                " bytes would become " + std::to_string(bytes_read) +
                " in memory; do not use this bundle");
  }
}

}  // namespace

void CheckArchive(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  CheckContents(path, SizesOf(ReadZipDirectory(in, path), path));
}

}  // namespace gloce
