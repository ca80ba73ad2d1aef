// Source: Hugging Face transformers, models/qwen3/modeling_qwen3.py and
// models/qwen3_moe/modeling_qwen3_moe.py.
#include <utility>

#include "model/decoder.h"
#include "model/families.h"

namespace millrace::model {

base::Result<std::unique_ptr<Model>> LoadQwen3(std::shared_ptr<const gguf::File> file) {
  return LoadDecoder(std::move(file),
                     {.head_norms = Presence::kAlways, .projection_biases = Presence::kNever});
}

}  // namespace millrace::model
