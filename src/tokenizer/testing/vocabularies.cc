#include "tokenizer/testing/vocabularies.h"

#include <boost/json/object.hpp>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "json/json.h"
#include "tokenizer/vocabulary.h"

namespace millrace::tokenizer::testing {
namespace {

constexpr int32_t kNormal = 1;
constexpr int32_t kControl = 3;
constexpr int32_t kUserDefined = 4;

// Adds the token of two others and the merge that makes it.
void AddMerge(std::string_view left, std::string_view right, VocabularyData& data) {
  const std::string mapped_left = MappedTextOfBytes(left);
  const std::string mapped_right = MappedTextOfBytes(right);
  data.merges.push_back(mapped_left + " " + mapped_right);
  data.tokens.push_back(mapped_left + mapped_right);
  data.types.push_back(kNormal);
}

base::TokenId AddSpecial(std::string text, int32_t type, VocabularyData& data) {
  data.tokens.push_back(std::move(text));
  data.types.push_back(type);
  return static_cast<base::TokenId>(data.tokens.size() - 1);
}

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace

VocabularyData MakeTinyVocabulary() {
  VocabularyData data;
  data.pre = "qwen2";
  for (int byte = 0; byte < 256; ++byte) {
    data.tokens.push_back(MappedTextOfBytes(std::string(1, static_cast<char>(byte))));
    data.types.push_back(kNormal);
  }
  AddMerge("t", "h", data);
  AddMerge("th", "e", data);
  AddMerge("l", "l", data);
  AddMerge("H", "e", data);
  AddMerge("He", "ll", data);
  AddMerge("Hell", "o", data);
  AddMerge(" ", "w", data);
  AddMerge("o", "r", data);
  AddMerge(" w", "or", data);
  AddMerge("l", "d", data);
  AddMerge(" wor", "ld", data);
  data.eos = AddSpecial("<|endoftext|>", kControl, data);
  AddSpecial("<|im_start|>", kControl, data);
  data.eot = AddSpecial("<|im_end|>", kControl, data);
  for (const char* text : {"<think>", "</think>", "<tool_call>", "</tool_call>"}) {
    AddSpecial(text, kUserDefined, data);
  }
  return data;
}

std::shared_ptr<const Tokenizer> MakeTinyTokenizer() {
  auto tokenizer = Tokenizer::Create(MakeTinyVocabulary());
  MILLRACE_CHECK(tokenizer.has_value());
  return *tokenizer;
}

void SetVocabulary(const VocabularyData& data, gguf::Writer& writer) {
  writer.SetString("tokenizer.ggml.model", "gpt2");
  writer.SetString("tokenizer.ggml.pre", data.pre);
  writer.SetStringArray("tokenizer.ggml.tokens", data.tokens);
  writer.SetInt32Array("tokenizer.ggml.token_type", data.types);
  writer.SetStringArray("tokenizer.ggml.merges", data.merges);
  const auto set_id = [&writer](std::string_view key, std::optional<base::TokenId> id) {
    if (id) {
      writer.SetUint32(key, static_cast<uint32_t>(base::ToIndex(*id)));
    }
  };
  set_id("tokenizer.ggml.bos_token_id", data.bos);
  set_id("tokenizer.ggml.eos_token_id", data.eos);
  set_id("tokenizer.ggml.eot_token_id", data.eot);
  set_id("tokenizer.ggml.eom_token_id", data.eom);
  set_id("tokenizer.ggml.padding_token_id", data.padding);
  set_id("tokenizer.ggml.fim_pre_token_id", data.fim_prefix);
  set_id("tokenizer.ggml.fim_suf_token_id", data.fim_suffix);
  set_id("tokenizer.ggml.fim_mid_token_id", data.fim_middle);
  set_id("tokenizer.ggml.fim_pad_token_id", data.fim_padding);
  set_id("tokenizer.ggml.fim_rep_token_id", data.fim_repository);
  set_id("tokenizer.ggml.fim_sep_token_id", data.fim_separator);
  writer.SetBool("tokenizer.ggml.add_bos_token", data.add_bos);
}

std::optional<VocabularyData> ReadQwen2Vocabulary(const std::string& folder) {
  const std::optional<std::string> vocabulary = ReadFile(folder + "/qwen2.vocab.json");
  const std::optional<std::string> merges = ReadFile(folder + "/qwen2.merges.txt");
  if (!vocabulary || !merges) {
    return std::nullopt;
  }
  const auto parsed = json::Parse(*vocabulary);
  MILLRACE_CHECK(parsed.has_value() && parsed->is_object());
  VocabularyData data;
  data.pre = "qwen2";
  data.tokens.resize(parsed->get_object().size());
  for (const auto& [token, id] : parsed->get_object()) {
    data.tokens.at(static_cast<size_t>(id.as_int64())) = token;
  }
  data.types.assign(data.tokens.size(), kNormal);
  for (std::string& line : Lines(*merges)) {
    if (!line.empty() && !line.starts_with("#version")) {
      data.merges.push_back(std::move(line));
    }
  }
  data.eos = AddSpecial("<|endoftext|>", kControl, data);
  AddSpecial("<|im_start|>", kControl, data);
  data.eot = AddSpecial("<|im_end|>", kControl, data);
  return data;
}

std::vector<ReferenceCase> ReadReferenceCases(const std::string& path) {
  constexpr std::string_view kEnd = "\n__ggml_vocab_test__\n";
  std::optional<std::string> texts = ReadFile(path + ".inp");
  const std::optional<std::string> ids = ReadFile(path + ".out");
  std::vector<ReferenceCase> cases;
  if (!texts || !ids) {
    return cases;
  }
  const std::vector<std::string> id_lines = Lines(*ids);
  std::string_view rest = *texts;
  for (size_t end = rest.find(kEnd); end != std::string_view::npos; end = rest.find(kEnd)) {
    ReferenceCase& reference = cases.emplace_back();
    reference.text = rest.substr(0, end);
    rest.remove_prefix(end + kEnd.size());
    std::istringstream line(id_lines.at(cases.size() - 1));
    for (int32_t id = 0; line >> id;) {
      reference.ids.push_back(static_cast<base::TokenId>(id));
    }
  }
  return cases;
}

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::nullopt;
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace millrace::tokenizer::testing
