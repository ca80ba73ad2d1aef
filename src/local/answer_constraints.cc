#include "local/answer_constraints.h"

#include <chrono>
#include <utility>
#include <vector>

#include "local/answer_grammar.h"
#include "local/grammar_constraint.h"
#include "local/grammar_vocabulary.h"

namespace millrace::local {
namespace {

constexpr std::chrono::seconds kCompileTimeMax{2};
constexpr size_t kEntriesMax = 64;
constexpr size_t kMemoryMax = size_t{256} << 20;

}  // namespace

AnswerConstraints::AnswerConstraints(std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
                                     const output_parser::Syntax* syntax, int32_t logit_count,
                                     grammar::Whitespace whitespace, const base::Clock* clock)
    : tokenizer_(std::move(tokenizer)),
      syntax_(syntax),
      logit_count_(static_cast<size_t>(logit_count)),
      whitespace_(whitespace),
      clock_(clock),
      writer_(*syntax, *tokenizer_) {}

base::Result<AnswerConstraints::Maker> AnswerConstraints::MakerFor(
    const chat::ChatRequest& request, const std::function<bool()>& interrupted) {
  auto vocabulary = TRY(Vocabulary());
  std::string key = AnswerGrammarKey(*syntax_, request);
  std::shared_ptr<const grammar::Grammar> grammar = Recall(key);
  if (grammar == nullptr || grammar->is_exhausted()) {
    grammar = TRY(Compile(request, interrupted));
    Remember({.key = std::move(key), .grammar = grammar});
  }
  return [grammar = std::move(grammar), vocabulary = std::move(vocabulary), tokenizer = tokenizer_,
          writer = writer_]() -> std::unique_ptr<engine::TokenConstraint> {
    return std::make_unique<GrammarConstraint>(grammar, vocabulary, tokenizer, writer);
  };
}

base::Result<std::shared_ptr<const grammar::Grammar>> AnswerConstraints::Compile(
    const chat::ChatRequest& request, const std::function<bool()>& interrupted) {
  const base::TimePoint deadline = clock_->Now() + kCompileTimeMax;
  grammar::SchemaOptions options;
  options.whitespace = whitespace_;
  bool given_up = false;
  options.keep_going = [&] {
    given_up = interrupted && interrupted();
    return !given_up && clock_->Now() < deadline;
  };
  auto grammar = MakeAnswerGrammar(*syntax_, writer_, request, options);
  if (!grammar.has_value() && grammar.error().kind == base::ErrorKind::kCancelled && !given_up) {
    return base::InvalidArgument("the schema takes too long to compile");
  }
  return grammar;
}

base::Result<std::shared_ptr<const grammar::Vocabulary>> AnswerConstraints::Vocabulary() {
  const std::lock_guard lock(mutex_);
  if (vocabulary_ == nullptr) {
    vocabulary_ = TRY(MakeGrammarVocabulary(*tokenizer_, logit_count_));
  }
  return vocabulary_;
}

std::shared_ptr<const grammar::Grammar> AnswerConstraints::Recall(const std::string& key) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (entry->key == key) {
      entries_.splice(entries_.begin(), entries_, entry);
      return entries_.front().grammar;
    }
  }
  return nullptr;
}

void AnswerConstraints::Remember(Entry entry) {
  std::vector<Entry> all;
  {
    const std::lock_guard lock(mutex_);
    entries_.remove_if([&](const Entry& other) { return other.key == entry.key; });
    entries_.push_front(std::move(entry));
    all.assign(entries_.begin(), entries_.end());
  }
  size_t bytes = 0;
  size_t kept = 0;
  for (const Entry& one : all) {
    bytes += one.key.size() + one.grammar->memory_bytes();
    if (kept == kEntriesMax || (bytes > kMemoryMax && kept > 0)) {
      break;
    }
    ++kept;
  }
  const std::lock_guard lock(mutex_);
  for (size_t i = kept; i < all.size(); ++i) {
    entries_.remove_if([&](const Entry& other) { return other.grammar == all[i].grammar; });
  }
}

}  // namespace millrace::local
