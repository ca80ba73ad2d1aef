// Incremental reading of JSON text that a model writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::output_parser {

// Escapes what may not stand in a JSON string. Bytes of longer characters pass, so text may be cut
// anywhere.
std::string EscapedForJson(std::string_view text);

// Decodes the inside of a JSON string, byte by byte.
class StringDecoder {
 public:
  enum class Progress { kMore, kEnd, kInvalid };

  // Appends what `byte` completes to `out`. kEnd at the closing quote, which must come last. Raw
  // control characters are accepted: models write them. kInvalid at a wrong escape sequence, whose
  // text is then appended as it stands.
  Progress Consume(char byte, std::string& out);

 private:
  Progress ConsumeEscape(char byte, std::string& out);
  Progress ConsumeHex(char byte, std::string& out);
  void FlushSurrogate(std::string& out);

  enum class State { kPlain, kEscape, kHex };
  State state_ = State::kPlain;
  uint32_t code_ = 0;
  int digits_ = 0;
  uint32_t high_surrogate_ = 0;  // waits for its other half
};

// Finds the end of a JSON object or array without checking what is in it.
class ExtentScanner {
 public:
  // True when `byte` closes the outermost bracket. The first byte must be the opening one.
  bool Consume(char byte);
  bool in_string() const { return in_string_; }

 private:
  int64_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace millrace::output_parser
