// Finding marks, the fixed texts of a syntax, in a stream of bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "output_parser/call_reader.h"

namespace millrace::output_parser {

inline bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// `text` without white space at its ends.
std::string_view Trimmed(std::string_view text);
// The stretches of `text` between white space, and its tags: "</a>\n<b>" and "</a><b>" have two.
std::vector<std::string_view> Pieces(std::string_view text);

// Tells text from marks. Each mark begins with '<' and has no other; none begins another.
class MarkFinder {
 public:
  // Empty marks are left out of the search but keep their number.
  explicit MarkFinder(std::vector<std::string_view> marks) : marks_(std::move(marks)) {}

  // The number of the mark that `byte` completes, or -1. What turns out to be text, in `byte` or
  // held since earlier, is appended to `text`.
  int Consume(char byte, std::string& text);
  void Reset() { held_.clear(); }
  std::string_view mark(int number) const { return marks_[static_cast<size_t>(number)]; }

 private:
  bool MayBecomeMark(int& complete) const;

  std::vector<std::string_view> marks_;
  std::string held_;
};

// Compares what comes with one text. White space on either side does not count.
class LooseLiteral {
 public:
  explicit LooseLiteral(std::string_view text) : rest_(text) { SkipSpace(); }

  bool complete() const { return rest_.empty(); }
  // False when `byte` cannot belong to the text.
  bool Consume(char byte);

 private:
  void SkipSpace();
  std::string_view rest_;
};

// Reads what follows a whole call: its closing mark, after characters that do not count and marks
// that came before it and came again. Anything else is no part of the call.
class CallEnd {
 public:
  CallEnd(std::string_view mark, std::string_view ignored, std::string_view repeated = "")
      : mark_(mark), ignored_(ignored), repeated_(repeated) {}
  CallReader::Step Consume(char byte);

 private:
  std::string_view mark_;
  std::string_view ignored_;
  std::string_view repeated_;
  std::string held_;
};

}  // namespace millrace::output_parser
