// Reads a model's answer as it streams: reasoning, content and tool calls, by the description of
// the family's syntax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "output_parser/syntax.h"

namespace millrace::output_parser {

// What a piece of answer text turned out to be. Deltas are never empty.
struct ReasoningText {
  std::string text;
};
struct ContentText {
  std::string text;
  size_t begin = 0;  // its first byte, counted in all that the parser was fed; the text is unbroken
};
struct CallStarted {
  std::string name;
};
struct CallArguments {
  std::string json_text;
};
struct CallFinished {};
using ParsedPiece =
    std::variant<ReasoningText, ContentText, CallStarted, CallArguments, CallFinished>;

struct ParserOptions {
  bool reasoning_possible = false;           // the model may write reasoning in this answer
  bool starts_in_reasoning = false;          // the prompt ends inside an open <think>
  std::vector<std::string> tool_names = {};  // empty: what looks like a call stays content
  // For syntaxes that write arguments without JSON types: each tool's JSON Schema, as in
  // tool_names; may be empty.
  std::vector<std::string> tool_parameters_json = {};
  // Content is one JSON text: once it has begun, marks in it are text like any other.
  bool json_content = false;
  int32_t calls_max = 128;  // of one choice; 1 when parallel calls are switched off
};

// One choice's parser. Feed it text as it is detokenised, in pieces of any size; the concatenation
// of what comes out does not depend on how the text was cut, and nothing is held back longer than
// needed to know what it is.
//
// Text that looks like a call and is none (broken syntax, a name not in `tool_names`) stays
// content, but the syntax's marks in it do not: no text field ever holds tool markup while tools
// are offered. Where a mark was left out, the texts beside it do not make one either: the character
// that would complete it is left out, too. So `<tool_call>{"name": "unknown"}</tool_call>` becomes
// the content `{"name": "unknown"}`. Nothing inside a call of an unknown name is read as a call.
// Without tools the marks mean nothing. Those that people write, such as `<tool_call>`, are
// ordinary text: clients that bring a protocol of their own get what the model wrote. Those that
// only models write are left out still.
class Parser {
 public:
  virtual ~Parser() = default;
  virtual std::vector<ParsedPiece> Add(std::string_view text) = 0;
  // The answer ended. `cut` = by a token limit: an unfinished call whose name was complete is kept
  // as far as it got.
  enum class End { kComplete, kCut };
  virtual std::vector<ParsedPiece> Finish(End end) = 0;
};

// Whether `syntax.call_marks` are no part of this answer's texts, its JSON content aside.
bool HidesCallMarks(const Syntax& syntax, const ParserOptions& options);

// Whether a control token of this text belongs to how answers are written, so that the parser must
// see it. Other control tokens are no part of any text.
bool IsMarkup(const Syntax& syntax, const ParserOptions& options, std::string_view token_text);

// Reads answers written in `syntax`, which must outlive the parser.
std::unique_ptr<Parser> MakeParser(const Syntax& syntax, ParserOptions options);

}  // namespace millrace::output_parser
