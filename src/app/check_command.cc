#include <fmt/format.h>

#include <ostream>

#include "app/commands.h"
#include "chat_template/template.h"
#include "gguf/reader.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace millrace::app {
namespace {

// Reads everything of a model file that serving it would read.
base::Result<std::string> Describe(const ModelOptions& options) {
  const std::shared_ptr<const gguf::File> file = TRY(gguf::File::Open(options.path));
  const std::unique_ptr<model::Model> model = TRY(model::Load(file));
  const std::shared_ptr<const tokenizer::Tokenizer> vocabulary =
      TRY(tokenizer::Tokenizer::FromGguf(*file));
  const std::string_view source =
      TRY(file->StringOr("tokenizer.chat_template", chat_template::ChatMlSource()));
  TRY(chat_template::Template::Compile(source));
  const model::ModelInfo& info = model->info();
  return fmt::format("{}: {} ({}, {:.1f} M parameters, {} tokens in the vocabulary, context {})",
                     options.path, options.id, info.architecture,
                     static_cast<double>(info.parameter_count) / 1e6, vocabulary->size(),
                     options.context_tokens.value_or(info.context_tokens));
}

}  // namespace

int RunCheck(const ServeOptions& options, std::ostream& out, std::ostream& err) {
  int status = kExitOk;
  for (const ModelOptions& model : options.models) {
    base::Result<std::string> description = Describe(model);
    if (description.has_value()) {
      out << *description << '\n';
      continue;
    }
    // Messages of the file reader already begin with the path.
    const std::string& message = description.error().message;
    err << (message.starts_with(model.path) ? message : model.path + ": " + message) << '\n';
    status = kExitFailed;
  }
  return status;
}

}  // namespace millrace::app
