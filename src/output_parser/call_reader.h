// Reads one tool call, byte by byte, from behind the tag that opens it.
//
// Each family's syntax has its own reader. A reader tells a CallSink the name as soon as it is
// sure, then the arguments as they come. Until the name is accepted it may still say that this is
// no call at all; afterwards it makes the best of what follows.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "output_parser/parser.h"

namespace millrace::output_parser {

class CallSink {
 public:
  virtual ~CallSink() = default;

  // Begins the call. False when no tool has this name: the reader must then fail.
  [[nodiscard]] virtual bool StartCall(std::string_view name) = 0;
  // More of the arguments' JSON text. Only after StartCall returned true.
  virtual void AddArguments(std::string_view json_text) = 0;
  // The JSON Schema of the started call's arguments; empty when it is not known.
  virtual std::string_view ParametersJson() const = 0;
};

class CallReader {
 public:
  enum class Progress {
    kMore,    // wants the next byte
    kFailed,  // no call: only before StartCall succeeded
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

// Compares a stream of bytes with a tag whose first character occurs in it only once.
class TagMatcher {
 public:
  explicit TagMatcher(std::string_view tag) : tag_(tag) {}

  // Whether `byte` carries the match on. When it does not, the match starts again: first take
  // matched() bytes as text.
  bool Accepts(char byte) const { return byte == tag_[matched_]; }
  void Advance() { ++matched_; }
  void Reset() { matched_ = 0; }
  bool complete() const { return matched_ == tag_.size(); }
  std::string_view matched() const { return tag_.substr(0, matched_); }

 private:
  std::string_view tag_;
  size_t matched_ = 0;
};

}  // namespace millrace::output_parser
