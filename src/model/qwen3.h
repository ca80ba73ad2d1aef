// Qwen3 models of any size, dense and with experts.
// Source: Hugging Face transformers, models/qwen3/modeling_qwen3.py and models/qwen3_moe/modeling_qwen3_moe.py.
#pragma once

#include <memory>

#include "base/result.h"
#include "gguf/reader.h"
#include "model/model.h"

namespace millrace::model {

// Loads a file of architecture "qwen3" or "qwen3moe". Errors as in model::Load.
base::Result<std::unique_ptr<Model>> LoadQwen3(std::shared_ptr<const gguf::File> file);

}  // namespace millrace::model
