// The vocabulary of a GGUF file. Keys: ggml `docs/gguf.md`, section "Tokenizer".
#include <fmt/format.h>

#include <limits>
#include <utility>

#include "tokenizer/split.h"
#include "tokenizer/tokenizer.h"

namespace millrace::tokenizer {
namespace {

using Strings = std::vector<std::string_view>;
using Integers = std::vector<int64_t>;

base::Result<std::vector<std::string>> RequiredStrings(const gguf::File& file,
                                                       std::string_view key) {
  const gguf::Value* value = file.Find(key);
  if (value == nullptr) {
    return base::CorruptData(fmt::format("{} is missing", key));
  }
  const Strings* strings = std::get_if<Strings>(value);
  if (strings == nullptr) {
    return base::CorruptData(fmt::format("{} is not an array of strings", key));
  }
  return std::vector<std::string>(strings->begin(), strings->end());
}

// Empty when the file has none: every token is normal then.
base::Result<std::vector<int32_t>> TokenTypes(const gguf::File& file) {
  constexpr std::string_view kKey = "tokenizer.ggml.token_type";
  const gguf::Value* value = file.Find(kKey);
  if (value == nullptr) {
    return std::vector<int32_t>{};
  }
  const Integers* integers = std::get_if<Integers>(value);
  if (integers == nullptr) {
    return base::CorruptData(fmt::format("{} is not an array of integers", kKey));
  }
  std::vector<int32_t> types;
  types.reserve(integers->size());
  for (const int64_t type : *integers) {
    if (type < 0 || type > std::numeric_limits<int32_t>::max()) {
      return base::CorruptData(fmt::format("{}[{}] is {}", kKey, types.size(), type));
    }
    types.push_back(static_cast<int32_t>(type));
  }
  return types;
}

base::Result<std::optional<base::TokenId>> OptionalId(const gguf::File& file, std::string_view key,
                                                      size_t token_count) {
  if (file.Find(key) == nullptr) {
    return std::optional<base::TokenId>();
  }
  const int64_t id = TRY(file.Integer(key));
  if (id < 0 || static_cast<uint64_t>(id) >= token_count) {
    return base::CorruptData(
        fmt::format("{} is {}, but the vocabulary has {} tokens", key, id, token_count));
  }
  return std::optional(static_cast<base::TokenId>(id));
}

}  // namespace

base::Result<std::shared_ptr<const Tokenizer>> Tokenizer::FromGguf(const gguf::File& file) {
  const std::string_view model = TRY(file.String("tokenizer.ggml.model"));
  if (model != "gpt2") {
    return base::Unsupported(fmt::format(
        "tokenizer.ggml.model is \"{}\"; only \"gpt2\" (byte-level BPE) is supported", model));
  }
  VocabularyData data;
  data.pre = TRY(file.StringOr("tokenizer.ggml.pre", "default"));
  const Split* split = FindSplit(data.pre);
  if (split == nullptr) {
    return base::Unsupported(
        fmt::format("tokenizer.ggml.pre is \"{}\", which is not known; known are {}", data.pre,
                    KnownSplitNames()));
  }
  data.tokens = TRY(RequiredStrings(file, "tokenizer.ggml.tokens"));
  data.types = TRY(TokenTypes(file));
  data.merges = TRY(RequiredStrings(file, "tokenizer.ggml.merges"));
  const size_t count = data.tokens.size();
  if (!split->drops_bos) {
    data.bos = TRY(OptionalId(file, "tokenizer.ggml.bos_token_id", count));
  }
  data.eos = TRY(OptionalId(file, "tokenizer.ggml.eos_token_id", count));
  data.eot = TRY(OptionalId(file, "tokenizer.ggml.eot_token_id", count));
  data.eom = TRY(OptionalId(file, "tokenizer.ggml.eom_token_id", count));
  data.padding = TRY(OptionalId(file, "tokenizer.ggml.padding_token_id", count));
  data.fim_prefix = TRY(OptionalId(file, "tokenizer.ggml.fim_pre_token_id", count));
  data.fim_suffix = TRY(OptionalId(file, "tokenizer.ggml.fim_suf_token_id", count));
  data.fim_middle = TRY(OptionalId(file, "tokenizer.ggml.fim_mid_token_id", count));
  data.fim_padding = TRY(OptionalId(file, "tokenizer.ggml.fim_pad_token_id", count));
  data.fim_repository = TRY(OptionalId(file, "tokenizer.ggml.fim_rep_token_id", count));
  data.fim_separator = TRY(OptionalId(file, "tokenizer.ggml.fim_sep_token_id", count));
  data.add_bos = TRY(file.BoolOr("tokenizer.ggml.add_bos_token", split->adds_bos));
  data.ignore_merges = split->ignore_merges;
  return Create(std::move(data));
}

}  // namespace millrace::tokenizer
