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

}  // namespace millrace::model
