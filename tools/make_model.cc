// make_model: writes a Qwen3 file with random weights, for measurements and end-to-end tests.
//
//   make_model --shape tiny|qwen3-0.6b|qwen3-4b|qwen3-8b --type Q8_0|Q4_K_M|Q4_0|F16|... [--seed N]
//   OUT.gguf
//
// A vocabulary and a chat template of another family may be given, with the tokens that the family
// has and the vocabulary lacks. What it then prints, a line `ID TEXT` for each token that was
// named, tells tests where they are.
//
//   make_model --vocabulary gpt-2.gguf --template GLM-4.6.jinja --special '<|user|>'
//   --mark '<think>' --eos '<|user|>' --type F16 OUT.gguf
#include <charconv>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/file_mix.h"
#include "given_vocabulary.h"
#include "model/testing/synthetic_model.h"

namespace {

using millrace::model::testing::SyntheticModel;

constexpr std::string_view kUsage =
    "usage: make_model [--shape tiny|qwen3-0.6b|qwen3-4b|qwen3-8b] [--type "
    "F32|F16|Q8_0|Q4_0|Q4_K_M|...]\n"
    "                  [--seed N] [--name NAME] [--template FILE.jinja]\n"
    "                  [--vocabulary FILE.gguf|FOLDER/qwen2.vocab.json] [--special TEXT]...\n"
    "                  [--pre NAME] [--mark TEXT]... [--bos TEXT] [--eos TEXT] [--eot TEXT]\n"
    "                  OUT.gguf\n"
    "Writes a Qwen3 model with random weights. The same options give the same bytes.\n"
    "--special adds a control token to the vocabulary, --mark a user-defined one; --bos, --eos\n"
    "and --eot name tokens, --pre the way texts are split. A line ID TEXT is printed for each\n"
    "token that was named.\n";

struct Options {
  SyntheticModel model;
  millrace::tools::VocabularyOptions vocabulary;
  std::string path;
};

// The value of an option, or nothing when it makes no sense.
bool Apply(std::string_view option, const std::string& value, Options& options) {
  SyntheticModel& model = options.model;
  if (option == "--type") {
    const auto mix = millrace::gguf::FindFileMix(value);
    model.mix = mix.value_or(model.mix);
    return mix.has_value();
  }
  if (option == "--seed") {
    const char* end = value.data() + value.size();
    return std::from_chars(value.data(), end, model.seed).ptr == end;
  }
  if (option == "--name") {
    model.name = value;
    return true;
  }
  if (option == "--template") {
    const auto text = millrace::tokenizer::testing::ReadFile(value);
    model.chat_template = text.value_or("");
    return !model.chat_template.empty();
  }
  return options.vocabulary.Take(option, value);
}

std::optional<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  // The shape sets everything, so it is looked for first.
  for (size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == "--shape") {
      const auto shape = millrace::model::testing::FindShape(arguments[i + 1]);
      if (!shape) {
        return std::nullopt;
      }
      options.model = *shape;
    }
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with("--")) {
      options.path = arguments[i];
      continue;
    }
    const bool known = arguments[i] == "--shape" ||
                       (i + 1 < arguments.size() && Apply(arguments[i], arguments[i + 1], options));
    if (!known) {
      return std::nullopt;
    }
    ++i;
  }
  return options.path.empty() ? std::nullopt : std::optional(options);
}

int Fail(const std::string& path, const millrace::base::Error& error) {
  std::fprintf(stderr, "make_model: %s: %s\n", path.c_str(), error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  auto options = ParseOptions({argv + 1, argv + argc});
  if (!options) {
    std::fwrite(kUsage.data(), 1, kUsage.size(), stderr);
    return 2;
  }
  millrace::tools::GivenVocabulary vocabulary;
  if (!options->vocabulary.path.empty()) {
    auto given = millrace::tools::MakeGivenVocabulary(options->vocabulary);
    if (!given.has_value()) {
      return Fail(options->vocabulary.path, given.error());
    }
    vocabulary = *std::move(given);
    options->model.vocabulary_size = static_cast<int32_t>(vocabulary.data.tokens.size());
    options->model.set_vocabulary = [&vocabulary](millrace::gguf::Writer& writer) {
      millrace::tokenizer::testing::SetVocabulary(vocabulary.data, writer);
    };
  }
  for (const auto& [text, id] : vocabulary.named) {
    std::printf("%d %s\n", id, text.c_str());
  }
  std::ofstream out(options->path, std::ios::binary);
  const auto written = millrace::model::testing::WriteSyntheticModel(options->model, out);
  return written.has_value() ? 0 : Fail(options->path, written.error());
}
