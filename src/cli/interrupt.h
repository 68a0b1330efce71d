// SIGINT and SIGTERM, as a question that long work asks between steps.
#pragma once

namespace CLI {
class App;
}

namespace gloce {

// For the start of the program. Until InstallInterruptHandler, SIGINT and
// SIGTERM end it with kInterrupted, unless it was started to ignore them. A
// limit on the size of files becomes an error of the write that meets it.
void PrepareSignals();

// Adds --grace, the seconds that work may go on after the signal.
void AddGraceOption(CLI::App& app);

// For commands that ask the questions below: from now on the first SIGINT or
// SIGTERM is noted and begins the grace period. Its end, or a second signal
// that comes later than a second after the first (timeout sends two), ends the
// process at once, with kInterrupted: files are whole at every instant.
void InstallInterruptHandler();

// True once a signal was noted.
bool WasInterrupted();

// Whether to stop now: a signal was noted and `seconds_left`, until what is in
// work is finished, are more than what is left of the grace period. Tells the
// user, once, what is being finished.
bool MustStop(double seconds_left);

}  // namespace gloce
