#include "model/model.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "model/families.h"

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

}  // namespace

base::Result<std::unique_ptr<Model>> Load(std::shared_ptr<const gguf::File> file) {
  const std::string_view architecture = TRY(file->String("general.architecture"));
  for (const Family& family : kFamilies) {
    if (family.architecture == architecture) {
      return family.load(std::move(file));
    }
  }
  std::string known;
  for (const Family& family : kFamilies) {
    known += (known.empty() ? "" : ", ") + std::string(family.architecture);
  }
  return base::Unsupported(
      fmt::format("{}: the architecture \"{}\" is not supported; this build runs {}", file->path(),
                  base::SanitizeUtf8(architecture.substr(0, 60)), known));
}

}  // namespace millrace::model
