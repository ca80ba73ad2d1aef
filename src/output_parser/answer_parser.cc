#include "output_parser/answer_parser.h"

#include <algorithm>

#include "base/utf8.h"
#include "output_parser/marks.h"

namespace millrace::output_parser {

namespace {

// What was read in vain as a call is read again for others; each of those must give its name soon.
// So a mark after mark, none of which makes a call, costs time in proportion to its length.
constexpr size_t kTriedAgainBytesMax = 512;

}  // namespace

std::unique_ptr<Parser> MakeParser(const Syntax& syntax, ParserOptions options) {
  return std::make_unique<AnswerParser>(syntax, std::move(options));
}

AnswerParser::AnswerParser(const Syntax& syntax, ParserOptions options)
    : syntax_(syntax),
      options_(std::move(options)),
      state_(options_.starts_in_reasoning  ? State::kReasoning
             : options_.reasoning_possible ? State::kStart
                                           : State::kContent),
      skip_newlines_(options_.starts_in_reasoning) {
  AddMarks();
}

void AnswerParser::AddMarks() {
  AddMark(syntax_.think_open, Tag::kThinkOpen);
  AddMark(syntax_.think_close, Tag::kThinkClose);
  AddMark(syntax_.answer_open, Tag::kAnswerOpen);
  AddMark(syntax_.answer_close, Tag::kAnswerClose);
  for (std::string_view mark : syntax_.other_marks) {
    AddMark(mark, Tag::kStray);
  }
  if (offers_tools()) {
    AddCallMarks();
  }
  if (HidesCallMarks(syntax_, options_)) {
    for (std::string_view mark : syntax_.call_marks) {
      AddMark(mark, Tag::kStray);
    }
  }
}

void AnswerParser::AddCallMarks() {
  AddMark(syntax_.answer_lead, Tag::kAnswerLead);
  AddMark(syntax_.section_open, Tag::kSectionOpen);
  AddMark(syntax_.section_close, Tag::kSectionClose);
  AddMark(syntax_.call_open, Tag::kCallOpen);
  AddMark(syntax_.bare_call_open, Tag::kBareCallOpen);
  if (!syntax_.section_open.empty()) {
    const CallForm& form = syntax_.form;
    std::string all(form.begin.substr(syntax_.section_open.size()));
    all += form.between;
    all += form.end.substr(0, form.end.size() - syntax_.section_close.size());
    std::copy_if(all.begin(), all.end(), std::back_inserter(separators_),
                 [](char c) { return !IsSpace(c); });
  }
}

void AnswerParser::AddMark(std::string_view text, Tag tag) {
  if (text.empty()) {
    return;
  }
  marks_.push_back({text, tag});
  begins_mark_[static_cast<unsigned char>(text[0])] = true;
  mark_bytes_max_ = std::max(mark_bytes_max_, text.size());
}

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

// ---- marks ----

// Whether a mark has its meaning at `position`.
bool AnswerParser::MayStand(const Mark& mark, size_t position) const {
  if (in_json()) {
    // Behind a line end, which no JSON value has.
    return mark.tag == Tag::kAnswerClose && answer_ == Answer::kOpen && run_ > 0;
  }
  bool answer_begins = state_ == State::kContent && !any_content_;
  switch (mark.tag) {
    case Tag::kCallOpen:
      // A call that opens with a bare bracket is one only between its section's marks.
      return position != no_call_at_ &&
             (mark.text.size() > 1 || (in_section_ && !rejected_reader_));
    case Tag::kBareCallOpen:
      return position != no_call_at_ && state_ == State::kContent && !rejected_reader_;
    case Tag::kAnswerOpen:
      return answer_begins && answer_ == Answer::kBare;
    case Tag::kAnswerLead:
      return answer_begins;
    case Tag::kAnswerClose:
      return answer_ == Answer::kOpen;
    default:
      return true;
  }
}

// The longest mark at `position`. kPartial when more input may make a longer one.
AnswerParser::Found AnswerParser::FindMark(size_t position) const {
  Found found;
  std::string_view rest = std::string_view(input_).substr(position);
  if (!begins_mark_[static_cast<unsigned char>(rest[0])]) {
    return found;
  }
  bool waits = !final_ || end_ == End::kCut;
  for (const Mark& mark : marks_) {
    if (!MayStand(mark, position)) {
      continue;
    }
    if (rest.starts_with(mark.text) && mark.text.size() > found.size) {
      found = {mark.tag, mark.text.size()};
    } else if (waits && mark.text.size() > rest.size() && mark.text.starts_with(rest)) {
      return {Tag::kPartial, 0};
    }
  }
  return found;
}

// ---- text ----

bool AnswerParser::StepStart() {
  while (run_ < input_.size() && IsSpace(input_[run_])) {
    ++run_;
  }
  const size_t begin = run_;
  Found found;
  if (begin == input_.size() || (found = FindMark(begin)).tag == Tag::kPartial) {
    if (!final_) {
      return false;
    }
  }
  if (found.tag == Tag::kThinkOpen) {
    AdvanceTo(begin + found.size);
    state_ = State::kReasoning;
    skip_newlines_ = true;
  } else {
    state_ = State::kContent;
    run_ = 0;
  }
  return true;
}

bool AnswerParser::IsDroppable(char byte) const {
  if (in_json()) {
    return answer_ == Answer::kOpen && byte == '\n';
  }
  // Of a rejected call, they are text.
  if (in_section_ && !rejected_reader_ && separators_.find(byte) != std::string::npos) {
    return true;
  }
  if (state_ == State::kReasoning && !in_section_) {
    return byte == '\n';
  }
  bool answer_may_begin = !any_content_ && !syntax_.answer_open.empty();
  return (offers_tools() || answer_may_begin) ? IsSpace(byte)
                                              : answer_ == Answer::kOpen && byte == '\n';
}

// Length of what goes when a mark follows it: white space, and the beginning of a section of calls.
size_t AnswerParser::DroppableRun() {
  std::string_view section = offers_tools() && !in_json() ? syntax_.section_open : "";
  while (at_ + run_ < input_.size()) {
    std::string_view rest = std::string_view(input_).substr(at_ + run_);
    if (rejected_reader_ == nullptr && !section.empty() && rest.starts_with(section)) {
      in_section_ = true;
      run_ += section.size();
    } else if (IsDroppable(rest[0])) {
      ++run_;
    } else {
      break;
    }
  }
  return run_;
}

bool AnswerParser::StepText() {
  SkipAfterMark();
  if (at_ == input_.size()) {
    return false;
  }
  size_t mark_at = at_ + DroppableRun();
  Found found;
  if (mark_at == input_.size() || (found = FindMark(mark_at)).tag == Tag::kPartial) {
    if (final_) {
      const std::string_view rest = std::string_view(input_).substr(mark_at);
      const bool drop = end_ == End::kCut && rest != "<";
      in_section_ ? EmitRunBeforeSection(mark_at) : EmitRun(mark_at);
      EmitText(drop ? std::string_view() : rest);
      AdvanceTo(input_.size());
    }
    return false;
  }
  if (found.tag != Tag::kNone) {
    HandleMark(found, mark_at);
    return true;
  }
  // Text up to where white space or a mark may begin again.
  size_t end = mark_at + 1;
  while (end < input_.size() && !begins_mark_[static_cast<unsigned char>(input_[end])] &&
         !IsSpace(input_[end])) {
    ++end;
  }
  bool in_rejected = rejected_reader_ != nullptr;
  end = FollowRejected(at_, end);
  EmitRun(std::min(mark_at, end));
  if (end > mark_at) {
    EmitText(std::string_view(input_).substr(mark_at, end - mark_at));
    in_section_ = in_section_ && in_rejected;
  }
  AdvanceTo(end);
  return true;
}

void AnswerParser::HandleMark(Found found, size_t mark_at) {
  size_t end = mark_at + found.size;
  switch (found.tag) {
    case Tag::kCallOpen:
    case Tag::kBareCallOpen:
      if (HandleCallOpen(found, mark_at)) {
        return;
      }
      break;
    case Tag::kThinkOpen:
    case Tag::kThinkClose:
      HandleThinkMark(found.tag, mark_at);
      break;
    case Tag::kSectionClose:
      FollowRejected(at_, end);
      if (!in_section_) {
        EmitRun(mark_at);
        break;
      }
      EmitRunBeforeSection(mark_at);
      in_section_ = false;
      skip_space_ = state_ == State::kContent;
      break;
    case Tag::kAnswerOpen:
      answer_ = Answer::kOpen;
      skip_newlines_ = true;
      break;
    case Tag::kAnswerLead:
      break;
    case Tag::kAnswerClose:
      answer_ = Answer::kClosed;
      skip_space_ = true;
      break;
    default:
      FollowRejected(at_, end);
      EmitRun(mark_at);
      skip_space_ = behind_call_;
  }
  AdvanceTo(end);
}

void AnswerParser::HandleThinkMark(Tag tag, size_t mark_at) {
  if (state_ == State::kReasoning && tag == Tag::kThinkClose) {
    state_ = State::kContent;
    skip_newlines_ = true;
    rejected_reader_.reset();
    in_section_ = false;
    return;
  }
  FollowRejected(at_, mark_at);
  EmitRun(mark_at);
  skip_newlines_ = state_ == State::kReasoning ? !any_reasoning_ : !any_content_;
}

// False when the mark is only text, in the call of an unknown name.
bool AnswerParser::HandleCallOpen(Found found, size_t mark_at) {
  if (rejected_reader_ != nullptr) {
    FollowRejected(at_, mark_at + found.size);
    if (rejected_reader_ != nullptr) {
      EmitRun(mark_at);
      return false;
    }
    // That call had ended before the mark.
  }
  before_call_ = state_;
  state_ = State::kCall;
  reader_ = MakeCallReader(
      syntax_, found.tag == Tag::kBareCallOpen ? syntax_.bare_call_open : syntax_.call_open);
  call_at_ = mark_at;
  scan_ = mark_at + found.size;
  started_ = false;
  suppressed_ = false;
  return true;
}

void AnswerParser::SkipAfterMark() {
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
    if (rejected_) {
      Reject();
      return true;
    }
    if (!started_ && call_at_ < tried_until_ && scan_ - call_at_ > kTriedAgainBytesMax) {
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

// It was no call: its opening mark opens nothing, and what follows is read again.
void AnswerParser::FallBackToText() {
  state_ = before_call_;
  no_call_at_ = call_at_;
  tried_until_ = std::max(tried_until_, scan_);
  reader_.reset();
}

// Nobody has that name. The call is text, and its reader goes along to find its end.
void AnswerParser::Reject() {
  rejected_ = false;
  state_ = before_call_;
  no_call_at_ = call_at_;
  rejected_reader_ = std::move(reader_);
  rejected_scan_ = scan_;
  if (in_section_ && !separators_.empty()) {
    EmitRunBeforeSection(call_at_);
    AdvanceTo(call_at_);
  }
}

// Shows the reader of a rejected call the bytes that become text. Returns where the call ends, if
// that is before `end`.
size_t AnswerParser::FollowRejected(size_t begin, size_t end) {
  if (rejected_reader_ == nullptr) {
    return end;
  }
  for (size_t i = std::max(begin, rejected_scan_); i < end; ++i) {
    rejected_scan_ = i + 1;
    if (rejected_reader_->Consume(input_[i], *this).progress != CallReader::Progress::kMore) {
      rejected_reader_.reset();
      return i + 1;
    }
  }
  return end;
}

void AnswerParser::EndCall() {
  if (!suppressed_) {
    pieces_.emplace_back(CallFinished{});
  }
  AdvanceTo(scan_);
  state_ = State::kContent;
  skip_space_ = true;
  behind_call_ = true;
  started_ = false;
  reader_.reset();
}

bool AnswerParser::StartCall(std::string_view name) {
  auto found = std::find(options_.tool_names.begin(), options_.tool_names.end(), name);
  if (found == options_.tool_names.end()) {
    rejected_ = true;
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
  if (started_ && !suppressed_) {
    Append<CallArguments>(json_text, &CallArguments::json_text);
  }
}

std::string_view AnswerParser::ParametersJson() const {
  return started_ && tool_index_ < options_.tool_parameters_json.size()
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
  size_t decided =
      reading_started_call ? std::max(at_, scan_ - std::min(scan_, mark_bytes_max_)) : at_;
  if (decided == 0) {
    return;
  }
  input_.erase(0, decided);
  forgotten_ += decided;
  no_call_at_ = no_call_at_ < decided || no_call_at_ == kNowhere ? kNowhere : no_call_at_ - decided;
  for (size_t* position : {&at_, &scan_, &call_at_, &rejected_scan_, &tried_until_}) {
    *position -= std::min(*position, decided);
  }
}

void AnswerParser::EmitText(std::string_view text) {
  if (text.empty()) {
    return;
  }
  behind_call_ = false;
  size_t begin = forgotten_ + static_cast<size_t>(text.data() - input_.data());
  bool reasons = state_ == State::kReasoning;
  if (tail_reasons_ != reasons) {
    tail_reasons_ = reasons;
    tail_.clear();
  }
  if (begin != tail_end_) {
    guarded_ = mark_bytes_max_;
  }
  tail_end_ = begin + text.size();
  size_t done = 0;
  size_t i = 0;
  if (in_json()) {
    guarded_ = 0;
  }
  while (i < text.size() && guarded_ > 0) {
    const std::string_view unit = text.substr(i, base::FirstUtf8Unit(text.substr(i)));
    if (CompletesMark(unit)) {
      EmitUnguarded(text.substr(done, i - done));
      done = i + unit.size();
      guarded_ = mark_bytes_max_;
    } else {
      tail_ += unit;
      guarded_ -= std::min(guarded_, unit.size());
    }
    i += unit.size();
  }
  EmitUnguarded(text.substr(done));
  tail_ += text.substr(i);
  if (tail_.size() > mark_bytes_max_) {
    tail_.erase(0, tail_.size() - mark_bytes_max_);
  }
}

// Whether the text let out would end with a mark, and one that is never part of it. A character
// that ends a mark comes whole where it begins one, too: FindMark() held it.
bool AnswerParser::CompletesMark(std::string_view character) const {
  return std::any_of(marks_.begin(), marks_.end(), [&](const Mark& mark) {
    switch (mark.tag) {
      case Tag::kThinkOpen:
      case Tag::kThinkClose:
      case Tag::kSectionOpen:
      case Tag::kSectionClose:
      case Tag::kStray:
        return mark.text.size() > character.size() && mark.text.ends_with(character) &&
               tail_.ends_with(mark.text.substr(0, mark.text.size() - character.size()));
      default:
        return false;
    }
  });
}

void AnswerParser::EmitUnguarded(std::string_view text) {
  if (state_ == State::kReasoning) {
    any_reasoning_ = any_reasoning_ || !text.empty();
    Append<ReasoningText>(text, &ReasoningText::text);
  } else {
    EmitContent(text);
  }
}

void AnswerParser::EmitContent(std::string_view text) {
  if (text.empty()) {
    return;
  }
  any_content_ = true;
  size_t begin = forgotten_ + static_cast<size_t>(text.data() - input_.data());
  ContentText* last = pieces_.empty() ? nullptr : std::get_if<ContentText>(&pieces_.back());
  if (last != nullptr && last->begin + last->text.size() == begin) {
    last->text.append(text);
  } else {
    pieces_.emplace_back(ContentText{.text = std::string(text), .begin = begin});
  }
}

// The run from at_ to `end` was text after all; the marks in it still are not.
void AnswerParser::EmitRun(size_t end) {
  std::string_view run = std::string_view(input_).substr(at_, end - at_);
  std::string_view section = offers_tools() ? syntax_.section_open : "";
  while (!run.empty()) {
    size_t mark = section.empty() ? std::string_view::npos : run.find(section);
    EmitText(run.substr(0, mark));
    run.remove_prefix(mark == std::string_view::npos ? run.size() : mark + section.size());
  }
}

// Of the run from at_ to `end`, what stands before the section of calls is text.
void AnswerParser::EmitRunBeforeSection(size_t end) {
  size_t section = std::string_view(input_).substr(at_, end - at_).find(syntax_.section_open);
  if (section != std::string_view::npos) {
    EmitText(std::string_view(input_).substr(at_, section));
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
