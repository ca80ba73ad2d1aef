// What a file says about its model, beyond weights and vocabulary.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "chat/model_record.h"
#include "chat_template/template.h"
#include "engine/engine.h"
#include "gguf/reader.h"
#include "local/local_backend.h"
#include "output_parser/parser.h"

namespace millrace::local {

// The chat template and the answer syntax that goes with it.
struct ChatFormat {
  std::shared_ptr<const chat_template::Template> chat_template;
  const output_parser::Syntax* syntax;  // static
  chat::ThinkingClass thinking;
  bool thinking_default_on;
};

// From `tokenizer.chat_template`; ChatML when the file has none.
//
// A template with a switch makes a hybrid model. One that only speaks of reasoning makes a model
// that always may reason: whether it does shows when it answers.
base::Result<ChatFormat> ReadChatFormat(const gguf::File& file);

// `name` is used when neither options nor file have one.
base::Result<chat::ModelRecord> MakeRecord(const gguf::File& file, const std::string& name,
                                           const ChatFormat& format, const engine::Engine& engine,
                                           const LocalBackendOptions& options);

}  // namespace millrace::local
