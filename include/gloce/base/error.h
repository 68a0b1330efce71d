// Errors that a user can cause or must hear about. Mistakes in gloce itself are
// not among them.
#pragma once

#include <stdexcept>
#include <string>

namespace gloce {

// Something from outside is wrong: a file, an option's effect, a bundle, the
// disk. The text is one line of the form "place: what: got X, expected Y", with
// advice where there is some.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Options or settings that contradict each other or are out of range; nothing
// was started.
class UsageError : public Error {
 public:
  using Error::Error;
};

// Memory of the host or of a device was exhausted. The text does not say what
// to lower, which only the caller knows.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

// A network's numbers overflowed. The text does not say what to turn.
class NotFinite : public Error {
 public:
  using Error::Error;
};

// The user asked to stop (SIGINT, SIGTERM); everything written so far is whole.
class Interrupted : public Error {
 public:
  Interrupted() : Error("interrupted; what was written is whole") {}
  explicit Interrupted(const std::string& message) : Error(message) {}
};

}  // namespace gloce
