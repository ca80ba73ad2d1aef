// The part of reading an answer that all families share: what is reasoning, what is content, where
// a call begins.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "output_parser/call_reader.h"
#include "output_parser/parser.h"

namespace millrace::output_parser {

using CallReaderFactory = std::unique_ptr<CallReader> (*)(const Syntax& syntax);

// Rules beyond those of Parser:
// - Reasoning may begin at the start of the answer, after white space. Newlines around its tags are
// dropped. It ends
//   at its closing tag, or at a call.
// - White space next to a call is dropped. Otherwise content is passed on untouched, except that
// stray reasoning tags
//   are left out.
// - Calls beyond `calls_max` are read and dropped.
// - Cut inside the beginning of a tag, or inside a call whose name is not known, that piece is
// dropped.
class AnswerParser : public Parser, private CallSink {
 public:
  // `syntax` must outlive the parser.
  AnswerParser(const Syntax& syntax, ParserOptions options, CallReaderFactory make_reader);

  std::vector<ParsedPiece> Add(std::string_view text) override;
  std::vector<ParsedPiece> Finish(End end) override;

 private:
  enum class State {
    kStart,  // reasoning may begin
    kReasoning,
    kContent,
    kCall,
  };
  enum class Tag { kNone, kPartial, kThinkOpen, kThinkClose, kCallOpen };

  // Each does one thing to the unread input; false when more input is needed.
  bool Step();
  bool StepStart();
  bool StepText();
  bool StepCall();

  Tag TagAt(size_t position) const;
  // Length of the white space at `at_` that goes when a tag follows it.
  size_t DroppableRun();
  void HandleTag(Tag tag, size_t tag_at);
  bool HandlePartialTagAtEnd(size_t tag_at);
  void SkipAfterTag();
  void FallBackToText();
  void EndCall();
  void FinishCall();
  void AdvanceTo(size_t position);
  void Compact();

  void EmitText(std::string_view text);
  template <typename Piece>
  void Append(std::string_view text, std::string Piece::*member);
  std::vector<ParsedPiece> Take();

  bool StartCall(std::string_view name) override;
  void AddArguments(std::string_view json_text) override;
  std::string_view ParametersJson() const override;

  const Syntax& syntax_;
  const ParserOptions options_;
  const CallReaderFactory make_reader_;

  State state_;
  std::string input_;  // what is not yet decided
  size_t at_ = 0;      // first undecided byte
  size_t run_ = 0;     // white space already seen at at_

  bool skip_newlines_ = false;  // behind a reasoning tag
  bool skip_space_ = false;     // behind a call
  bool any_content_ = false;

  State before_call_ = State::kContent;
  std::unique_ptr<CallReader> reader_;
  size_t call_text_at_ = 0;  // first byte after the opening tag
  size_t scan_ = 0;          // next byte for the reader
  bool started_ = false;     // the call's name was accepted
  bool suppressed_ = false;  // one call too many
  size_t tool_index_ = 0;    // of the started call
  int32_t calls_ = 0;

  bool final_ = false;
  End end_ = End::kComplete;
  std::vector<ParsedPiece> pieces_;
};

// `make_parser` of a syntax whose calls `Reader` reads; it is made from the Syntax alone.
template <typename Reader>
std::unique_ptr<Parser> MakeAnswerParser(const Syntax& syntax, ParserOptions options) {
  return std::make_unique<AnswerParser>(
      syntax, std::move(options),
      [](const Syntax& of) -> std::unique_ptr<CallReader> { return std::make_unique<Reader>(of); });
}

}  // namespace millrace::output_parser
