// Reads one tool call, byte by byte, from behind the mark that opens it.
//
// There is one reader for each form of arguments (syntax.h). A reader tells a CallSink the name as
// soon as it is sure, then the arguments as they come. Until the name is accepted it may still say
// that this is no call at all; afterwards it makes the best of what follows.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "output_parser/parser.h"

namespace millrace::output_parser {

class CallSink {
 public:
  virtual ~CallSink() = default;

  // Begins the call. False when no tool has this name: the reader then follows the call to its end,
  // so that nothing in it is taken for a call of its own, and fails where the syntax is broken.
  virtual bool StartCall(std::string_view name) = 0;
  // More of the arguments' JSON text. Only after StartCall; ignored when it returned false.
  virtual void AddArguments(std::string_view json_text) = 0;
  // The JSON Schema of the started call's arguments; empty when it is not known.
  virtual std::string_view ParametersJson() const = 0;
};

class CallReader {
 public:
  enum class Progress {
    kMore,    // wants the next byte
    kFailed,  // no call: never after StartCall returned true
    kDone,    // the call is complete
  };
  struct Step {
    Progress progress = Progress::kMore;
    size_t unread = 0;  // with kDone: so many of the last bytes belong to what follows
  };

  virtual ~CallReader() = default;
  virtual Step Consume(char byte, CallSink& sink) = 0;
  // The answer ended inside a call that was started: passes on what is still held.
  virtual void Finish(Parser::End end, CallSink& sink) = 0;
};

// Reads what follows `open`, the mark that the call began with: syntax.call_open or bare_call_open.
// `syntax` must outlive the reader.
std::unique_ptr<CallReader> MakeCallReader(const Syntax& syntax, std::string_view open);

}  // namespace millrace::output_parser
