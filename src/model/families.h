// The loaders of all model families, one file each.
#pragma once

#include <memory>

#include "base/result.h"
#include "gguf/reader.h"
#include "model/model.h"

namespace millrace::model {

// Errors as in model::Load.

// Qwen3, dense and with experts: architectures "qwen3" and "qwen3moe".
base::Result<std::unique_ptr<Model>> LoadQwen3(std::shared_ptr<const gguf::File> file);

// GLM-4.5 to GLM-4.7 and the text part of GLM-4.5V and GLM-4.6V: architecture "glm4moe".
base::Result<std::unique_ptr<Model>> LoadGlm4Moe(std::shared_ptr<const gguf::File> file);

// Hunyuan-A13B: architecture "hunyuan-moe".
base::Result<std::unique_ptr<Model>> LoadHunyuanMoe(std::shared_ptr<const gguf::File> file);

}  // namespace millrace::model
