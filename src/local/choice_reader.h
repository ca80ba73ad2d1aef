// Reads one choice: tokens in, the events of its answer out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "chat/chat_event.h"
#include "engine/engine.h"
#include "local/answer_logprobs.h"
#include "output_parser/parser.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/stop_matcher.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

using EventContent = decltype(chat::ChatEvent::what);

// What all choices of a request have in common.
struct AnswerSyntax {
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  const output_parser::Syntax* syntax;  // static
  output_parser::ParserOptions parser;
  std::vector<std::string> stops;
  // The answer is held to calls: what looks like content is the beginning of a call that was cut.
  bool calls_only = false;
  bool logprobs = false;  // content comes with the log probabilities of its tokens
};

// Tokens become text, text becomes reasoning, content and calls, and stop strings are looked for in
// content alone, each stretch between calls by itself. What comes out, joined, does not depend on
// when the tokens came.
//
// Control tokens, unused ones and turn markers give no text. The choice is over when its generation
// ended, at a stop string (kStop, whatever calls there are), and after the last call it may make;
// tokens that come later are ignored. Not thread-safe.
class ChoiceReader {
 public:
  // `random` makes the ids of calls; borrowed.
  ChoiceReader(const AnswerSyntax& answer, base::RandomSource* random);

  // Both append to `out`; ChoiceFinished is the last thing a choice gives. `event` has a token.
  void AddToken(engine::TokenEvent event, std::vector<EventContent>& out);
  void End(engine::EndReason reason, std::vector<EventContent>& out);

  bool finished() const { return finished_; }

 private:
  void Take(std::vector<output_parser::ParsedPiece> pieces, std::vector<EventContent>& out);
  void TakeContent(const output_parser::ContentText& content, std::vector<EventContent>& out);
  void ShowContent(std::string text, std::vector<EventContent>& out);
  void TakeCall(std::string name, std::vector<EventContent>& out);
  void TakeCallEnd(std::vector<EventContent>& out);
  // Content is over for now: nothing after this continues a stop string.
  void FlushContent(std::vector<EventContent>& out);
  void Finish(chat::FinishReason reason, std::vector<EventContent>& out);
  chat::FinishReason EndOfTurn() const;
  bool IsHidden(base::TokenId id) const;

  const AnswerSyntax& answer_;
  base::RandomSource* random_;
  tokenizer::Detokenizer detokenizer_;
  std::unique_ptr<output_parser::Parser> parser_;
  tokenizer::StopMatcher stop_;
  std::optional<AnswerLogprobs> logprobs_;
  int32_t call_count_ = 0;
  bool call_has_arguments_ = false;
  bool cut_ = false;  // ended by a token limit
  bool finished_ = false;
};

}  // namespace millrace::local
