// Byte-level BPE: text to token ids and back. Vocabulary and merges come from a GGUF file's
// metadata.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "gguf/reader.h"

namespace millrace::tokenizer {

// How special tokens in a text are treated. Text from users must never become control tokens.
enum class SpecialTokens {
  kPlainText,    // nothing is special: `<|im_end|>` is encoded like any other characters
  kUserDefined,  // user-defined tokens (type 4) are matched, control tokens (type 3) are not
  kAll,          // control and user-defined tokens are matched
};

// What a vocabulary is made of, as GGUF writes it.
struct VocabularyData {
  // In gpt-2's mapping of bytes to characters, special tokens as they are.
  std::vector<std::string> tokens;
  // 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; empty: all normal.
  std::vector<int32_t> types = {};
  // "left right", by falling priority.
  std::vector<std::string> merges = {};
  // Name of the split: "qwen2", "qwen35", "llama-bpe", "gpt-2", "deepseek-v3", …
  std::string pre = {};
  std::optional<base::TokenId> bos = {}, eos = {}, eot = {}, eom = {}, padding = {};
  // Of filling in the middle; looked for by name where they are not given.
  std::optional<base::TokenId> fim_prefix = {}, fim_suffix = {}, fim_middle = {};
  std::optional<base::TokenId> fim_padding = {}, fim_repository = {}, fim_separator = {};
  bool add_bos = false;
  bool ignore_merges = false;
};

// How a model is asked to fill a gap: `prefix` TEXT `suffix` TEXT `middle`, then it writes what
// lies between the texts. Source: arXiv:2207.14255, section 3 (the order prefix, suffix, middle).
struct FimTokens {
  base::TokenId prefix{};
  base::TokenId suffix{};
  base::TokenId middle{};
  std::vector<base::TokenId> ends = {};  // any of them ends what is filled in: all FIM tokens
};

// Immutable and thread-safe.
class Tokenizer {
 public:
  // Errors: kUnsupported (model or split not known, by name), kCorruptData (merge of unknown
  // tokens, duplicate tokens, ids out of range), each naming the entry.
  static base::Result<std::shared_ptr<const Tokenizer>> Create(VocabularyData data);
  static base::Result<std::shared_ptr<const Tokenizer>> FromGguf(const gguf::File& file);

  virtual ~Tokenizer() = default;

  // Appends the ids of `text` to `out`. Near linear in the length, whatever the text. Never adds
  // BOS or EOS. Invalid UTF-8 is encoded byte by byte.
  virtual void Encode(std::string_view text, SpecialTokens special,
                      std::vector<base::TokenId>& out) const = 0;

  // The raw bytes of a token; may be part of a character. Control tokens give their text.
  virtual std::string_view Bytes(base::TokenId id) const = 0;
  virtual bool IsControl(base::TokenId id) const = 0;      // type 3: never shown to a user
  virtual bool IsUserDefined(base::TokenId id) const = 0;  // type 4
  virtual bool IsUnused(base::TokenId id) const = 0;       // types 2 and 5: stands for no text
  virtual std::optional<base::TokenId> Find(std::string_view token_text) const = 0;
  virtual int32_t size() const = 0;

  virtual std::optional<base::TokenId> bos() const = 0;
  virtual std::optional<base::TokenId> eos() const = 0;
  virtual bool add_bos() const = 0;
  // eos, eot, eom and every control token whose text is a known end of turn. Any of them ends an
  // answer.
  virtual std::span<const base::TokenId> end_tokens() const = 0;
  // Nothing for a vocabulary that cannot say where a gap is.
  virtual const std::optional<FimTokens>& fim_tokens() const = 0;
};

}  // namespace millrace::tokenizer
