// Erasers on disk: safetensors with everything that is needed to check and to
// reproduce them (docs/formats.md).
#pragma once

#include <string>

#include "gloce/erasure/eraser.h"

namespace gloce {

// Throws Error for every kind of broken file, naming the place: not
// safetensors, another format or version, missing or superfluous tensors,
// shapes that do not fit, values that are not finite.
Erasers ReadErasers(const std::string& path);

// The same for `bytes` that were read from `path`.
Erasers ParseErasers(std::string bytes, const std::string& path);

// The bytes of an erasers file. They depend on the erasers alone: no time, no
// path, no host.
std::string SerializeErasers(const Erasers& erasers);

// Writes atomically. Throws Error.
void WriteErasers(const std::string& path, const Erasers& erasers);

// SHA-256 of SerializeErasers: what pictures and manifests name.
std::string ErasersHash(const Erasers& erasers);

}  // namespace gloce
