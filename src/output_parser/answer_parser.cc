#include "output_parser/answer_parser.h"

#include <algorithm>

namespace millrace::output_parser {

namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

AnswerParser::AnswerParser(const Syntax& syntax, ParserOptions options,
                           CallReaderFactory make_reader)
    : syntax_(syntax),
      options_(std::move(options)),
      make_reader_(make_reader),
      state_(options_.starts_in_reasoning  ? State::kReasoning
             : options_.reasoning_possible ? State::kStart
                                           : State::kContent),
      skip_newlines_(options_.starts_in_reasoning) {}

std::vector<ParsedPiece> AnswerParser::Add(std::string_view text) {
  input_.append(text);
  while (Step()) {
  }
  Compact();
  return Take();
}

std::vector<ParsedPiece> AnswerParser::Finish(End end) {
  final_ = true;
  end_ = end;
  while (Step()) {
  }
  return Take();
}

bool AnswerParser::Step() {
  switch (state_) {
    case State::kStart:
      return StepStart();
    case State::kReasoning:
    case State::kContent:
      return StepText();
    case State::kCall:
      return StepCall();
  }
  std::unreachable();
}

// ---- text ----

AnswerParser::Tag AnswerParser::TagAt(size_t position) const {
  std::string_view rest = std::string_view(input_).substr(position);
  bool partial = false;
  auto matches = [&](std::string_view tag) {
    partial = partial || (tag.size() > rest.size() && tag.starts_with(rest));
    return rest.starts_with(tag);
  };
  if (matches(syntax_.think_open)) {
    return Tag::kThinkOpen;
  }
  if (matches(syntax_.think_close)) {
    return Tag::kThinkClose;
  }
  if (!options_.tool_names.empty() && matches(syntax_.call_open)) {
    return Tag::kCallOpen;
  }
  return partial ? Tag::kPartial : Tag::kNone;
}

bool AnswerParser::StepStart() {
  size_t begin = 0;
  while (begin < input_.size() && IsSpace(input_[begin])) {
    ++begin;
  }
  Tag tag = TagAt(begin);
  if (tag == Tag::kPartial && !final_) {
    return false;
  }
  if (tag == Tag::kThinkOpen) {
    AdvanceTo(begin + syntax_.think_open.size());
    state_ = State::kReasoning;
    skip_newlines_ = true;
  } else {
    state_ = State::kContent;
  }
  return true;
}

size_t AnswerParser::DroppableRun() {
  bool reasoning = state_ == State::kReasoning;
  if (!reasoning && options_.tool_names.empty()) {
    return 0;
  }
  while (at_ + run_ < input_.size() &&
         (reasoning ? input_[at_ + run_] == '\n' : IsSpace(input_[at_ + run_]))) {
    ++run_;
  }
  return run_;
}

bool AnswerParser::StepText() {
  SkipAfterTag();
  if (at_ == input_.size()) {
    return false;
  }
  size_t tag_at = at_ + DroppableRun();
  Tag tag = tag_at < input_.size() ? TagAt(tag_at) : Tag::kPartial;
  if (tag == Tag::kPartial) {
    return final_ && HandlePartialTagAtEnd(tag_at);
  }
  if (tag != Tag::kNone) {
    HandleTag(tag, tag_at);
    return true;
  }
  // Text up to where white space or a tag may begin again.
  size_t end = tag_at + 1;
  while (end < input_.size() && input_[end] != syntax_.think_open[0] &&
         input_[end] != syntax_.call_open[0] && !IsSpace(input_[end])) {
    ++end;
  }
  EmitText(std::string_view(input_).substr(at_, end - at_));
  AdvanceTo(end);
  return true;
}

// The answer ends with white space, or with the beginning of a tag, at `tag_at`.
bool AnswerParser::HandlePartialTagAtEnd(size_t tag_at) {
  bool drop = end_ == End::kCut && input_.size() - tag_at > 1;
  size_t end = drop ? tag_at : input_.size();
  EmitText(std::string_view(input_).substr(at_, end - at_));
  AdvanceTo(input_.size());
  return false;
}

void AnswerParser::HandleTag(Tag tag, size_t tag_at) {
  if (tag == Tag::kCallOpen) {
    before_call_ = state_;
    state_ = State::kCall;
    reader_ = make_reader_(syntax_);
    call_text_at_ = tag_at + syntax_.call_open.size();
    scan_ = call_text_at_;
    started_ = false;
    suppressed_ = false;
    return;
  }
  size_t size = tag == Tag::kThinkOpen ? syntax_.think_open.size() : syntax_.think_close.size();
  if (state_ == State::kReasoning && tag == Tag::kThinkClose) {
    state_ = State::kContent;
    skip_newlines_ = true;
  } else {  // a stray tag: left out
    EmitText(std::string_view(input_).substr(at_, tag_at - at_));
    skip_newlines_ = state_ == State::kContent && !any_content_;
  }
  AdvanceTo(tag_at + size);
}

void AnswerParser::SkipAfterTag() {
  size_t position = at_;
  while (position < input_.size() && ((skip_newlines_ && input_[position] == '\n') ||
                                      (skip_space_ && IsSpace(input_[position])))) {
    ++position;
  }
  if (position > at_) {
    AdvanceTo(position);
  }
  if (position < input_.size()) {
    skip_newlines_ = false;
    skip_space_ = false;
  }
}

// ---- calls ----

bool AnswerParser::StepCall() {
  while (scan_ < input_.size()) {
    CallReader::Step step = reader_->Consume(input_[scan_++], *this);
    if (step.progress == CallReader::Progress::kFailed) {
      FallBackToText();
      return true;
    }
    if (step.progress == CallReader::Progress::kDone) {
      scan_ -= step.unread;
      EndCall();
      return true;
    }
  }
  if (!final_) {
    return false;
  }
  if (started_) {
    reader_->Finish(end_, *this);
    EndCall();
  } else if (end_ == End::kComplete) {
    FallBackToText();
  } else {
    AdvanceTo(input_.size());
    state_ = State::kContent;
  }
  return true;
}

// It was no call: its opening tag is text, and what follows is read again.
void AnswerParser::FallBackToText() {
  state_ = before_call_;
  EmitText(std::string_view(input_).substr(at_, call_text_at_ - at_));
  AdvanceTo(call_text_at_);
}

void AnswerParser::EndCall() {
  if (!suppressed_) {
    pieces_.emplace_back(CallFinished{});
  }
  AdvanceTo(scan_);
  state_ = State::kContent;
  skip_space_ = true;
}

bool AnswerParser::StartCall(std::string_view name) {
  auto found = std::find(options_.tool_names.begin(), options_.tool_names.end(), name);
  if (found == options_.tool_names.end()) {
    return false;
  }
  tool_index_ = static_cast<size_t>(found - options_.tool_names.begin());
  started_ = true;
  suppressed_ = calls_ >= options_.calls_max;
  if (!suppressed_) {
    ++calls_;
    pieces_.emplace_back(CallStarted{std::string(name)});
  }
  return true;
}

void AnswerParser::AddArguments(std::string_view json_text) {
  if (!suppressed_) {
    Append<CallArguments>(json_text, &CallArguments::json_text);
  }
}

std::string_view AnswerParser::ParametersJson() const {
  return tool_index_ < options_.tool_parameters_json.size()
             ? std::string_view(options_.tool_parameters_json[tool_index_])
             : std::string_view();
}

// ---- output ----

void AnswerParser::AdvanceTo(size_t position) {
  at_ = position;
  run_ = 0;
}

// Forgets input that is decided. A call that may still turn out to be text is kept whole.
void AnswerParser::Compact() {
  bool reading_started_call = state_ == State::kCall && started_;
  size_t decided = reading_started_call ? scan_ - std::min(scan_, syntax_.call_close.size()) : at_;
  if (reading_started_call && decided < at_) {
    decided = at_;
  }
  if (decided == 0) {
    return;
  }
  input_.erase(0, decided);
  at_ = reading_started_call ? 0 : at_ - decided;
  scan_ -= std::min(scan_, decided);
  call_text_at_ -= std::min(call_text_at_, decided);
}

void AnswerParser::EmitText(std::string_view text) {
  if (state_ == State::kReasoning) {
    Append<ReasoningText>(text, &ReasoningText::text);
  } else {
    any_content_ = any_content_ || !text.empty();
    Append<ContentText>(text, &ContentText::text);
  }
}

template <typename Piece>
void AnswerParser::Append(std::string_view text, std::string Piece::*member) {
  if (text.empty()) {
    return;
  }
  Piece* last = pieces_.empty() ? nullptr : std::get_if<Piece>(&pieces_.back());
  if (last == nullptr) {
    pieces_.emplace_back(Piece{});
    last = &std::get<Piece>(pieces_.back());
  }
  (last->*member).append(text);
}

std::vector<ParsedPiece> AnswerParser::Take() {
  std::vector<ParsedPiece> taken;
  taken.swap(pieces_);
  return taken;
}

}  // namespace millrace::output_parser
