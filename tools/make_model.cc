// make_model: writes a Qwen3 file with random weights, for measurements and end-to-end tests.
//
//   make_model --shape tiny|qwen3-0.6b|qwen3-4b|qwen3-8b --type Q8_0|Q4_K_M|Q4_0|F16|... [--seed N]
//   OUT.gguf
#include <charconv>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/file_mix.h"
#include "model/testing/synthetic_model.h"

namespace {

using millrace::model::testing::SyntheticModel;

constexpr std::string_view kUsage =
    "usage: make_model [--shape tiny|qwen3-0.6b|qwen3-4b|qwen3-8b] [--type "
    "F32|F16|Q8_0|Q4_0|Q4_K_M|...]\n"
    "                  [--seed N] OUT.gguf\n"
    "Writes a Qwen3 model with random weights. The same options give the same bytes.\n";

struct Options {
  SyntheticModel model;
  std::string path;
};

// The value of an option, or nothing when it makes no sense.
bool Apply(std::string_view option, const std::string& value, SyntheticModel& model) {
  if (option == "--type") {
    const auto mix = millrace::gguf::FindFileMix(value);
    model.mix = mix.value_or(model.mix);
    return mix.has_value();
  }
  if (option == "--seed") {
    const char* end = value.data() + value.size();
    return std::from_chars(value.data(), end, model.seed).ptr == end;
  }
  return false;
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
    const bool known =
        arguments[i] == "--shape" ||
        (i + 1 < arguments.size() && Apply(arguments[i], arguments[i + 1], options.model));
    if (!known) {
      return std::nullopt;
    }
    ++i;
  }
  return options.path.empty() ? std::nullopt : std::optional(options);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = ParseOptions({argv + 1, argv + argc});
  if (!options) {
    std::fwrite(kUsage.data(), 1, kUsage.size(), stderr);
    return 2;
  }
  std::ofstream out(options->path, std::ios::binary);
  const auto written = millrace::model::testing::WriteSyntheticModel(options->model, out);
  if (!written.has_value()) {
    std::fprintf(stderr, "make_model: %s: %s\n", options->path.c_str(),
                 written.error().message.c_str());
    return 1;
  }
  return 0;
}
