#include <utility>

#include "output_parser/json_text.h"
#include "output_parser/marks.h"
#include "output_parser/readers.h"

namespace millrace::output_parser {

namespace {

constexpr size_t kNameBytesMax = 256;
constexpr size_t kHeldArgumentsBytesMax = 1U << 20;

// A call is one JSON object with "name" and "arguments", between marks of its own or as an element
// of a list between the marks of a section. Both are in `marks_`, the call's first.
class JsonCallReader : public CallReader {
 public:
  explicit JsonCallReader(const Syntax& syntax)
      : in_list_(syntax.call_open == "{"),
        state_(in_list_ ? State::kKeyOrEnd : State::kOpen),
        close_(in_list_ ? syntax.section_close : syntax.call_close),
        marks_({close_}),
        end_(close_, "}") {}

  Step Consume(char byte, CallSink& sink) override {
    switch (state_) {
      case State::kOpen:
        return IsSpace(byte) ? Step{} : byte == '{' ? GoTo(State::kKeyOrEnd) : Broken(byte);
      case State::kKeyOrEnd:
        return ConsumeKeyStart(byte, sink);
      case State::kKey:
        return ConsumeKey(byte);
      case State::kColon:
        return IsSpace(byte) ? Step{} : byte == ':' ? GoTo(State::kValueStart) : Broken(byte);
      case State::kValueStart:
        return IsSpace(byte) ? Step{} : StartValue(byte, sink);
      case State::kName:
        return ConsumeName(byte, sink);
      case State::kExtent:
        return ConsumeExtent(byte, sink);
      case State::kString:
        return ConsumeString(byte, sink);
      case State::kScalar:
        return ConsumeScalar(byte, sink);
      case State::kAfterValue:
        return ConsumeAfterValue(byte, sink);
      case State::kClosing:
        return end_.Consume(byte);
      case State::kRecovering:
        return Recover(byte);
    }
    std::unreachable();
  }

  void Finish(Parser::End end, CallSink& sink) override {
    if (state_ == State::kScalar) {
      EndScalar(sink);
    }
    if (end == Parser::End::kComplete) {
      DefaultArguments(sink);
    }
  }

 private:
  enum class State {
    kOpen,      // before the object
    kKeyOrEnd,  // before a key or the object's end
    kKey,
    kColon,
    kValueStart,
    kName,    // inside the name
    kExtent,  // inside a value in brackets
    kString,  // inside a value in quotes that is not the name
    kScalar,  // inside another value
    kAfterValue,
    kClosing,     // behind the object
    kRecovering,  // broken after the call had started: waits for the closing mark
  };
  enum class Role { kName, kArguments, kOther };
  enum class Holds { kUnknown, kObject, kText };

  Step GoTo(State state) {
    state_ = state;
    return {};
  }

  // Not the JSON that was expected.
  Step Broken(char byte) {
    if (!accepted_) {
      return {Progress::kFailed};
    }
    state_ = State::kRecovering;
    return Recover(byte);
  }

  Step Recover(char byte) {
    std::string text;
    return marks_.Consume(byte, text) >= 0 ? AtMark() : Step{};
  }

  // The closing mark came. A section's mark is not the call's.
  Step AtMark() const {
    if (!accepted_) {
      return {Progress::kFailed};
    }
    return {Progress::kDone, in_list_ ? close_.size() : 0};
  }

  Step ConsumeKeyStart(char byte, CallSink& sink) {
    if (IsSpace(byte)) {
      return {};
    }
    if (byte == '}') {
      return EndObject(sink);
    }
    if (byte != '"') {
      return Broken(byte);
    }
    text_.clear();
    decoder_ = {};
    return GoTo(State::kKey);
  }

  Step ConsumeKey(char byte) {
    StringDecoder::Progress progress = decoder_.Consume(byte, text_);
    if (progress == StringDecoder::Progress::kInvalid || text_.size() > kNameBytesMax) {
      return Broken(byte);
    }
    if (progress == StringDecoder::Progress::kEnd) {
      const bool names_arguments = text_ == "arguments" || text_ == "parameters";
      role_ = text_ == "name" && !started_              ? Role::kName
              : names_arguments && !arguments_complete_ ? Role::kArguments
                                                        : Role::kOther;
      return GoTo(State::kColon);
    }
    return {};
  }

  Step StartValue(char byte, CallSink& sink) {
    text_.clear();
    decoder_ = {};
    if (role_ == Role::kName) {
      return byte == '"' ? GoTo(State::kName) : Broken(byte);
    }
    if (byte == '"') {
      string_holds_ = Holds::kUnknown;
      return GoTo(State::kString);
    }
    if (byte == '{' || byte == '[') {
      state_ = State::kExtent;
      extent_ = {};
      return ConsumeExtent(byte, sink);
    }
    if (byte == ',' || byte == '}' || byte == ']' || byte == ':' || byte == '<') {
      return Broken(byte);
    }
    text_ += byte;
    return GoTo(State::kScalar);
  }

  Step ConsumeName(char byte, CallSink& sink) {
    StringDecoder::Progress progress = decoder_.Consume(byte, text_);
    if (progress == StringDecoder::Progress::kInvalid || text_.size() > kNameBytesMax) {
      return Broken(byte);
    }
    if (progress == StringDecoder::Progress::kMore) {
      return {};
    }
    accepted_ = sink.StartCall(text_);
    started_ = true;
    if (!held_.empty()) {
      sink.AddArguments(held_);
      any_arguments_ = true;
      held_.clear();
    }
    return GoTo(State::kAfterValue);
  }

  Step ConsumeExtent(char byte, CallSink& sink) {
    std::string text(1, byte);
    // A closing mark is no JSON, so outside of strings it ends a call that lacks brackets.
    if (!extent_.in_string()) {
      text.clear();
      if (marks_.Consume(byte, text) >= 0) {
        return AtMark();
      }
    }
    bool end = false;
    for (char c : text) {
      end = extent_.Consume(c);
    }
    Text(text, sink);
    if (held_.size() > kHeldArgumentsBytesMax) {
      return {Progress::kFailed};
    }
    return end ? EndValue() : Step{};
  }

  // Arguments given as text that holds an object are passed on as that object, other text as the
  // string that it is.
  Step ConsumeString(char byte, CallSink& sink) {
    std::string decoded;
    StringDecoder::Progress progress = decoder_.Consume(byte, decoded);
    if (progress == StringDecoder::Progress::kInvalid && !accepted_) {
      return {Progress::kFailed};
    }
    if (string_holds_ == Holds::kUnknown) {
      text_ += decoded;
      decoded.clear();
      if (const std::string_view text = Trimmed(text_); !text.empty()) {
        string_holds_ = text.starts_with('{') ? Holds::kObject : Holds::kText;
        Text(string_holds_ == Holds::kText ? "\"" : "", sink);
        decoded.swap(text_);
      }
    }
    Text(string_holds_ == Holds::kText ? EscapedForJson(decoded) : decoded, sink);
    if (held_.size() > kHeldArgumentsBytesMax) {
      return {Progress::kFailed};
    }
    if (progress != StringDecoder::Progress::kEnd) {
      return {};
    }
    Text(string_holds_ == Holds::kText ? "\"" : "", sink);
    return EndValue();
  }

  Step ConsumeScalar(char byte, CallSink& sink) {
    if (byte != ',' && byte != '}' && byte != '<' && !IsSpace(byte)) {
      text_ += byte;
      return text_.size() > kNameBytesMax ? Broken(byte) : Step{};
    }
    EndScalar(sink);
    state_ = State::kAfterValue;
    return ConsumeAfterValue(byte, sink);
  }

  void EndScalar(CallSink& sink) {
    if (text_ != "null") {
      Text(text_, sink);
    }
    text_.clear();
    EndValue();
  }

  Step EndValue() {
    arguments_complete_ = arguments_complete_ || role_ == Role::kArguments;
    return GoTo(State::kAfterValue);
  }

  Step ConsumeAfterValue(char byte, CallSink& sink) {
    if (IsSpace(byte)) {
      return {};
    }
    if (byte == ',') {
      return GoTo(State::kKeyOrEnd);
    }
    return byte == '}' ? EndObject(sink) : Broken(byte);
  }

  Step EndObject(CallSink& sink) {
    if (!started_) {
      return {Progress::kFailed};
    }
    DefaultArguments(sink);
    return in_list_ ? Step{Progress::kDone} : GoTo(State::kClosing);
  }

  // Part of the value being read.
  void Text(std::string_view text, CallSink& sink) {
    if (role_ == Role::kArguments) {
      Arguments(text, sink);
    }
  }

  void Arguments(std::string_view text, CallSink& sink) {
    if (text.empty()) {
      return;
    }
    if (started_) {
      sink.AddArguments(text);
      any_arguments_ = true;
    } else {
      held_ += text;
    }
  }

  void DefaultArguments(CallSink& sink) {
    if (!any_arguments_) {
      sink.AddArguments("{}");
      any_arguments_ = true;
    }
  }

  const bool in_list_;
  State state_;
  Role role_ = Role::kOther;
  const std::string_view close_;
  MarkFinder marks_;
  CallEnd end_;  // forgives brackets too many
  StringDecoder decoder_;
  ExtentScanner extent_;
  Holds string_holds_ = Holds::kUnknown;
  std::string text_;  // the key, name or scalar being read, or a string's white space
  std::string held_;  // arguments that came before the name
  bool started_ = false;
  bool accepted_ = false;
  bool any_arguments_ = false;
  bool arguments_complete_ = false;
};

}  // namespace

std::unique_ptr<CallReader> MakeJsonCallReader(const Syntax& syntax) {
  return std::make_unique<JsonCallReader>(syntax);
}

}  // namespace millrace::output_parser
