// `millrace chat`: a conversation in the terminal with any server that speaks the API.
#pragma once

#include <iosfwd>
#include <string>

namespace millrace::app {

enum class TerminalUse {
  kDetect,  // a terminal when `in` and `out` are std::cin and std::cout and those are terminals
  kAlways,
  kNever,
};

struct ChatClientOptions {
  std::string url = "http://127.0.0.1:8080/v1";  // http:// or https://, up to and with /v1
  std::string key = {};     // sent as `Authorization: Bearer KEY`; none when empty
  std::string model = {};   // empty: the first that the server lists
  std::string system = {};  // system message; none when empty
  bool no_thinking = false;
  TerminalUse terminal = TerminalUse::kDetect;
};

// Reads questions from `in`, a line each, and writes the answers to `out` while they come, until
// `in` ends or /quit. The conversation so far goes with every question. /help lists the commands.
//
// On a terminal there is a prompt, reasoning is shown dimmed, control characters in answers are
// left out, and a failed question leaves the conversation as it was. Otherwise `out` holds the
// answers alone, one after the other, each ended by a line break, and the first failure ends the
// program.
//
// SIGINT stops the running answer; what came of it stays in the conversation. At the prompt a
// second SIGINT in a row quits. The signal's handler is set for the time of the call.
//
// Returns the exit status of commands.h.
int RunChatClient(const ChatClientOptions& options, std::istream& in, std::ostream& out,
                  std::ostream& err);

}  // namespace millrace::app
