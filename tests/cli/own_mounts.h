// Mounts that nothing but one command sees.
#pragma once

#include <cstdlib>
#include <string>

namespace gloce {

// A command that gives what follows a mount table of its own: as a user, as
// root in a chroot (which may not make user namespaces), or "" where the kernel
// grants neither.
inline std::string OwnMounts() {
  for (const std::string command :
       {"unshare --user --map-root-user --mount ", "unshare --mount "}) {
    if (std::system((command + "true 2>/dev/null").c_str()) == 0)
      return command;
  }
  return "";
}

}  // namespace gloce
