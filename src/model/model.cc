#include "model/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "model/families.h"
#include "model/hyper_parameters.h"

namespace millrace::model {
namespace {

struct Family {
  std::string_view architecture;
  base::Result<std::unique_ptr<Model>> (*load)(std::shared_ptr<const gguf::File>);
};

// A new family is a new file and a line here.
constexpr std::array kFamilies = {
    Family{"qwen3", LoadQwen3},
    Family{"qwen3moe", LoadQwen3},
};

base::Result<const Family*> FindFamily(const gguf::File& file) {
  const std::string_view architecture = TRY(file.String("general.architecture"));
  const auto* family = std::ranges::find(kFamilies, architecture, &Family::architecture);
  if (family != kFamilies.end()) {
    return family;
  }
  std::string known;
  for (const Family& each : kFamilies) {
    known += (known.empty() ? "" : ", ") + std::string(each.architecture);
  }
  return base::Unsupported(
      fmt::format("{}: the architecture \"{}\" is not supported; this build runs {}", file.path(),
                  base::SanitizeUtf8(architecture.substr(0, 60)), known));
}

}  // namespace

base::Result<std::unique_ptr<Model>> Load(std::shared_ptr<const gguf::File> file) {
  const Family* family = TRY(FindFamily(*file));
  return family->load(std::move(file));
}

base::Result<ModelInfo> ReadInfo(const gguf::File& file) {
  [[maybe_unused]] const Family* family = TRY(FindFamily(file));
  const HyperParameters hyper = TRY(ReadHyperParameters(file));
  const std::string_view name = TRY(file.StringOr("general.name", ""));
  ModelInfo info = {.architecture = hyper.architecture,
                    .name = std::string(name),
                    .context_tokens = hyper.context_tokens,
                    .layer_count = hyper.layer_count,
                    .kv_head_count = hyper.kv_head_count,
                    .key_size = hyper.key_size,
                    .value_size = hyper.value_size};
  if (const gguf::TensorInfo* embedding = file.FindTensor("token_embd.weight")) {
    info.vocabulary_size = static_cast<int32_t>(embedding->row_count());
  }
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    info.parameter_count += tensor.element_count();
    info.weight_bytes += static_cast<int64_t>(tensor.data.size());
  }
  return info;
}

}  // namespace millrace::model
