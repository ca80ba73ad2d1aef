// The part of reading an answer that all families share: what is reasoning, what is content, where
// a call begins.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "output_parser/call_reader.h"
#include "output_parser/parser.h"

namespace millrace::output_parser {

// Rules beyond those of Parser:
// - Reasoning may begin at the start of the answer, after white space. Newlines around its tags are
//   dropped. It ends at its closing tag, or at a call.
// - White space next to a call is dropped. Otherwise content is passed on untouched, except that
//   marks that mean nothing where they stand are left out.
// - Calls beyond `calls_max` are read and dropped.
// - Cut inside the beginning of a mark, or inside a call whose name is not known, that piece is
//   dropped.
class AnswerParser : public Parser, private CallSink {
 public:
  // `syntax` must outlive the parser.
  AnswerParser(const Syntax& syntax, ParserOptions options);

  std::vector<ParsedPiece> Add(std::string_view text) override;
  std::vector<ParsedPiece> Finish(End end) override;

 private:
  enum class State {
    kStart,  // reasoning may begin
    kReasoning,
    kContent,
    kCall,
  };
  enum class Answer { kBare, kOpen, kClosed };  // the family's wrapping of the answer
  enum class Tag {
    kNone,
    kPartial,
    kThinkOpen,
    kThinkClose,
    kSectionOpen,
    kSectionClose,
    kCallOpen,
    kBareCallOpen,
    kAnswerOpen,
    kAnswerClose,
    kAnswerLead,
    kStray,
  };
  struct Mark {
    std::string_view text;
    Tag tag;
  };
  struct Found {
    Tag tag = Tag::kNone;
    size_t size = 0;
  };

  void AddMark(std::string_view text, Tag tag);
  void AddMarks();
  void AddCallMarks();

  // Each does one thing to the unread input; false when more input is needed.
  bool Step();
  bool StepStart();
  bool StepText();
  bool StepCall();

  bool offers_tools() const { return !options_.tool_names.empty(); }
  bool in_json() const {
    return options_.json_content && state_ == State::kContent && any_content_;
  }
  bool MayStand(const Mark& mark, size_t position) const;
  Found FindMark(size_t position) const;
  bool IsDroppable(char byte) const;
  size_t DroppableRun();
  void HandleMark(Found found, size_t mark_at);
  void HandleThinkMark(Tag tag, size_t mark_at);
  bool HandleCallOpen(Found found, size_t mark_at);
  void SkipAfterMark();
  void FallBackToText();
  void Reject();
  size_t FollowRejected(size_t begin, size_t end);
  void EndCall();
  void AdvanceTo(size_t position);
  void Compact();

  void EmitText(std::string_view text);  // part of input_
  bool CompletesMark(std::string_view character) const;
  void EmitUnguarded(std::string_view text);
  void EmitContent(std::string_view text);
  void EmitRun(size_t end);
  void EmitRunBeforeSection(size_t end);
  template <typename Piece>
  void Append(std::string_view text, std::string Piece::*member);
  std::vector<ParsedPiece> Take();

  bool StartCall(std::string_view name) override;
  void AddArguments(std::string_view json_text) override;
  std::string_view ParametersJson() const override;

  static constexpr size_t kNowhere = static_cast<size_t>(-1);

  const Syntax& syntax_;
  const ParserOptions options_;
  std::vector<Mark> marks_;
  std::array<bool, 256> begins_mark_{};
  std::string separators_;  // besides white space, what stands between the calls of a section
  size_t mark_bytes_max_ = 1;

  State state_;
  std::string input_;     // what is not yet decided
  size_t forgotten_ = 0;  // bytes that stood before it
  size_t at_ = 0;         // first undecided byte
  size_t run_ = 0;        // bytes at at_ that go when a mark follows them

  bool skip_newlines_ = false;  // behind a reasoning tag
  bool skip_space_ = false;     // behind a call
  bool behind_call_ = false;    // no text came since
  bool any_reasoning_ = false;
  bool any_content_ = false;
  bool in_section_ = false;
  Answer answer_ = Answer::kBare;

  State before_call_ = State::kContent;
  std::unique_ptr<CallReader> reader_;
  size_t call_at_ = 0;            // where its mark stands
  size_t scan_ = 0;               // next byte for the reader
  size_t no_call_at_ = kNowhere;  // a mark here was tried and opens no call
  size_t tried_until_ = 0;        // what is before it was already read as a call that was none
  bool started_ = false;          // the call's name was accepted
  bool suppressed_ = false;       // one call too many
  size_t tool_index_ = 0;         // of the started call
  int32_t calls_ = 0;

  bool rejected_ = false;  // no tool has the name: the call is text, up to its end
  std::unique_ptr<CallReader> rejected_reader_;
  size_t rejected_scan_ = 0;  // next byte for it

  // Where something was left out of a text, its sides must not make a mark together.
  std::string tail_;           // the last bytes of the text let out
  bool tail_reasons_ = false;  // which text that is
  size_t tail_end_ = 0;        // where it ended, counted in all that the parser was fed
  size_t guarded_ = 0;         // bytes that may still complete a mark begun before a gap

  bool final_ = false;
  End end_ = End::kComplete;
  std::vector<ParsedPiece> pieces_;
};

}  // namespace millrace::output_parser
