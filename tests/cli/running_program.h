// Runs build/gloce beside the test.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace gloce {

// Names of the files in a folder, one a line.
inline std::string Listing(const std::string& folder) {
  std::string names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none))
    names += entry.path().filename().string() + "\n";
  return names;
}

// What it prints goes to a file. It is killed if the test does not wait for it.
class RunningProgram {
 public:
  RunningProgram(const std::string& arguments, const std::string& output)
      : pid_(fork()) {
    if (pid_ != 0) return;
    const std::string command = std::string("exec ") + GLOCE_PROGRAM + " " +
                                arguments + " >" + output + " 2>&1";
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  ~RunningProgram() {
    if (has_ended_) return;
    Signal(SIGKILL);
    Wait();
  }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  // Waits until `reached` holds. False if the program ended before.
  bool WaitUntil(const std::function<bool()>& reached) {
    while (!reached()) {
      if (waitpid(pid_, &status_, WNOHANG) == pid_) {
        has_ended_ = true;
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  // Waits until `reached` holds for the names in `folder`. False if the program
  // ended before.
  bool WaitFor(const std::string& folder,
               const std::function<bool(const std::string& names)>& reached) {
    return WaitUntil([&] { return reached(Listing(folder)); });
  }

  void Signal(int signal) const { kill(pid_, signal); }

  // Its exit code, or 128 + the signal that ended it.
  int Wait() {
    if (!has_ended_) waitpid(pid_, &status_, 0);
    has_ended_ = true;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

 private:
  const pid_t pid_;
  int status_ = 0;
  bool has_ended_ = false;
};

}  // namespace gloce
