#include <algorithm>
#include <string>
#include <utility>

#include "output_parser/json_text.h"
#include "output_parser/marks.h"
#include "output_parser/readers.h"

namespace millrace::output_parser {

namespace {

constexpr size_t kNameBytesMax = 256;

// A name, what ends it, and a JSON object.
class NamedJsonReader : public CallReader {
 public:
  explicit NamedJsonReader(const Syntax& syntax)
      : prefix_(syntax.form.call_begin.substr(syntax.call_open.size())),
        name_end_(Trimmed(syntax.form.name_end)),
        marks_({syntax.call_close, syntax.section_close, syntax.call_open}),
        // Before the closing mark: of a fence around the JSON, its end; brackets too many.
        end_(syntax.call_close, "`}") {}

  Step Consume(char byte, CallSink& sink) override {
    switch (state_) {
      case State::kName:
        return ConsumeName(byte, sink);
      case State::kBeforeJson:
        return ConsumeBeforeJson(byte, sink);
      case State::kJson:
        return ConsumeJson(byte, sink);
      case State::kClosing:
        return end_.Consume(byte);
      case State::kRecovering:
        return Recover(byte);
    }
    std::unreachable();
  }

  void Finish(Parser::End end, CallSink& sink) override {
    if (end == Parser::End::kComplete) {
      DefaultArguments(sink);
    }
  }

 private:
  enum class State { kName, kBeforeJson, kJson, kClosing, kRecovering };

  Step ConsumeName(char byte, CallSink& sink) {
    if (!prefix_.complete()) {
      return {prefix_.Consume(byte) ? Progress::kMore : Progress::kFailed};
    }
    name_ += byte;
    const size_t mark = std::min(name_.find('<'), name_.size());
    if (name_.size() > kNameBytesMax ||
        !name_end_.starts_with(std::string_view(name_).substr(mark))) {
      return {Progress::kFailed};  // another mark than the one that ends it
    }
    if (!name_.ends_with(name_end_)) {
      return {};
    }
    name_.resize(name_.size() - name_end_.size());
    accepted_ = sink.StartCall(Trimmed(name_));
    state_ = State::kBeforeJson;
    return {};
  }

  Step ConsumeBeforeJson(char byte, CallSink& sink) {
    if (byte == '{') {
      state_ = State::kJson;
      return ConsumeJson(byte, sink);
    }
    // A fence around the JSON, with the name of its language.
    in_fence_ = in_fence_ || byte == '`';
    if (IsSpace(byte) || byte == '`' || (in_fence_ && byte >= 'a' && byte <= 'z')) {
      return {};
    }
    if (!accepted_) {
      return {Progress::kFailed};
    }
    state_ = State::kRecovering;
    DefaultArguments(sink);
    return Recover(byte);
  }

  Step ConsumeJson(char byte, CallSink& sink) {
    std::string text(1, byte);
    // A mark is no JSON, so outside of strings it ends a call that lacks brackets.
    if (!extent_.in_string()) {
      text.clear();
      if (int mark = marks_.Consume(byte, text); mark >= 0) {
        return AtMark(mark);
      }
    }
    bool end = false;
    for (char c : text) {
      end = extent_.Consume(c);
    }
    if (!text.empty()) {
      sink.AddArguments(text);
      any_arguments_ = true;
    }
    if (end) {
      state_ = State::kClosing;
    }
    return {};
  }

  Step Recover(char byte) {
    std::string text;
    int mark = marks_.Consume(byte, text);
    return mark >= 0 ? AtMark(mark) : Step{};
  }

  // Only the call's own closing mark belongs to it.
  Step AtMark(int mark) const {
    return {Progress::kDone, mark == 0 ? 0 : marks_.mark(mark).size()};
  }

  void DefaultArguments(CallSink& sink) {
    if (!any_arguments_) {
      sink.AddArguments("{}");
      any_arguments_ = true;
    }
  }

  State state_ = State::kName;
  LooseLiteral prefix_;
  const std::string_view name_end_;
  MarkFinder marks_;
  CallEnd end_;
  ExtentScanner extent_;
  std::string name_;
  bool in_fence_ = false;
  bool accepted_ = false;
  bool any_arguments_ = false;
};

}  // namespace

std::unique_ptr<CallReader> MakeNamedJsonReader(const Syntax& syntax) {
  return std::make_unique<NamedJsonReader>(syntax);
}

}  // namespace millrace::output_parser
