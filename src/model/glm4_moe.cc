// Source: Hugging Face transformers, models/glm4_moe/modeling_glm4_moe.py.
//
// Rotates the first half of each head (`rope.dimension_count`). The vision models rotate by three
// positions; those of text are equal, which makes it the ordinary rotation. Only the large models
// have norms of query and key heads.
#include <utility>

#include "model/decoder.h"
#include "model/families.h"

namespace millrace::model {

base::Result<std::unique_ptr<Model>> LoadGlm4Moe(std::shared_ptr<const gguf::File> file) {
  return LoadDecoder(std::move(file), {.head_norms = Presence::kIfInFile,
                                       .projection_biases = Presence::kAlways,
                                       .second_norm = "post_attention_norm"});
}

}  // namespace millrace::model
