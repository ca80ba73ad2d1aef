// The syntax of GLM-4.5 and later:
//
//   <tool_call>NAME
//   <arg_key>KEY</arg_key>
//   <arg_value>VALUE</arg_value>
//   </tool_call>
//
// From GLM-4.7 on without the line ends. Values are raw text for strings and JSON otherwise.
#include "output_parser/answer_parser.h"
#include "output_parser/syntaxes.h"
#include "output_parser/tag_text.h"
#include "output_parser/typed_arguments.h"

namespace millrace::output_parser {

namespace {

constexpr size_t kNameBytesMax = 256;

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

class Glm45Reader : public CallReader {
 public:
  explicit Glm45Reader(const Syntax& syntax)
      : call_close_(syntax.call_close), key_text_("</arg_key>"), value_text_("</arg_value>") {}

  Step Consume(char byte, CallSink& sink) override {
    switch (state_) {
      case State::kName:
        return ConsumeName(byte, sink);
      case State::kBetween:
        return ConsumeBetween(byte, sink);
      case State::kKey:
        ConsumeKey(byte, sink);
        return {};
      case State::kValue:
        ConsumeValue(byte, sink);
        return {};
    }
    std::unreachable();
  }

  void Finish(Parser::End end, CallSink& sink) override {
    if (end == Parser::End::kComplete) {
      arguments_.End(sink);
    }
  }

 private:
  enum class State { kName, kBetween, kKey, kValue };

  // The name ends at white space or at the next tag.
  Step ConsumeName(char byte, CallSink& sink) {
    if (name_.empty() && IsSpace(byte)) {
      return {};
    }
    if (!IsSpace(byte) && byte != '<') {
      name_ += byte;
      return {name_.size() > kNameBytesMax ? Progress::kFailed : Progress::kMore};
    }
    if (!sink.StartCall(name_)) {
      return {Progress::kFailed};
    }
    state_ = State::kBetween;
    return ConsumeBetween(byte, sink);
  }

  Step ConsumeBetween(char byte, CallSink& sink) {
    std::string_view tag = tags_.Consume(byte);
    if (tag == "<arg_key>") {
      key_.clear();
      key_text_.Reset();
      state_ = State::kKey;
    } else if (tag == "<arg_value>" && !key_.empty()) {
      arguments_.BeginArgument(key_, sink);
      value_text_.Reset();
      state_ = State::kValue;
    } else if (tag == call_close_) {
      arguments_.End(sink);
      return {Progress::kDone};
    }
    return {};
  }

  void ConsumeKey(char byte, CallSink&) {
    if (key_text_.Consume(byte, key_)) {
      state_ = State::kBetween;
    }
  }

  void ConsumeValue(char byte, CallSink& sink) {
    std::string text;
    if (value_text_.Consume(byte, text)) {
      arguments_.EndArgument(sink);
      key_.clear();
      state_ = State::kBetween;
    } else if (!text.empty()) {
      arguments_.AddText(text, sink);
    }
  }

  const std::string_view call_close_;
  State state_ = State::kName;
  std::string name_;
  std::string key_;
  TagCollector tags_;
  TextUntilTag key_text_;
  TextUntilTag value_text_;
  ArgumentWriter arguments_;
};

}  // namespace

const Syntax kGlm45 = {
    .name = "glm45",
    .think_open = "<think>",
    .think_close = "</think>",
    .forced_close = "</think>",
    .call_open = "<tool_call>",
    .call_close = "</tool_call>",
    .make_parser = MakeAnswerParser<Glm45Reader>,
};

}  // namespace millrace::output_parser
