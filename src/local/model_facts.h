// What a file says about its model, beyond the weights.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "chat/model_record.h"
#include "chat_template/template.h"
#include "gguf/reader.h"
#include "model/model.h"
#include "output_parser/parser.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// The chat template and the answer syntax that goes with it.
struct ChatFormat {
  std::shared_ptr<const chat_template::Template> chat_template;
  const output_parser::Syntax* syntax;  // static
  chat::ThinkingClass thinking;
  bool thinking_default_on;
  std::string warning = {};  // for who runs the server; empty when the file left nothing open
};

ChatFormat FormatOfEncoder(const chat_template::Encoder& encoder);
// Errors: as chat_template::Template::Compile.
//
// A template with a switch makes a hybrid model. One that only speaks of reasoning makes a model
// that always may reason: whether it does shows when it answers.
base::Result<ChatFormat> FormatOfTemplate(std::string_view source);

// What to use instead of what the file says: names, empty for no choice.
struct ChatFormatChoice {
  std::string prompt = {};  // "template", "chatml", or a prompt encoder (chat_template/template.h)
  std::string syntax = {};  // output_parser/syntax.h
};

// A prompt encoder for families whose publisher gives no template, or one that renders no tools,
// else `tokenizer.chat_template`, else ChatML, with a warning; there is one, too, where a template
// offers tools in a form that is not known. Errors begin with the key they are about, "prompt: " or
// "syntax: ", or with that of the file.
base::Result<ChatFormat> ReadChatFormat(const gguf::File& file,
                                        const ChatFormatChoice& choice = {});

// Everything that serving needs to know before the weights are there, but for the chat format,
// which is the record's. Immutable, shared by every record that is served from the file.
struct ModelFacts {
  std::string name;          // what the model calls itself, else the file's name
  std::string organization;  // may be empty
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  model::ModelInfo info;
};

// Errors name what was wrong in the file.
base::Result<ModelFacts> ReadModelFacts(const gguf::File& file);

}  // namespace millrace::local
