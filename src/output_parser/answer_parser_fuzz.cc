// Any text, cut in any way, gives the same answer; pieces come in order and are never empty. The
// first two bytes choose the syntax, the options and the size of the parts.
#include <cstdint>
#include <string>
#include <string_view>

#include "output_parser/parser.h"

namespace {

using namespace millrace::output_parser;

// The answer as one string in which kinds are marked; traps on pieces out of order.
class Transcript {
 public:
  void Take(const std::vector<ParsedPiece>& pieces) {
    for (const ParsedPiece& piece : pieces) {
      std::visit([this](const auto& p) { Take(p); }, piece);
    }
  }
  const std::string& text() const { return text_; }

 private:
  void Mark(char kind) {
    if (kind_ != kind) {
      kind_ = kind;
      text_ += '\0';
      text_ += kind;
    }
  }
  void Expect(bool condition) {
    if (!condition) {
      __builtin_trap();
    }
  }
  void Take(const ReasoningText& piece) {
    Expect(!piece.text.empty() && !in_call_ && !answering_);
    Mark('r');
    text_ += piece.text;
  }
  void Take(const ContentText& piece) {
    Expect(!piece.text.empty() && !in_call_);
    answering_ = true;
    Mark('c');
    text_ += piece.text;
  }
  void Take(const CallStarted& piece) {
    Expect(!in_call_);
    in_call_ = true;
    answering_ = true;
    kind_ = 0;
    Mark('s');
    text_ += piece.name;
  }
  void Take(const CallArguments& piece) {
    Expect(!piece.json_text.empty() && in_call_);
    Mark('a');
    text_ += piece.json_text;
  }
  void Take(const CallFinished&) {
    Expect(in_call_);
    in_call_ = false;
    Mark('f');
  }

  std::string text_;
  char kind_ = 0;
  bool in_call_ = false;
  bool answering_ = false;
};

std::string Read(const Syntax& syntax, const ParserOptions& options, std::string_view text,
                 size_t part, Parser::End end) {
  std::unique_ptr<Parser> parser = MakeParser(syntax, options);
  Transcript transcript;
  for (size_t at = 0; at < text.size(); at += part) {
    transcript.Take(parser->Add(text.substr(at, part)));
  }
  transcript.Take(parser->Finish(end));
  return transcript.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) {
    return 0;
  }
  const Syntax& syntax = *Syntaxes()[data[0] % Syntaxes().size()];
  ParserOptions options;
  options.reasoning_possible = (data[1] & 1) != 0;
  options.starts_in_reasoning = (data[1] & 3) == 3;
  if ((data[1] & 4) != 0) {
    options.tool_names = {"f", "get"};
    options.tool_parameters_json = {
        R"({"properties":{"a":{"type":"integer"},"b":{"type":"string"}}})", "{"};
  }
  options.calls_max = (data[1] & 8) != 0 ? 1 : 8;
  Parser::End end = (data[1] & 16) != 0 ? Parser::End::kCut : Parser::End::kComplete;
  size_t part = 1 + (data[1] >> 5);
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (Read(syntax, options, text, part, end) != Read(syntax, options, text, size, end)) {
    __builtin_trap();
  }
  return 0;
}
