// Files that a manifest names, and what their entries share.
#pragma once

#include <string>

namespace gloce {

class JsonObject;

// A file of the bundle, with the hash that it must have.
struct BundleFile {
  std::string name;  // relative to the bundle's folder, no ".." in it
  std::string sha256;
};

// Reads "name" and "sha256" of an entry, and skips the network's signature.
// Throws Error naming the key.
BundleFile ReadFileEntry(JsonObject& entry);

// A text without control characters, which messages and terminals show as it
// is. Throws Error.
std::string PlainText(JsonObject& object, const std::string& key);

// A SHA-256 in lower-case hexadecimal digits. Throws Error.
std::string HexDigest(JsonObject& object, const std::string& key);

}  // namespace gloce
