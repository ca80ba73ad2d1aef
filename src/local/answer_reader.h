// Reads one choice: tokens in, chat events out. Text, reasoning, calls and stop strings meet here.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "chat/chat_event.h"
#include "engine/engine.h"
#include "output_parser/parser.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/stop_matcher.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// Thread-compatible. `random` makes call ids; it is borrowed.
class AnswerReader {
 public:
  struct Options {
    int32_t choice = 0;
    std::vector<std::string> stop;
    output_parser::ParserOptions parser;
  };

  AnswerReader(std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
               const output_parser::Syntax* syntax, Options options, base::RandomSource* random);

  // Takes one event of this choice and appends what it led to. Nothing after finished().
  void Read(const engine::TokenEvent& event, std::vector<chat::ChatEvent>& out);

  // The choice is over for the client: its ChoiceFinished is out. The engine may not know yet.
  bool finished() const { return finished_; }

 private:
  void Emit(decltype(chat::ChatEvent::what) what, std::vector<chat::ChatEvent>& out) const;
  std::string TextOf(base::TokenId token);
  void ReadPieces(std::vector<output_parser::ParsedPiece> pieces,
                  std::vector<chat::ChatEvent>& out);
  void ReadContent(std::string_view text, std::vector<chat::ChatEvent>& out);
  void StartCall(std::string name, std::vector<chat::ChatEvent>& out);
  // Text that waited for a stop string to go on and did not.
  void FlushContent(std::vector<chat::ChatEvent>& out);
  void ReadEnd(engine::EndReason reason, std::vector<chat::ChatEvent>& out);
  void Finish(chat::FinishReason reason, std::vector<chat::ChatEvent>& out);

  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  const output_parser::Syntax* syntax_;
  Options options_;
  base::RandomSource* random_;
  tokenizer::Detokenizer detokenizer_;
  std::unique_ptr<output_parser::Parser> parser_;
  tokenizer::StopMatcher stop_matcher_;
  int32_t call_count_ = 0;
  bool started_ = false;
  bool finished_ = false;
};

}  // namespace millrace::local
