#include "local/testing/edited_model.h"

#include <filesystem>
#include <fstream>
#include <variant>
#include <vector>

#include "base/check.h"
#include "gguf/reader.h"
#include "gguf/writer.h"

namespace millrace::local::testing {
namespace {

constexpr int32_t kControl = 3;

void EditVocabulary(const gguf::File& file, const std::map<int32_t, std::string>& control_tokens,
                    gguf::Writer& writer) {
  const auto& texts = std::get<std::vector<std::string_view>>(*file.Find("tokenizer.ggml.tokens"));
  const auto& types = std::get<std::vector<int64_t>>(*file.Find("tokenizer.ggml.token_type"));
  std::vector<std::string> tokens(texts.begin(), texts.end());
  std::vector<int32_t> kinds(types.begin(), types.end());
  for (const auto& [index, text] : control_tokens) {
    tokens.at(static_cast<size_t>(index)) = text;
    kinds.at(static_cast<size_t>(index)) = kControl;
  }
  writer.SetStringArray("tokenizer.ggml.tokens", tokens);
  writer.SetInt32Array("tokenizer.ggml.token_type", kinds);
}

}  // namespace

EditedModelFile::EditedModelFile(const Edits& edits) {
  const model::testing::TinyModelFile original;
  path_ = original.path() + ".edited.gguf";
  const auto file = original.Open();
  gguf::Writer writer;
  for (const gguf::KeyValue& entry : file->metadata()) {
    writer.Copy(entry);
  }
  EditVocabulary(*file, edits.control_tokens, writer);
  for (const auto& [key, value] : edits.metadata) {
    writer.SetUint32(key, value);
  }
  bool written = true;
  for (const gguf::TensorInfo& tensor : file->tensors()) {
    written = written && writer.AddTensor(tensor.name, tensor.type, tensor.dims).has_value();
  }
  std::ofstream out(path_, std::ios::binary);
  written = written && writer.Begin(out).has_value();
  for (const gguf::TensorInfo& tensor : file->tensors()) {
    written = written && writer.Append(tensor.data).has_value();
  }
  written = written && writer.Finish().has_value();
  MILLRACE_CHECK(written);
}

EditedModelFile::~EditedModelFile() { std::filesystem::remove(path_); }

}  // namespace millrace::local::testing
