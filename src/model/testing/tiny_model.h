// A real model made small, for tests: written, opened and loaded like any other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gguf/reader.h"
#include "kv/storage.h"
#include "model/model.h"
#include "model/testing/synthetic_model.h"

namespace millrace::model::testing {

// A file in the temporary folder, removed with the object. Aborts when it cannot be made.
class TinyModelFile {
 public:
  explicit TinyModelFile(const SyntheticModel& spec = {});
  ~TinyModelFile();
  TinyModelFile(const TinyModelFile&) = delete;
  TinyModelFile& operator=(const TinyModelFile&) = delete;

  const std::string& path() const { return path_; }

  // Open until the file object goes and nobody holds it any more.
  std::shared_ptr<const gguf::File> Open() const;
  std::unique_ptr<Model> Load() const;

 private:
  std::string path_;
};

// A cache with the layers and heads of `model`. Aborts when it cannot be reserved.
kv::Storage MakeStorage(const Model& model, int32_t block_count, int32_t block_size = 16);

}  // namespace millrace::model::testing
