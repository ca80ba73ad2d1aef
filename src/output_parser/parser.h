// Reads a model's answer as it streams: reasoning, content and tool calls, each family's syntax
// described once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "chat/message.h"

namespace millrace::output_parser {

// What a piece of answer text turned out to be. Deltas are never empty.
struct ReasoningText {
  std::string text;
};
struct ContentText {
  std::string text;
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
  bool reasoning_possible = false;      // the model may write reasoning in this answer
  bool starts_in_reasoning = false;     // the prompt ends inside an open <think>
  std::vector<std::string> tool_names;  // empty: text that looks like a call stays content
  // For syntaxes that write arguments without JSON types: each tool's JSON Schema, as in
  // tool_names; may be empty.
  std::vector<std::string> tool_parameters_json = {};
  int32_t calls_max = 128;  // of one choice; 1 when parallel calls are switched off
};

// One choice's parser. Feed it text as it is detokenised, in pieces of any size; the concatenation
// of what comes out does not depend on how the text was cut. Markup never leaks into content;
// nothing is held back longer than needed; broken call syntax, and calls to names not in
// `tool_names`, fall back to content.
class Parser {
 public:
  virtual ~Parser() = default;
  virtual std::vector<ParsedPiece> Add(std::string_view text) = 0;
  // The answer ended. `cut` = by a token limit: an unfinished call whose name was complete is kept
  // as far as it got.
  enum class End { kComplete, kCut };
  virtual std::vector<ParsedPiece> Finish(End end) = 0;
};

// How a family writes reasoning and calls; one description a family, in its own file, listed in
// Syntaxes().
struct Syntax {
  std::string_view name;          // "hermes"
  std::string_view think_open;    // "<think>"
  std::string_view think_close;   // "</think>"
  std::string_view forced_close;  // what ends reasoning whose budget is spent: "\n</think>\n\n"
  std::string_view call_open;     // "<tool_call>"
  std::string_view call_close;    // "</tool_call>"
  std::unique_ptr<Parser> (*make_parser)(const Syntax& syntax, ParserOptions options);
};

// Every syntax this build knows.
std::span<const Syntax* const> Syntaxes();
const Syntax* FindSyntax(std::string_view name);
// The syntax a chat template's text speaks of; hermes when nothing is recognised.
const Syntax& DetectSyntax(std::string_view template_source);

}  // namespace millrace::output_parser
