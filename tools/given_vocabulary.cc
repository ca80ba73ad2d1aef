#include "given_vocabulary.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "gguf/reader.h"

namespace millrace::tools {
namespace {

constexpr int32_t kNormal = 1;
constexpr int32_t kControl = 3;
constexpr int32_t kUserDefined = 4;

template <typename Element, typename Out>
base::Result<std::vector<Out>> Elements(const gguf::File& file, std::string_view key) {
  const gguf::Value* value = file.Find(key);
  const auto* elements = value == nullptr ? nullptr : std::get_if<std::vector<Element>>(value);
  if (elements == nullptr) {
    return base::CorruptData(std::string(key) + " is missing or of another type");
  }
  std::vector<Out> out;
  out.reserve(elements->size());
  for (const Element& element : *elements) {
    out.push_back(static_cast<Out>(element));
  }
  return out;
}

base::Result<std::optional<base::TokenId>> TokenOf(const gguf::File& file, std::string_view key) {
  const int64_t id = TRY(file.IntegerOr(key, -1));
  return id < 0 ? std::nullopt : std::optional(static_cast<base::TokenId>(id));
}

base::Result<tokenizer::VocabularyData> ReadGguf(const std::string& path) {
  const auto file = TRY(gguf::File::Open(path));
  tokenizer::VocabularyData data;
  data.pre = std::string(TRY(file->StringOr("tokenizer.ggml.pre", "default")));
  data.tokens = TRY((Elements<std::string_view, std::string>(*file, "tokenizer.ggml.tokens")));
  data.merges = TRY((Elements<std::string_view, std::string>(*file, "tokenizer.ggml.merges")));
  data.types.assign(data.tokens.size(), kNormal);
  if (file->Find("tokenizer.ggml.token_type") != nullptr) {
    data.types = TRY((Elements<int64_t, int32_t>(*file, "tokenizer.ggml.token_type")));
  }
  data.bos = TRY(TokenOf(*file, "tokenizer.ggml.bos_token_id"));
  data.eos = TRY(TokenOf(*file, "tokenizer.ggml.eos_token_id"));
  data.eot = TRY(TokenOf(*file, "tokenizer.ggml.eot_token_id"));
  data.add_bos = TRY(file->BoolOr("tokenizer.ggml.add_bos_token", false));
  return data;
}

base::Result<tokenizer::VocabularyData> ReadVocabulary(const std::string& path) {
  if (!path.ends_with(".json")) {
    return ReadGguf(path);
  }
  auto data = tokenizer::testing::ReadQwen2Vocabulary(std::filesystem::path(path).parent_path());
  if (!data) {
    return base::NotFound("needs qwen2.vocab.json and qwen2.merges.txt in one folder");
  }
  return *std::move(data);
}

int32_t AddToken(const VocabularyOptions::Token& token, tokenizer::VocabularyData& data) {
  const auto found = std::find(data.tokens.begin(), data.tokens.end(), token.text);
  const auto index = static_cast<size_t>(found - data.tokens.begin());
  if (found == data.tokens.end()) {
    data.tokens.push_back(token.text);
    data.types.push_back(token.type);
  } else {
    data.types[index] = token.type;
  }
  return static_cast<int32_t>(index);
}

base::Status Name(const std::string& text, std::optional<base::TokenId>& id,
                  GivenVocabulary& given) {
  if (text.empty()) {
    return {};
  }
  const auto& tokens = given.data.tokens;
  const auto found = std::find(tokens.begin(), tokens.end(), text);
  if (found == tokens.end()) {
    return base::InvalidArgument("the vocabulary has no token " + text);
  }
  id = static_cast<base::TokenId>(found - tokens.begin());
  given.named[text] = static_cast<int32_t>(found - tokens.begin());
  return {};
}

}  // namespace

bool VocabularyOptions::Take(std::string_view option, const std::string& value) {
  if (option == "--special" || option == "--mark") {
    tokens.push_back({.text = value, .type = option == "--mark" ? kUserDefined : kControl});
    return !value.empty();
  }
  std::string* const field = option == "--vocabulary" ? &path
                             : option == "--pre"      ? &pre
                             : option == "--bos"      ? &bos
                             : option == "--eos"      ? &eos
                             : option == "--eot"      ? &eot
                                                      : nullptr;
  if (field != nullptr) {
    *field = value;
  }
  return field != nullptr;
}

base::Result<GivenVocabulary> MakeGivenVocabulary(const VocabularyOptions& options) {
  GivenVocabulary given;
  given.data = TRY(ReadVocabulary(options.path));
  if (!options.pre.empty()) {
    given.data.pre = options.pre;
  }
  for (const VocabularyOptions::Token& token : options.tokens) {
    given.named[token.text] = AddToken(token, given.data);
  }
  TRY(Name(options.bos, given.data.bos, given));
  TRY(Name(options.eos, given.data.eos, given));
  TRY(Name(options.eot, given.data.eot, given));
  return given;
}

}  // namespace millrace::tools
