#include "local/answer_logprobs.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/utf8.h"

namespace millrace::local {

AnswerLogprobs::AnswerLogprobs(std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
                               const output_parser::Syntax* syntax)
    : tokenizer_(std::move(tokenizer)), syntax_(syntax) {}

void AnswerLogprobs::AddToken(engine::TokenEvent event) {
  const std::string_view bytes = tokenizer_->Bytes(*event.token);
  if (bytes.empty()) {
    return;
  }
  const size_t raw_begin = raw_.size();
  raw_ += bytes;
  if (event.kind == engine::TokenKind::kAnswer) {
    tokens_.push_back({.drawn = {.id = *event.token,
                                 .logprob = event.logprob,
                                 .top = std::move(event.top_logprobs)},
                       .raw_begin = raw_begin,
                       .raw_end = raw_.size()});
  }
  Resolve();
}

// Whole characters of `raw_` have become text.
void AnswerLogprobs::Resolve() {
  const size_t complete = raw_.size() - base::IncompleteUtf8Suffix(raw_);
  auto open = tokens_.end();
  while (open != tokens_.begin() && std::prev(open)->end == kUnknown) {
    --open;
  }
  for (size_t at = 0; at < complete;) {
    const std::string_view rest = std::string_view(raw_).substr(at, complete - at);
    const size_t length = base::FirstUtf8Unit(rest);
    const size_t text_end = text_length_ + base::SanitizeUtf8(rest.substr(0, length)).size();
    for (auto token = open; token != tokens_.end(); ++token) {
      if (token->begin == kUnknown && token->raw_begin < at + length) {
        token->begin = text_length_;
      }
      if (token->end == kUnknown && token->raw_end <= at + length) {
        token->end = text_end;
      }
    }
    at += length;
    text_length_ = text_end;
  }
  raw_.erase(0, complete);
  for (auto token = open; token != tokens_.end(); ++token) {
    token->raw_begin -= std::min(token->raw_begin, complete);
    token->raw_end -= std::min(token->raw_end, complete);
  }
}

void AnswerLogprobs::AddContent(size_t begin, size_t length) {
  content_.push_back({.begin = begin, .length = length});
}

std::vector<chat::ContentLogprob> AnswerLogprobs::Show(size_t length) {
  std::vector<chat::ContentLogprob> entries;
  while (length > 0 && !content_.empty()) {
    Stretch& stretch = content_.front();
    const size_t taken = std::min(length, stretch.length);
    while (!tokens_.empty() && tokens_.front().begin < stretch.begin + taken) {
      if (tokens_.front().end > stretch.begin) {
        entries.push_back(EntryOf(tokens_.front().drawn));
      }
      tokens_.pop_front();
    }
    length -= taken;
    stretch.begin += taken;
    stretch.length -= taken;
    if (stretch.length == 0) {
      content_.pop_front();
    }
  }
  return entries;
}

chat::ContentLogprob AnswerLogprobs::EntryOf(const sampling::SampledToken& drawn) const {
  chat::ContentLogprob entry{
      .token = {.bytes = ShownBytes(drawn.id, drawn.id), .logprob = drawn.logprob}, .top = {}};
  entry.top.reserve(drawn.top.size());
  for (const sampling::TokenLogprob& other : drawn.top) {
    entry.top.push_back({.bytes = ShownBytes(other.id, drawn.id), .logprob = other.logprob});
  }
  return entry;
}

bool AnswerLogprobs::IsSpecial(base::TokenId id) const {
  if (tokenizer_->IsControl(id) || tokenizer_->IsUnused(id)) {
    return true;
  }
  const std::array marks = {syntax_->think_open, syntax_->think_close, syntax_->call_open,
                            syntax_->call_close};
  return tokenizer_->IsUserDefined(id) &&
         std::ranges::find(marks, tokenizer_->Bytes(id)) != marks.end();
}

// Special tokens show in no text: as an alternative to text they are empty.
std::string AnswerLogprobs::ShownBytes(base::TokenId id, base::TokenId chosen) const {
  return id != chosen && IsSpecial(id) ? std::string() : std::string(tokenizer_->Bytes(id));
}

}  // namespace millrace::local
