#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "output_parser/argument_names.h"
#include "output_parser/json_text.h"
#include "output_parser/marks.h"
#include "output_parser/readers.h"
#include "output_parser/typed_arguments.h"
#include "output_parser/value_scanner.h"

namespace millrace::output_parser {

namespace {

constexpr size_t kNameBytesMax = 256;

// The marks that may stand between arguments, in the order of TaggedCallReader::Between. The pieces
// of call_end before its last one follow.
std::vector<std::string_view> MarksBetween(const Syntax& syntax) {
  std::vector<std::string_view> marks = {Trimmed(syntax.form.argument_begin), syntax.call_close,
                                         syntax.section_close, syntax.call_open};
  std::vector<std::string_view> ends = Pieces(syntax.form.call_end);
  marks.insert(marks.end(), ends.begin(), ends.end() - 1);
  return marks;
}

// Whether `text`, behind a key, is the rest of its tag: attributes or nothing.
bool EndsTag(std::string_view text) {
  return text == ">" || (text.ends_with('>') && text.find('=') != std::string_view::npos &&
                         text.find('<') == std::string_view::npos);
}

// A name and arguments between tags. One line end at each side of a value is no part of it where
// the form writes it there. A JSON object in the place of the tags is the arguments as it stands.
class TaggedCallReader : public CallReader {
 public:
  TaggedCallReader(const Syntax& syntax, std::string_view open)
      : prefix_(syntax.form.call_begin.substr(syntax.form.call_begin.find(open) + open.size())),
        name_end_(Trimmed(syntax.form.name_end)),
        between_(MarksBetween(syntax)),
        text_begin_(Pieces(syntax.form.text_begin)),
        json_begin_(Pieces(syntax.form.json_begin)),
        value_in_lines_(syntax.form.text_begin.ends_with('\n')),
        value_open_(ValueOpen(syntax.form)),
        value_(syntax),
        end_(syntax.call_close, "", Pieces(syntax.form.call_end).front()) {}

  Step Consume(char byte, CallSink& sink) override {
    switch (state_) {
      case State::kName:
        return ConsumeName(byte, sink);
      case State::kBetween:
        return ConsumeBetween(byte, sink);
      case State::kKey:
        ConsumeKey(byte, sink);
        return {};
      case State::kBeforeValue:
        return ConsumeBeforeValue(byte, sink);
      case State::kValue:
        return ConsumeValue(byte, sink);
      case State::kJson:
        return ConsumeJson(byte, sink);
      case State::kClosing:
        return end_.Consume(byte);
    }
    std::unreachable();
  }

  void Finish(Parser::End end, CallSink& sink) override {
    while (state_ == State::kValue) {
      const ValueScanner::Found found = value_.Finish();
      if (!found.ended) {
        break;
      }
      EndValue(found, sink);
    }
    if (end == Parser::End::kComplete && state_ != State::kClosing) {
      EndArguments(sink);
    }
  }

 private:
  enum class State { kName, kBetween, kKey, kBeforeValue, kValue, kJson, kClosing };
  enum Between { kArgument, kCallClose, kSectionClose, kCallOpen, kEnd };

  Step ConsumeName(char byte, CallSink& sink) {
    if (!prefix_.complete()) {
      return {prefix_.Consume(byte) ? Progress::kMore : Progress::kFailed};
    }
    if (name_.empty() && IsSpace(byte)) {
      return {};
    }
    bool space_ends = name_end_.empty();
    if (byte == '<' || (space_ends && IsSpace(byte))) {
      return space_ends ? StartCall(byte, sink) : Step{Progress::kFailed};
    }
    name_ += byte;
    if (!space_ends && name_.ends_with(name_end_)) {
      name_.resize(name_.size() - name_end_.size());
      return StartCall(' ', sink);
    }
    return {name_.size() > kNameBytesMax ? Progress::kFailed : Progress::kMore};
  }

  // `next` is the byte behind the name and its end.
  Step StartCall(char next, CallSink& sink) {
    std::string_view name = Unquoted(name_);
    if (name.empty()) {
      return {Progress::kFailed};
    }
    accepted_ = sink.StartCall(name);
    state_ = State::kBetween;
    return ConsumeBetween(next, sink);
  }

  Step ConsumeBetween(char byte, CallSink& sink) {
    if (byte == '{' && nothing_came_) {
      state_ = State::kJson;
      in_json_form_ = true;
      return ConsumeJson(byte, sink);
    }
    std::string text;
    int mark = between_.Consume(byte, text);
    nothing_came_ = nothing_came_ && mark < 0 && Trimmed(text).empty();
    if (!accepted_ && !Trimmed(text).empty()) {
      return {Progress::kFailed};
    }
    return mark >= 0 ? AtMark(mark, sink) : Step{};
  }

  Step AtMark(int mark, CallSink& sink) {
    if (mark == kArgument) {
      key_.clear();
      state_ = in_json_form_ ? state_ : State::kKey;
      return {};
    }
    EndArguments(sink);
    if (mark >= kEnd) {
      state_ = State::kClosing;
      return {};
    }
    return {Progress::kDone, mark == kCallClose ? 0 : between_.mark(mark).size()};
  }

  void EndArguments(CallSink& sink) {
    if (!in_json_form_) {
      arguments_.End(sink);
    }
  }

  Step ConsumeJson(char byte, CallSink& sink) {
    std::string text(1, byte);
    // A mark is no JSON, so outside of strings it ends a call that lacks brackets.
    if (!json_.in_string()) {
      text.clear();
      if (int mark = between_.Consume(byte, text); mark >= 0) {
        return AtMark(mark, sink);
      }
    }
    bool end = false;
    for (char c : text) {
      end = json_.Consume(c);
    }
    if (!text.empty()) {
      sink.AddArguments(text);
    }
    state_ = end ? State::kBetween : state_;
    return {};
  }

  void ConsumeKey(char byte, CallSink& sink) {
    if (key_.size() < kArgumentNameBytesMax) {
      key_ += byte;
    } else {
      key_.back() = byte;
    }
    if (key_.ends_with(text_begin_.front())) {
      key_.resize(key_.size() - text_begin_.front().size());
      tail_.clear();
      state_ = State::kBeforeValue;
      if (text_begin_.size() == 1) {
        BeginValue(ArgumentWriter::Kind::kBySchema, sink);
      }
    } else if (!value_open_.empty() && key_.ends_with(value_open_)) {
      key_.resize(key_.size() - value_open_.size());
      if (!Trimmed(key_).empty()) {
        BeginValue(ArgumentWriter::Kind::kBySchema, sink);
        at_value_start_ = false;
      }
    }
  }

  // What stands between a key and its value: another tag, or the statement of the type.
  Step ConsumeBeforeValue(char byte, CallSink& sink) {
    if (tail_.empty() && IsSpace(byte)) {
      return {};
    }
    if (tail_.empty() && byte != '<' && text_begin_[1].starts_with('<')) {
      BeginValue(ArgumentWriter::Kind::kBySchema, sink);  // its tag is missing
      return ConsumeValue(byte, sink);
    }
    tail_ += byte;
    if (byte != '>' && tail_.size() < kNameBytesMax) {
      return {};
    }
    bool is_text = tail_ == text_begin_[1];
    bool is_json = tail_ == json_begin_[1];
    // Another statement of the type, or none, leaves it to the schema.
    if (is_text || is_json || EndsTag(tail_)) {
      BeginValue(is_text == is_json ? ArgumentWriter::Kind::kBySchema
                 : is_text          ? ArgumentWriter::Kind::kText
                                    : ArgumentWriter::Kind::kJson,
                 sink);
      return {};
    }
    // No value: the tag may be another argument's, or the end.
    state_ = State::kBetween;
    Step step;
    for (char c : tail_) {
      step = ConsumeBetween(c, sink);
    }
    return step;
  }

  void BeginValue(ArgumentWriter::Kind kind, CallSink& sink) {
    const std::string_view key = Unquoted(key_);
    keys_.emplace(key);
    arguments_.BeginArgument(key, kind, sink);
    value_.Begin(arguments_.json_expected(), arguments_.DeclaresAny(sink));
    state_ = State::kValue;
    at_value_start_ = true;
    line_end_held_ = false;
  }

  Step ConsumeValue(char byte, CallSink& sink) {
    if (std::exchange(at_value_start_, false) && value_in_lines_ && byte == '\n') {
      return {};
    }
    std::string text;
    const ValueScanner::Found found = value_.Consume(
        byte, rereading_,
        [&](std::string_view key) {
          return arguments_.Declares(Unquoted(key), sink) &&
                 !keys_.contains(std::string(Unquoted(key)));
        },
        text);
    if (!text.empty()) {
      if (std::exchange(line_end_held_, false)) {
        text.insert(0, "\n");
      }
      if (value_in_lines_ && text.back() == '\n') {
        text.pop_back();
        line_end_held_ = true;
      }
      arguments_.AddText(text, sink);
    }
    return found.ended ? EndValue(found, sink) : Step{};
  }

  // Reads again what came behind the value.
  Step EndValue(const ValueScanner::Found& found, CallSink& sink) {
    arguments_.EndArgument(sink);
    state_ = State::kBetween;
    between_.Reset();
    const bool was_rereading = std::exchange(rereading_, true);
    Step step;
    for (size_t i = 0; i < found.unread.size() && step.progress == Progress::kMore; ++i) {
      step = Consume(found.unread[i], sink);
      step.unread += step.progress == Progress::kDone ? found.unread.size() - 1 - i : 0;
    }
    rereading_ = was_rereading;
    return step;
  }

  State state_ = State::kName;
  LooseLiteral prefix_;
  const std::string_view name_end_;
  MarkFinder between_;
  const std::vector<std::string_view> text_begin_;
  const std::vector<std::string_view> json_begin_;
  const bool value_in_lines_;
  const std::string_view value_open_;
  ValueScanner value_;
  ExtentScanner json_;
  CallEnd end_;
  ArgumentWriter arguments_;
  std::string name_;
  std::string key_;
  std::string tail_;
  std::unordered_set<std::string> keys_;  // of the arguments so far
  bool accepted_ = false;
  bool nothing_came_ = true;  // behind the name
  bool in_json_form_ = false;
  bool rereading_ = false;
  bool at_value_start_ = false;
  bool line_end_held_ = false;
};

}  // namespace

std::unique_ptr<CallReader> MakeTaggedCallReader(const Syntax& syntax, std::string_view open) {
  return std::make_unique<TaggedCallReader>(syntax, open);
}

}  // namespace millrace::output_parser
