// The forward pass of a pre-norm decoder with grouped-query attention and gated or mixed
// feed-forward networks.
#pragma once

#include <memory>

#include "base/result.h"
#include "gguf/reader.h"
#include "model/decoder_weights.h"
#include "model/model.h"

namespace millrace::model {

// Loads a file whose family is such a decoder with the given traits. Errors as in model::Load.
base::Result<std::unique_ptr<Model>> LoadDecoder(std::shared_ptr<const gguf::File> file,
                                                 const DecoderTraits& traits);

}  // namespace millrace::model
