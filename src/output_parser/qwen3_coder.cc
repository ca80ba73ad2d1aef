// The syntax of Qwen3-Coder and Qwen3.5:
//
//   <tool_call>
//   <function=NAME>
//   <parameter=KEY>
//   VALUE
//   </parameter>
//   </function>
//   </tool_call>
//
// One line end after each parameter's opening tag and one before its closing tag are no part of the
// value.
#include "output_parser/answer_parser.h"
#include "output_parser/syntaxes.h"
#include "output_parser/tag_text.h"
#include "output_parser/typed_arguments.h"

namespace millrace::output_parser {

namespace {

constexpr std::string_view kFunction = "<function=";
constexpr std::string_view kParameter = "<parameter=";
constexpr std::string_view kParameterEnd = "</parameter>";
constexpr std::string_view kFunctionEnd = "</function>";
constexpr size_t kNameBytesMax = 256;

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// NAME of "<function=NAME>", without the quotes and spaces that models put around it.
std::string_view NameIn(std::string_view tag, std::string_view opening) {
  std::string_view name = tag.substr(opening.size(), tag.size() - opening.size() - 1);
  while (!name.empty() && (IsSpace(name.front()) || name.front() == '"')) {
    name.remove_prefix(1);
  }
  while (!name.empty() && (IsSpace(name.back()) || name.back() == '"')) {
    name.remove_suffix(1);
  }
  return name;
}

class Qwen3CoderReader : public CallReader {
 public:
  explicit Qwen3CoderReader(const Syntax& syntax)
      : call_close_(syntax.call_close), value_(kParameterEnd), end_(syntax.call_close) {}

  Step Consume(char byte, CallSink& sink) override {
    switch (state_) {
      case State::kName:
        return ConsumeName(byte, sink);
      case State::kBetween:
        return ConsumeBetween(byte, sink);
      case State::kValue:
        ConsumeValue(byte, sink);
        return {};
      case State::kClosing:
        return end_.Consume(byte);
    }
    std::unreachable();
  }

  void Finish(Parser::End end, CallSink& sink) override {
    if (end == Parser::End::kComplete && state_ != State::kClosing) {
      arguments_.End(sink);
    }
  }

 private:
  enum class State { kName, kBetween, kValue, kClosing };

  Step ConsumeName(char byte, CallSink& sink) {
    if (tag_.empty() && IsSpace(byte)) {
      return {};
    }
    tag_ += byte;
    bool fits = tag_.size() <= kFunction.size() ? kFunction.starts_with(tag_)
                                                : tag_.size() <= kNameBytesMax && byte != '<';
    if (!fits) {
      return {Progress::kFailed};
    }
    if (byte != '>') {
      return {};
    }
    if (!sink.StartCall(NameIn(tag_, kFunction))) {
      return {Progress::kFailed};
    }
    state_ = State::kBetween;
    return {};
  }

  Step ConsumeBetween(char byte, CallSink& sink) {
    std::string_view tag = tags_.Consume(byte);
    if (tag.starts_with(kParameter)) {
      arguments_.BeginArgument(NameIn(tag, kParameter), sink);
      value_.Reset();
      state_ = State::kValue;
      at_value_start_ = true;
      line_end_held_ = false;
    } else if (tag == kFunctionEnd || tag == call_close_) {
      arguments_.End(sink);
      state_ = State::kClosing;
      return tag == call_close_ ? Step{Progress::kDone} : Step{};
    }
    return {};
  }

  void ConsumeValue(char byte, CallSink& sink) {
    if (std::exchange(at_value_start_, false) && byte == '\n') {
      return;
    }
    std::string text;
    if (value_.Consume(byte, text)) {
      arguments_.EndArgument(sink);
      state_ = State::kBetween;
      return;
    }
    if (text.empty()) {
      return;
    }
    if (std::exchange(line_end_held_, false)) {
      text.insert(0, "\n");
    }
    if (text.back() == '\n') {
      text.pop_back();
      line_end_held_ = true;
    }
    arguments_.AddText(text, sink);
  }

  const std::string_view call_close_;
  State state_ = State::kName;
  std::string tag_;
  TagCollector tags_;
  TextUntilTag value_;
  CallEnd end_;
  ArgumentWriter arguments_;
  bool at_value_start_ = false;
  bool line_end_held_ = false;
};

}  // namespace

const Syntax kQwen3Coder = {
    .name = "qwen3_coder",
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "\n</think>\n\n",
    .call_open = "<tool_call>",
    .call_close = "</tool_call>",
    .make_parser = MakeAnswerParser<Qwen3CoderReader>,
};

}  // namespace millrace::output_parser
