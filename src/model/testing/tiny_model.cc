#include "model/testing/tiny_model.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/check.h"

namespace millrace::model::testing {

TinyModelFile::TinyModelFile(const SyntheticModel& spec) {
  std::string pattern = std::filesystem::temp_directory_path() / "tiny_model_XXXXXX.gguf";
  constexpr int kSuffixLength = 5;
  const int descriptor = ::mkstemps(pattern.data(), kSuffixLength);
  MILLRACE_CHECK(descriptor >= 0);
  ::close(descriptor);
  path_ = pattern;
  std::ofstream out(path_, std::ios::binary);
  const base::Status written = WriteSyntheticModel(spec, out);
  MILLRACE_CHECK(written.has_value());
}

TinyModelFile::~TinyModelFile() { std::filesystem::remove(path_); }

std::shared_ptr<const gguf::File> TinyModelFile::Open() const {
  auto file = gguf::File::Open(path_);
  MILLRACE_CHECK(file.has_value());
  return *std::move(file);
}

std::unique_ptr<Model> TinyModelFile::Load() const {
  auto model = model::Load(Open());
  MILLRACE_CHECK(model.has_value());
  return *std::move(model);
}

kv::Storage MakeStorage(const Model& model, int32_t block_count, int32_t block_size) {
  const ModelInfo& info = model.info();
  auto storage = kv::Storage::Create({.layer_count = info.layer_count,
                                      .kv_head_count = info.kv_head_count,
                                      .key_size = info.key_size,
                                      .value_size = info.value_size,
                                      .block_size = block_size,
                                      .block_count = block_count});
  MILLRACE_CHECK(storage.has_value());
  return *std::move(storage);
}

}  // namespace millrace::model::testing
