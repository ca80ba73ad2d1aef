#include "local/prompt_encoder.h"

#include <string>
#include <string_view>

namespace millrace::local {
namespace {

using tokenizer::SpecialTokens;

// Collects plain text and encodes it when a special token, or the end, cuts the run.
class RunEncoder {
 public:
  RunEncoder(const tokenizer::Tokenizer& tokenizer, std::vector<base::TokenId>& out)
      : tokenizer_(tokenizer), out_(out) {}

  void Add(std::string_view text) { run_ += text; }
  void AddSpecial(base::TokenId id) {
    Flush();
    out_.push_back(id);
  }
  void Flush() {
    if (!run_.empty()) {
      tokenizer_.Encode(run_, SpecialTokens::kPlainText, out_);
      run_.clear();
    }
  }

 private:
  const tokenizer::Tokenizer& tokenizer_;
  std::vector<base::TokenId>& out_;
  std::string run_;
};

}  // namespace

PromptEncoder::PromptEncoder(std::shared_ptr<const tokenizer::Tokenizer> tokenizer)
    : tokenizer_(std::move(tokenizer)) {
  for (int32_t index = 0; index < tokenizer_->size(); ++index) {
    const base::TokenId id{index};
    if ((tokenizer_->IsControl(id) || tokenizer_->IsUserDefined(id)) &&
        !tokenizer_->Bytes(id).empty()) {
      special_.Add(tokenizer_->Bytes(id), id);
    }
  }
}

std::vector<base::TokenId> PromptEncoder::Encode(
    std::span<const chat_template::PromptPiece> pieces) const {
  std::vector<base::TokenId> ids;
  RunEncoder run(*tokenizer_, ids);
  for (size_t i = 0; i < pieces.size();) {
    if (!pieces[i].from_template) {
      run.Add(pieces[i++].text);
      continue;
    }
    // A token may be written by several pieces of the template in a row.
    std::string written;
    for (; i < pieces.size() && pieces[i].from_template; ++i) {
      written += pieces[i].text;
    }
    std::string_view rest = written;
    while (const auto match = special_.FindFirst(rest)) {
      run.Add(rest.substr(0, match->begin));
      run.AddSpecial(match->id);
      rest.remove_prefix(match->begin + match->length);
    }
    run.Add(rest);
  }
  run.Flush();
  if (tokenizer_->add_bos() && tokenizer_->bos() &&
      (ids.empty() || ids.front() != *tokenizer_->bos())) {
    ids.insert(ids.begin(), *tokenizer_->bos());
  }
  return ids;
}

}  // namespace millrace::local
