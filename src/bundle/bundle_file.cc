#include "bundle/bundle_file.h"

#include <algorithm>

#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

std::string FileName(JsonObject& object, const std::string& key) {
  std::string name = PlainText(object, key);
  if (name.empty() || name.front() == '/' ||
      name.find("..") != std::string::npos) {
    throw Error(object.place() + ": " + key + ": got " + QuoteForMessage(name) +
                ", expected a path inside the bundle");
  }
  return name;
}

}  // namespace

std::string PlainText(JsonObject& object, const std::string& key) {
  std::string text = object.String(key);
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), is_control)) {
    throw Error(object.place() + ": " + key + ": got " + QuoteForMessage(text) +
                ", expected no control characters");
  }
  return text;
}

std::string HexDigest(JsonObject& object, const std::string& key) {
  std::string digest = object.String(key);
  if (digest.size() != 64 ||
      digest.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw Error(object.place() + ": " + key + ": got " +
                QuoteForMessage(digest) +
                ", expected 64 lower-case hexadecimal digits");
  }
  return digest;
}

BundleFile ReadFileEntry(JsonObject& entry) {
  BundleFile file{FileName(entry, "name"), HexDigest(entry, "sha256")};
  // The networks' signatures are for people and for other programs; the
  // wrappers know their own.
  if (entry.Has("inputs")) entry.Array("inputs");
  if (entry.Has("outputs")) entry.Array("outputs");
  return file;
}

}  // namespace gloce
