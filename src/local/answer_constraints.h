// Holds answers to what a request asks for: one for each loaded model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "chat/chat_request.h"
#include "engine/token_constraint.h"
#include "grammar/grammar.h"
#include "grammar/vocabulary.h"
#include "local/mark_writer.h"
#include "output_parser/syntax.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// Compiles grammars and remembers the latest, within bounds of number and of memory. Thread-safe.
class AnswerConstraints {
 public:
  // `logit_count` is the model's: a mask has so many bits. `syntax` and `clock` are borrowed.
  AnswerConstraints(std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
                    const output_parser::Syntax* syntax, int32_t logit_count,
                    grammar::Whitespace whitespace, const base::Clock* clock);

  using Maker = std::function<std::unique_ptr<engine::TokenConstraint>()>;
  // Makes what each choice of `request` is held to, for a request that chat::IsConstrained. May
  // take seconds for a large schema that is new; `interrupted` as of ChatBackend::Prepare. Errors:
  // those of MakeAnswerGrammar; a compilation over its time is kInvalidArgument.
  base::Result<Maker> MakerFor(const chat::ChatRequest& request,
                               const std::function<bool()>& interrupted = {});

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const grammar::Grammar> grammar;
  };

  base::Result<std::shared_ptr<const grammar::Vocabulary>> Vocabulary();
  base::Result<std::shared_ptr<const grammar::Grammar>> Compile(
      const chat::ChatRequest& request, const std::function<bool()>& interrupted);
  std::shared_ptr<const grammar::Grammar> Recall(const std::string& key);
  void Remember(Entry entry);

  const std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  const output_parser::Syntax* syntax_;
  const size_t logit_count_;
  const grammar::Whitespace whitespace_;
  const base::Clock* clock_;
  const MarkWriter writer_;

  std::mutex mutex_;
  std::shared_ptr<const grammar::Vocabulary> vocabulary_;  // made when first needed
  std::list<Entry> entries_;                               // the latest first
};

}  // namespace millrace::local
