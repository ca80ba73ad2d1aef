// Source: Hugging Face transformers, models/hunyuan_v1_moe/modeling_hunyuan_v1_moe.py.
//
// The only family that rotates heads before it norms them.
#include <utility>

#include "model/decoder.h"
#include "model/families.h"

namespace millrace::model {

base::Result<std::unique_ptr<Model>> LoadHunyuanMoe(std::shared_ptr<const gguf::File> file) {
  return LoadDecoder(std::move(file), {.head_norms = Presence::kAlways,
                                       .head_norm_order = HeadNormOrder::kAfterRope,
                                       .projection_biases = Presence::kNever});
}

}  // namespace millrace::model
