#include "local/answer_reader.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

namespace millrace::local {
namespace {

using chat::ChatEvent;
using chat::FinishReason;
using output_parser::ParsedPiece;

constexpr size_t kCallIdLength = 24;

template <typename... Callables>
struct Overloaded : Callables... {
  using Callables::operator()...;
};

}  // namespace

AnswerReader::AnswerReader(std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
                           const output_parser::Syntax* syntax, Options options,
                           base::RandomSource* random)
    : tokenizer_(std::move(tokenizer)),
      syntax_(syntax),
      options_(std::move(options)),
      random_(random),
      detokenizer_(tokenizer_, tokenizer::ControlText::kShown),
      parser_(syntax->make_parser(*syntax, options_.parser)),
      stop_matcher_(options_.stop) {}

void AnswerReader::Emit(decltype(ChatEvent::what) what, std::vector<ChatEvent>& out) const {
  out.push_back({.choice = options_.choice, .what = std::move(what), .usage = {}});
}

void AnswerReader::Read(const engine::TokenEvent& event, std::vector<ChatEvent>& out) {
  if (finished_) {
    return;
  }
  if (!started_) {
    started_ = true;
    const bool reasoning = event.token.has_value() && event.kind != engine::TokenKind::kAnswer;
    Emit(chat::ChoiceStarted{.reasoning = reasoning}, out);
  }
  if (event.token.has_value()) {
    ReadPieces(parser_->Add(TextOf(*event.token)), out);
  }
  if (event.end.has_value() && !finished_) {
    ReadEnd(*event.end, out);
  }
}

// Control tokens are never shown, unless they are the syntax's own marks: those are for the parser.
std::string AnswerReader::TextOf(base::TokenId token) {
  if (tokenizer_->IsControl(token)) {
    const std::array marks = {syntax_->think_open, syntax_->think_close, syntax_->call_open,
                              syntax_->call_close};
    if (std::ranges::find(marks, tokenizer_->Bytes(token)) == marks.end()) {
      return {};
    }
  }
  return detokenizer_.Add(token);
}

void AnswerReader::ReadPieces(std::vector<ParsedPiece> pieces, std::vector<ChatEvent>& out) {
  for (ParsedPiece& piece : pieces) {
    if (finished_) {
      return;
    }
    std::visit(Overloaded{
                   [&](output_parser::ReasoningText& reasoning) {
                     Emit(chat::ReasoningDelta{.text = std::move(reasoning.text)}, out);
                   },
                   [&](output_parser::ContentText& content) { ReadContent(content.text, out); },
                   [&](output_parser::CallStarted& call) { StartCall(std::move(call.name), out); },
                   [&](output_parser::CallArguments& arguments) {
                     Emit(chat::ToolArgumentsDelta{.call_index = call_count_ - 1,
                                                   .json_text = std::move(arguments.json_text)},
                          out);
                   },
                   [&](output_parser::CallFinished&) {
                     if (call_count_ >= options_.parser.calls_max) {
                       Finish(FinishReason::kToolCalls, out);
                     }
                   },
               },
               piece);
  }
}

void AnswerReader::ReadContent(std::string_view text, std::vector<ChatEvent>& out) {
  std::string shown = stop_matcher_.Add(text);
  if (!shown.empty()) {
    Emit(chat::ContentDelta{.text = std::move(shown)}, out);
  }
  if (stop_matcher_.matched()) {
    Finish(FinishReason::kStop, out);
  }
}

void AnswerReader::FlushContent(std::vector<ChatEvent>& out) {
  std::string shown = stop_matcher_.Finish();
  if (!shown.empty()) {
    Emit(chat::ContentDelta{.text = std::move(shown)}, out);
  }
  if (stop_matcher_.matched()) {
    Finish(FinishReason::kStop, out);
  }
}

// A stop string never spans a call: text before it is complete.
void AnswerReader::StartCall(std::string name, std::vector<ChatEvent>& out) {
  FlushContent(out);
  if (finished_) {
    return;
  }
  stop_matcher_ = tokenizer::StopMatcher(options_.stop);
  Emit(chat::ToolCallStarted{.call_index = call_count_++,
                             .id = "call_" + random_->NextAlphanumeric(kCallIdLength),
                             .name = std::move(name)},
       out);
}

void AnswerReader::ReadEnd(engine::EndReason reason, std::vector<ChatEvent>& out) {
  const bool cut = reason == engine::EndReason::kLength;
  detokenizer_.Finish();
  ReadPieces(parser_->Finish(cut ? output_parser::Parser::End::kCut
                                 : output_parser::Parser::End::kComplete),
             out);
  if (!finished_) {
    FlushContent(out);
  }
  if (!finished_) {
    Finish(cut               ? FinishReason::kLength
           : call_count_ > 0 ? FinishReason::kToolCalls
                             : FinishReason::kStop,
           out);
  }
}

void AnswerReader::Finish(FinishReason reason, std::vector<ChatEvent>& out) {
  finished_ = true;
  Emit(chat::ChoiceFinished{.reason = reason}, out);
}

}  // namespace millrace::local
