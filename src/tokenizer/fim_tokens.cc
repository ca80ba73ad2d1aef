#include "tokenizer/fim_tokens.h"

#include <algorithm>
#include <string_view>

namespace millrace::tokenizer {
namespace {

using base::TokenId;

struct Names {
  std::string_view prefix;
  std::string_view suffix;
  std::string_view middle;
};

// One row a family, so that the marks of two are never mixed.
constexpr Names kNames[] = {
    {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},     // Qwen
    {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"},           // StarCoder, Granite
    {"<fim-prefix>", "<fim-suffix>", "<fim-middle>"},           // SantaCoder
    {"<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"},  // GLM
    {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"},     // DeepSeek
    {"<PRE>", "<SUF>", "<MID>"},                                // Code Llama
    {"\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"},
};

// Besides the three marks.
constexpr std::string_view kEndNames[] = {
    "<|fim_pad|>", "<fim_pad>",    "<fim-pad>",  "<|repo_name|>", "<repo_name>", "<reponame>",
    "<fim-repo>",  "<|file_sep|>", "<file_sep>", "<EOT>",         "\u2581<EOT>",
};

}  // namespace

std::optional<FimTokens> FindFimTokens(const Vocabulary& vocabulary, const VocabularyData& data) {
  std::optional<TokenId> prefix = data.fim_prefix;
  std::optional<TokenId> suffix = data.fim_suffix;
  std::optional<TokenId> middle = data.fim_middle;
  for (const Names& names : kNames) {
    const auto named_prefix = prefix ? prefix : vocabulary.FindSpecial(names.prefix);
    const auto named_suffix = suffix ? suffix : vocabulary.FindSpecial(names.suffix);
    const auto named_middle = middle ? middle : vocabulary.FindSpecial(names.middle);
    if (named_prefix && named_suffix && named_middle) {
      prefix = named_prefix;
      suffix = named_suffix;
      middle = named_middle;
      break;
    }
  }
  if (!prefix || !suffix || !middle) {
    return std::nullopt;
  }
  FimTokens tokens{.prefix = *prefix, .suffix = *suffix, .middle = *middle};
  const auto add_end = [&](std::optional<TokenId> id) {
    if (id && std::ranges::find(tokens.ends, *id) == tokens.ends.end()) {
      tokens.ends.push_back(*id);
    }
  };
  for (const auto& id :
       {prefix, suffix, middle, data.fim_padding, data.fim_repository, data.fim_separator}) {
    add_end(id);
  }
  for (const std::string_view name : kEndNames) {
    add_end(vocabulary.FindSpecial(name));
  }
  return tokens;
}

}  // namespace millrace::tokenizer
