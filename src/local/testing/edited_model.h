// A tiny model whose vocabulary a test has changed.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "model/testing/tiny_model.h"

namespace millrace::local::testing {

// A copy of model::testing::TinyModelFile with some tokens replaced by control tokens and some
// metadata added. A file in the temporary folder, removed with the object. Aborts when it cannot be
// made.
class EditedModelFile {
 public:
  struct Edits {
    std::map<int32_t, std::string> control_tokens = {};  // by token index
    std::map<std::string, uint32_t> metadata = {};       // set or added
  };
  explicit EditedModelFile(const Edits& edits);
  ~EditedModelFile();
  EditedModelFile(const EditedModelFile&) = delete;
  EditedModelFile& operator=(const EditedModelFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace millrace::local::testing
