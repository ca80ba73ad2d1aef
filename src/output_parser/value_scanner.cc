#include "output_parser/value_scanner.h"

#include <algorithm>
#include <vector>

namespace millrace::output_parser {

namespace {

constexpr size_t kKeyBytesMax = 128;
constexpr size_t kHeldBytesMax = 1U << 16;

// Whether a line begins behind `text`, but for spaces.
bool EndsAtLineStart(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t");
  return last == std::string_view::npos || text[last] == '\n';
}

// In the order of ValueScanner::Mark; the marks that may end a call come last.
std::vector<std::string_view> MarksOf(const Syntax& syntax) {
  const CallForm& form = syntax.form;
  const bool bare = !syntax.bare_call_open.empty();
  std::vector<std::string_view> marks = {
      Trimmed(form.argument_begin), Pieces(form.argument_end).front(),
      bare ? syntax.bare_call_open : syntax.call_open, bare ? syntax.call_open : ""};
  const std::vector<std::string_view> ends = Pieces(form.call_end);
  marks.insert(marks.end(), ends.begin(), ends.end());
  marks.push_back(syntax.section_close);
  return marks;
}

// The key's own end and the tags behind it.
std::string KeyEnd(const CallForm& form) {
  const std::vector<std::string_view> pieces = Pieces(form.text_begin);
  std::string end(pieces.front());
  for (size_t i = 1; i < pieces.size() && pieces[i].starts_with('<'); ++i) {
    end += pieces[i];
  }
  return end;
}

}  // namespace

ValueScanner::ValueScanner(const Syntax& syntax)
    : inner_call_(syntax.bare_call_open.empty() ? syntax.call_open : syntax.bare_call_open),
      inner_call_end_(Pieces(syntax.form.call_end).front()),
      key_end_(KeyEnd(syntax.form)),
      value_in_lines_(syntax.form.text_begin.ends_with('\n')),
      marks_(MarksOf(syntax)) {}

void ValueScanner::Begin(bool json, bool keys_known) {
  keys_known_ = keys_known;
  marks_.Reset();
  state_ = State::kText;
  held_.clear();
  opening_.clear();
  depth_ = 0;
  inner_calls_ = 0;
  at_line_start_ = true;
  json_ = json;
  json_begun_ = false;
  extent_ = {};
}

ValueScanner::Found ValueScanner::Consume(char byte, bool reread, const MayFollow& may_follow,
                                          std::string& text) {
  if (!opening_.empty()) {
    return OnOpeningByte(byte, may_follow, text);
  }
  std::string bytes;
  const int mark = marks_.Consume(byte, bytes);
  if (!bytes.empty()) {
    OnText(bytes, text);
  }
  return mark >= 0 ? OnMark(mark, reread, text) : Found{};
}

ValueScanner::Found ValueScanner::Finish() const {
  if (state_ == State::kText || state_ == State::kMaybeOver) {
    return {};
  }
  return End(opening_);
}

// ---- marks ----

ValueScanner::Found ValueScanner::OnMark(int mark, bool reread, std::string& text) {
  const std::string_view bytes = marks_.mark(mark);
  if (behind_closing_mark()) {
    return OnMarkBehind(mark, reread);
  }
  if (state_ == State::kInUnknown) {
    OnMarkInUnknown(mark);
    return {};
  }
  if (bytes == inner_call_end_ && !in_json_string()) {
    inner_calls_ = std::max<int64_t>(inner_calls_ - 1, 0);
  }
  if (state_ == State::kMaybeOver) {
    if (mark >= kCallEnd) {
      held_ += bytes;
      only_space_held_ = false;
      return {};
    }
    if (mark != kArgument || !behind_inner_argument()) {
      Resume(text);
    }
  }
  return OnMarkInText(mark, text);
}

ValueScanner::Found ValueScanner::OnMarkBehind(int mark, bool reread) {
  if (mark != kArgument || reread || !value_in_lines_ || !keys_known_) {
    return End(marks_.mark(mark));
  }
  BeginOpening(marks_.mark(mark));
  return {};
}

void ValueScanner::OnMarkInUnknown(int mark) {
  if (mark == kArgument && EndsAtLineStart(held_)) {
    ++unknown_depth_;
  }
  if (mark == kClose && --unknown_depth_ < 0) {
    state_ = State::kUnknownEnd;
  }
  held_ += marks_.mark(mark);
}

void ValueScanner::BeginOpening(std::string_view mark) {
  opening_ = mark;
  opening_mark_bytes_ = mark.size();
  key_bytes_ = 0;
  key_end_matched_ = 0;
}

// `mark` came in text, or is an argument's behind an inner one.
ValueScanner::Found ValueScanner::OnMarkInText(int mark, std::string& text) {
  const std::string_view bytes = marks_.mark(mark);
  if (mark == kClose) {
    const bool own = depth_ == 0 && !in_json_string();
    Hold(bytes, own ? State::kClosed : State::kMaybeOver, bytes.size());
  } else if (mark >= kCallEnd) {
    Hold(bytes, State::kMaybeOver, 0);
  } else if (mark == kArgument && !in_json_string()) {
    BeginOpening(bytes);
  } else {
    inner_calls_ += mark == kInnerCall && !in_json_string() ? 1 : 0;
    Resume(text);
    Emit(bytes, text);
  }
  return {};
}

void ValueScanner::Hold(std::string_view mark, State state, size_t closing_bytes) {
  held_ = mark;
  state_ = state;
  closing_bytes_ = closing_bytes;
  only_space_held_ = true;
}

// The value is over; `behind` is the last thing read.
ValueScanner::Found ValueScanner::End(std::string_view behind) const {
  return {.ended = true, .unread = held_.substr(closing_bytes_) + std::string(behind)};
}

// What was held is text.
void ValueScanner::Resume(std::string& text) {
  if (state_ == State::kText) {
    return;
  }
  if (state_ == State::kMaybeOver && closing_bytes_ > 0 && !in_json_string()) {
    --depth_;
  }
  state_ = State::kText;
  Emit(held_, text);
  held_.clear();
}

// ---- an argument inside of the value ----

ValueScanner::Found ValueScanner::OnOpeningByte(char byte, const MayFollow& may_follow,
                                                std::string& text) {
  opening_ += byte;
  if (OpeningMayGoOn(byte)) {
    return key_end_matched_ == key_end_.size() ? OnOpening(may_follow, text) : Found{};
  }
  // No argument: what came behind the mark may hold others.
  const std::string opening = std::move(opening_);
  opening_.clear();
  if (behind_closing_mark()) {
    return End(opening);
  }
  Resume(text);
  Emit(std::string_view(opening).substr(0, opening_mark_bytes_), text);
  for (size_t i = opening_mark_bytes_; i < opening.size(); ++i) {
    if (Found found = Consume(opening[i], false, may_follow, text); found.ended) {
      found.unread += opening.substr(i + 1);
      return found;
    }
  }
  return {};
}

// Whether the argument's key or its end goes on with `byte`.
bool ValueScanner::OpeningMayGoOn(char byte) {
  if (byte == key_end_[key_end_matched_]) {
    ++key_end_matched_;
    return true;
  }
  if (key_end_matched_ > 0) {
    return IsSpace(byte) && key_end_[key_end_matched_ - 1] == '>';
  }
  ++key_bytes_;
  return byte != '<' && byte != '\n' && key_bytes_ <= kKeyBytesMax;
}

ValueScanner::Found ValueScanner::OnOpening(const MayFollow& may_follow, std::string& text) {
  const std::string opening = std::move(opening_);
  opening_.clear();
  if (behind_closing_mark()) {
    if (may_follow(opening.substr(opening_mark_bytes_, key_bytes_))) {
      return End(opening);
    }
    held_ += opening;
    state_ = State::kInUnknown;
    unknown_depth_ = 0;
    return {};
  }
  const bool in_place =
      behind_inner_argument() || (depth_ == 0 && (!value_in_lines_ || at_line_start_));
  if (in_place && inner_calls_ == 0 &&
      may_follow(opening.substr(opening_mark_bytes_, key_bytes_))) {
    if (state_ == State::kText) {
      closing_bytes_ = 0;
    }
    return End(opening);
  }
  Resume(text);
  depth_ += !value_in_lines_ || at_line_start_ ? 1 : 0;
  Emit(opening, text);
  return {};
}

// ---- text ----

void ValueScanner::OnText(std::string_view bytes, std::string& text) {
  if (state_ != State::kText) {
    const bool goes_on = state_ == State::kInUnknown
                             ? held_.size() < kHeldBytesMax
                             : std::all_of(bytes.begin(), bytes.end(), IsSpace);
    if (goes_on) {
      held_ += bytes;
      return;
    }
    Resume(text);
  }
  Emit(bytes, text);
}

void ValueScanner::Emit(std::string_view bytes, std::string& text) {
  text += bytes;
  for (const char byte : bytes) {
    at_line_start_ = byte == '\n' || (at_line_start_ && (byte == ' ' || byte == '\t'));
    if (!json_ || (!json_begun_ && IsSpace(byte))) {
      continue;
    }
    // No line ends inside of a JSON string.
    json_ = json_begun_ ? !(extent_.in_string() && byte == '\n')
                        : byte == '{' || byte == '[' || byte == '"';
    json_begun_ = true;
    extent_.Consume(byte);
  }
}

}  // namespace millrace::output_parser
