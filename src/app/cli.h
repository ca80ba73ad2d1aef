// The command line of the program.
#pragma once

namespace millrace::app {

// Parses the arguments, runs the command and returns the exit status (commands.h).
int RunCli(int argc, char** argv);

}  // namespace millrace::app
