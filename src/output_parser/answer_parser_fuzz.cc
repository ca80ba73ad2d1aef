// Any text, cut in any way, gives the same answer; pieces come in order and are never empty, texts
// hold no mark that is hidden, and tagged arguments become JSON. The first two bytes
// choose the syntax, the options and the size of the parts; control characters behind them stand
// for the pieces of the syntax.
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "json/json.h"
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
  const std::string& reasoning() const { return reasoning_; }
  const std::string& content() const { return content_; }
  const std::vector<std::string>& arguments() const { return arguments_; }

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
    reasoning_ += piece.text;
  }
  void Take(const ContentText& piece) {
    Expect(!piece.text.empty() && !in_call_);
    answering_ = true;
    Mark('c');
    text_ += piece.text;
    content_ += piece.text;
  }
  void Take(const CallStarted& piece) {
    Expect(!in_call_);
    in_call_ = true;
    answering_ = true;
    kind_ = 0;
    Mark('s');
    text_ += piece.name;
    arguments_.emplace_back();
  }
  void Take(const CallArguments& piece) {
    Expect(!piece.json_text.empty() && in_call_);
    Mark('a');
    text_ += piece.json_text;
    arguments_.back() += piece.json_text;
  }
  void Take(const CallFinished&) {
    Expect(in_call_);
    in_call_ = false;
    Mark('f');
  }

  std::string text_;
  std::string reasoning_;
  std::string content_;
  std::vector<std::string> arguments_;
  char kind_ = 0;
  bool in_call_ = false;
  bool answering_ = false;
};

Transcript Read(const Syntax& syntax, const ParserOptions& options, std::string_view text,
                size_t part, Parser::End end) {
  std::unique_ptr<Parser> parser = MakeParser(syntax, options);
  Transcript transcript;
  for (size_t at = 0; at < text.size(); at += part) {
    transcript.Take(parser->Add(text.substr(at, part)));
  }
  transcript.Take(parser->Finish(end));
  return transcript;
}

std::string Expanded(const Syntax& syntax, std::string_view bytes) {
  const CallForm& form = syntax.form;
  const std::string_view pieces[] = {form.begin,
                                     form.call_begin,
                                     form.name_end,
                                     form.call_end,
                                     form.between,
                                     form.end,
                                     form.argument_begin,
                                     form.text_begin,
                                     "\n",
                                     form.json_begin,
                                     form.argument_end,
                                     syntax.call_open,
                                     syntax.call_close,
                                     syntax.think_open,
                                     syntax.think_close,
                                     syntax.bare_call_open,
                                     syntax.answer_open,
                                     syntax.answer_lead,
                                     syntax.section_open,
                                     "get",
                                     "{\"name\": \"f\", \"arguments\": ",
                                     "<",
                                     "</",
                                     "_",
                                     "\\"};
  std::string text;
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    text += code < std::size(pieces) ? std::string(pieces[code]) : std::string(1, byte);
  }
  return text;
}

void Expect(bool condition) {
  if (!condition) {
    __builtin_trap();
  }
}

void CheckTexts(const Syntax& syntax, const ParserOptions& options, const Transcript& answer) {
  if (!HidesCallMarks(syntax, options) || options.json_content) {
    return;
  }
  for (std::string_view mark : syntax.call_marks) {
    Expect(answer.content().find(mark) == std::string::npos);
    Expect(answer.reasoning().find(mark) == std::string::npos);
  }
}

// Where no arguments are written as JSON and nothing is cut off.
void CheckArguments(const Syntax& syntax, std::string_view text, const Transcript& answer) {
  if (syntax.form.arguments != CallForm::Arguments::kTagged || text.find('{') != text.npos ||
      millrace::base::SanitizeUtf8(text) != text) {
    return;
  }
  for (const std::string& arguments : answer.arguments()) {
    Expect(millrace::json::Parse(arguments).has_value());
  }
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
  options.json_content = (data[0] & 128) != 0;
  const std::string text =
      Expanded(syntax, std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2));
  const Transcript whole = Read(syntax, options, text, text.size() + 1, end);
  Expect(Read(syntax, options, text, part, end).text() == whole.text());
  CheckTexts(syntax, options, whole);
  if (end == Parser::End::kComplete) {
    CheckArguments(syntax, text, whole);
  }
  return 0;
}
