// Runs build/gloce as a user would.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/file.h"
#include "temporary_folder.h"

namespace gloce {

struct ProgramResult {
  int exit_code;
  std::string out, err;
};

// `arguments` go through the shell. `prefix` stands before the program.
inline ProgramResult RunProgram(const std::string& arguments,
                                const std::string& prefix = "") {
  const TemporaryFolder folder;
  const std::string command = prefix + " " + GLOCE_PROGRAM + " " + arguments +
                              " >" + (folder / "out") + " 2>" +
                              (folder / "err");
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          ReadFile(folder / "out"), ReadFile(folder / "err")};
}

}  // namespace gloce
