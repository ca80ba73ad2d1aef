#include "tokenizer/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "tokenizer/bpe_encoder.h"
#include "tokenizer/fim_tokens.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/nfc.h"
#include "tokenizer/special_token_set.h"
#include "tokenizer/split.h"
#include "tokenizer/vocabulary.h"

namespace millrace::tokenizer {
namespace {

using base::TokenId;

// Control tokens that end an answer whatever the file names as its end.
constexpr std::string_view kEndTexts[] = {
    "<|im_end|>", "<|endoftext|>",   "<|eot_id|>", "<|end_of_text|>", "<｜end▁of▁sentence｜>",
    "<|user|>",   "<|observation|>", "<|eos|>",
};

// Bytes at the start of `text` that are whole characters.
size_t ValidPrefix(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    if (static_cast<unsigned char>(text[length]) < 0x80) {
      ++length;
      continue;
    }
    const base::Utf8Char c = base::DecodeUtf8(text.substr(length));
    if (!c.valid) {
      break;
    }
    length += c.length;
  }
  return length;
}

// Encodes the pieces of one call.
class Encoding final : public PieceSink {
 public:
  Encoding(const Vocabulary& vocabulary, const BpeEncoder& encoder, bool ignore_merges,
           std::vector<TokenId>& out)
      : vocabulary_(vocabulary), encoder_(encoder), ignore_merges_(ignore_merges), out_(out) {}

  void Add(std::string_view piece) override {
    if (ignore_merges_) {
      if (const std::optional<TokenId> whole = vocabulary_.FindMergeable(piece)) {
        out_.push_back(*whole);
        return;
      }
    }
    encoder_.Encode(piece, out_, workspace_);
  }

 private:
  const Vocabulary& vocabulary_;
  const BpeEncoder& encoder_;
  bool ignore_merges_;
  std::vector<TokenId>& out_;
  BpeWorkspace workspace_;
};

class BpeTokenizer final : public Tokenizer {
 public:
  BpeTokenizer(Vocabulary vocabulary, MergeTable merges, const Split& split,
               const VocabularyData& data)
      : vocabulary_(std::move(vocabulary)),
        merges_(std::move(merges)),
        encoder_(vocabulary_, merges_),
        split_(split),
        ignore_merges_(data.ignore_merges),
        bos_(data.bos),
        eos_(data.eos),
        add_bos_(data.add_bos) {
    for (const TokenId id : vocabulary_.AllOfType(TokenType::kUserDefined)) {
      AddSpecial(user_defined_, id);
      AddSpecial(all_special_, id);
    }
    for (const TokenId id : vocabulary_.AllOfType(TokenType::kControl)) {
      AddSpecial(all_special_, id);
    }
    CollectEndTokens(data);
    fim_tokens_ = FindFimTokens(vocabulary_, data);
  }
  BpeTokenizer(const BpeTokenizer&) = delete;
  BpeTokenizer& operator=(const BpeTokenizer&) = delete;

  void Encode(std::string_view text, SpecialTokens special,
              std::vector<TokenId>& out) const override {
    Encoding encoding(vocabulary_, encoder_, ignore_merges_, out);
    if (const SpecialTokenSet* set = SetFor(special)) {
      while (const auto match = set->FindFirst(text)) {
        EncodePlain(text.substr(0, match->begin), encoding);
        out.push_back(match->id);
        text.remove_prefix(match->begin + match->length);
      }
    }
    EncodePlain(text, encoding);
  }

  std::string_view Bytes(TokenId id) const override { return vocabulary_.Bytes(id); }
  bool IsControl(TokenId id) const override { return vocabulary_.HasType(id, TokenType::kControl); }
  bool IsUserDefined(TokenId id) const override {
    return vocabulary_.HasType(id, TokenType::kUserDefined);
  }
  bool IsUnused(TokenId id) const override {
    return vocabulary_.HasType(id, TokenType::kUnused) ||
           vocabulary_.HasType(id, TokenType::kUnknown);
  }
  std::optional<TokenId> Find(std::string_view token_text) const override {
    const std::optional<TokenId> special = vocabulary_.FindSpecial(token_text);
    return special ? special : vocabulary_.FindMergeable(token_text);
  }
  int32_t size() const override { return vocabulary_.size(); }
  std::optional<TokenId> bos() const override { return bos_; }
  std::optional<TokenId> eos() const override { return eos_; }
  bool add_bos() const override { return add_bos_; }
  std::span<const TokenId> end_tokens() const override { return end_tokens_; }
  const std::optional<FimTokens>& fim_tokens() const override { return fim_tokens_; }

 private:
  void AddSpecial(SpecialTokenSet& set, TokenId id) const {
    if (const std::string_view text = vocabulary_.Bytes(id); !text.empty()) {
      set.Add(text, id);
    }
  }

  void CollectEndTokens(const VocabularyData& data) {
    const auto add = [this](std::optional<TokenId> id) {
      if (id && std::find(end_tokens_.begin(), end_tokens_.end(), *id) == end_tokens_.end()) {
        end_tokens_.push_back(*id);
      }
    };
    add(data.eos);
    add(data.eot);
    add(data.eom);
    for (const std::string_view text : kEndTexts) {
      const std::optional<TokenId> id = vocabulary_.FindSpecial(text);
      if (id && IsControl(*id)) {
        add(id);
      }
    }
  }

  // nullptr when nothing is to be matched.
  const SpecialTokenSet* SetFor(SpecialTokens special) const {
    switch (special) {
      case SpecialTokens::kPlainText:
        return nullptr;
      case SpecialTokens::kUserDefined:
        return &user_defined_;
      case SpecialTokens::kAll:
        return &all_special_;
    }
    std::unreachable();
  }

  void EncodePlain(std::string_view text, Encoding& encoding) const {
    while (!text.empty()) {
      const size_t valid = ValidPrefix(text);
      if (valid > 0) {
        EncodeValid(text.substr(0, valid), encoding);
        text.remove_prefix(valid);
      }
      if (!text.empty()) {
        encoding.Add(text.substr(0, 1));
        text.remove_prefix(1);
      }
    }
  }

  void EncodeValid(std::string_view text, Encoding& encoding) const {
    if (split_.normalization == Normalization::kNfc && MayNeedNfc(text)) {
      const std::string normalized = NormalizeNfc(text);
      RunPasses(normalized, split_.passes, encoding);
      return;
    }
    RunPasses(text, split_.passes, encoding);
  }

  Vocabulary vocabulary_;
  MergeTable merges_;
  BpeEncoder encoder_;  // borrows the two above
  const Split& split_;
  bool ignore_merges_;
  SpecialTokenSet user_defined_;
  SpecialTokenSet all_special_;
  std::optional<TokenId> bos_;
  std::optional<TokenId> eos_;
  bool add_bos_;
  std::vector<TokenId> end_tokens_;
  std::optional<FimTokens> fim_tokens_;
};

base::Status CheckId(std::optional<TokenId> id, std::string_view name,
                     const Vocabulary& vocabulary) {
  if (id && !vocabulary.Contains(*id)) {
    return base::CorruptData(
        fmt::format("the {} token id {} is outside of the vocabulary of {} tokens", name,
                    base::ToIndex(*id), vocabulary.size()));
  }
  return {};
}

base::Status CheckFimIds(const VocabularyData& data, const Vocabulary& vocabulary) {
  TRY(CheckId(data.fim_prefix, "fim_pre", vocabulary));
  TRY(CheckId(data.fim_suffix, "fim_suf", vocabulary));
  TRY(CheckId(data.fim_middle, "fim_mid", vocabulary));
  TRY(CheckId(data.fim_padding, "fim_pad", vocabulary));
  TRY(CheckId(data.fim_repository, "fim_rep", vocabulary));
  return CheckId(data.fim_separator, "fim_sep", vocabulary);
}

}  // namespace

base::Result<std::shared_ptr<const Tokenizer>> Tokenizer::Create(VocabularyData data) {
  const Split* split = FindSplit(data.pre);
  if (split == nullptr) {
    return base::Unsupported(fmt::format("the pre-tokenizer \"{}\" is not known; known are {}",
                                         data.pre, KnownSplitNames()));
  }
  Vocabulary vocabulary = TRY(Vocabulary::Create(data.tokens, data.types));
  MergeTable merges = TRY(MergeTable::Create(data.merges, vocabulary));
  TRY(CheckId(data.bos, "bos", vocabulary));
  TRY(CheckId(data.eos, "eos", vocabulary));
  TRY(CheckId(data.eot, "eot", vocabulary));
  TRY(CheckId(data.eom, "eom", vocabulary));
  TRY(CheckId(data.padding, "padding", vocabulary));
  TRY(CheckFimIds(data, vocabulary));
  return std::shared_ptr<const Tokenizer>(
      std::make_shared<BpeTokenizer>(std::move(vocabulary), std::move(merges), *split, data));
}

}  // namespace millrace::tokenizer
