#include "app/render_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/gather_options.h"
#include "app/serve_options.h"
#include "app/text_file.h"
#include "gguf/reader.h"

namespace millrace::app {
namespace {

constexpr int32_t kContextTokens = 1 << 24;

// A model as the server would be told of it.
struct Served {
  ModelOptions model;
  Catalogue catalogue;
  api::ApiOptions api;
};

bool IsCalled(const ModelOptions& model, const std::string& name) {
  return model.id == name || std::ranges::find(model.aliases, name) != model.aliases.end();
}

base::Result<Served> FindServed(const RenderOptions& options) {
  if (options.config.empty()) {
    Served served{
        .model = {.path = options.source, .id = StemOf(options.source), .record = options.record},
        .catalogue = Catalogue::BuiltIn(),
        .api = {}};
    if (!options.record.empty() && served.catalogue.Find(options.record) == nullptr) {
      return base::InvalidArgument(
          fmt::format("the catalogue has no record '{}'; millrace models --catalogue lists what it "
                      "has",
                      options.record));
    }
    return served;
  }
  GatheredOptions gathered = GatherOptions({.config = options.config});
  if (!gathered.problems.empty()) {
    return base::InvalidArgument(fmt::format("{}", fmt::join(gathered.problems, "\n")));
  }
  for (ModelOptions& model : gathered.options.models) {
    if (IsCalled(model, options.source)) {
      return Served{.model = std::move(model),
                    .catalogue = std::move(gathered.options.catalogue),
                    .api = std::move(gathered.options.api)};
    }
  }
  return base::InvalidArgument(
      fmt::format("no model of {} is called '{}'", options.config, options.source));
}

bool IsGguf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[4] = {};
  return file.read(magic, sizeof(magic)) && std::string_view(magic, 4) == "GGUF";
}

// A template, or the name of a prompt encoder.
base::Result<local::ChatFormat> ReadFormat(const std::string& source) {
  std::error_code ignored;
  if (!std::filesystem::exists(source, ignored)) {
    if (const chat_template::Encoder* encoder = chat_template::FindEncoder(source)) {
      return local::FormatOfEncoder(*encoder);
    }
    return base::InvalidArgument("neither a file nor the name of a prompt encoder");
  }
  const std::string text = TRY(ReadTextFile(source));
  return local::FormatOfTemplate(text);
}

base::Error WithPath(const std::string& path, base::Error error) {
  if (!error.message.starts_with(path)) {
    error.message = fmt::format("{}: {}", path, error.message);
  }
  return error;
}

}  // namespace

base::Result<RenderSource> OpenRenderSource(const RenderOptions& options) {
  Served served = TRY(FindServed(options));
  local::ServedAs as{.id = served.model.id,
                     .aliases = served.model.aliases,
                     .settings = SettingsOf(served.model, served.catalogue)};
  if (!options.prompt.empty()) {
    as.settings.prompt = options.prompt;
  }
  const std::string& path = served.model.path;
  local::ModelFacts facts;
  base::Result<local::ChatFormat> format = base::InvalidArgument("");
  if (IsGguf(path)) {
    const auto file = TRY(gguf::File::Open(path));
    format = local::ReadChatFormat(*file, {.prompt = as.settings.prompt.value_or(""),
                                           .syntax = as.settings.syntax.value_or("")});
    auto tokenizer = tokenizer::Tokenizer::FromGguf(*file);
    if (!tokenizer.has_value()) {
      return WithPath(path, std::move(tokenizer.error()));
    }
    facts.tokenizer = *std::move(tokenizer);
    facts.info.vocabulary_size = facts.tokenizer->size();
  } else {
    format = ReadFormat(path);
  }
  if (!format.has_value()) {
    return WithPath(path, std::move(format.error()));
  }
  local::MadeRecord made = local::MakeRecord(facts, *format, kContextTokens, as);
  return RenderSource{.format = *std::move(format),
                      .made = std::move(made),
                      .tokenizer = std::move(facts.tokenizer),
                      .api = std::move(served.api)};
}

}  // namespace millrace::app
