// What `millrace render` makes its prompts with: the server's format and record of the same model.
#pragma once

#include <memory>

#include "api/api_options.h"
#include "app/format_commands.h"
#include "base/result.h"
#include "local/make_record.h"
#include "local/model_facts.h"
#include "tokenizer/tokenizer.h"

namespace millrace::app {

struct RenderSource {
  local::ChatFormat format;
  local::MadeRecord made;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;  // null: the source is no GGUF file
  api::ApiOptions api;
};

// Reads no more of a GGUF file than its vocabulary and chat format, so that files are taken whose
// model the engine cannot run. Prompts may be as long as the configuration lets them. Errors name
// the file or what was asked for.
base::Result<RenderSource> OpenRenderSource(const RenderOptions& options);

}  // namespace millrace::app
