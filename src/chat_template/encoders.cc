// The list of prompt encoders.
#include "chat_template/deepseek_encoder.h"
#include "chat_template/template.h"

namespace millrace::chat_template {

std::span<const Encoder> Encoders() {
  static constexpr Encoder kAll[] = {
      {"deepseek_v31", "", "deepseek_v31", MakeDeepseekV31Encoder},
      {"deepseek_v32", "deepseek32", "deepseek_v32", MakeDeepseekV32Encoder},
      {"deepseek_v4", "deepseek4", "deepseek_v4",
       [] { return MakeDeepseekV4Encoder(DeepseekV4Release::kFirst); }},
      {"deepseek_v4_0731", "deepseek4", "deepseek_v4",
       [] { return MakeDeepseekV4Encoder(DeepseekV4Release::k0731); }},
  };
  return kAll;
}

const Encoder* FindEncoder(std::string_view name) {
  for (const Encoder& encoder : Encoders()) {
    if (encoder.name == name) {
      return &encoder;
    }
  }
  return nullptr;
}

const Encoder* EncoderOf(std::string_view architecture, std::string_view model_name,
                         std::string_view template_source) {
  if (architecture == "deepseek4" &&
      (model_name.find("0731") != std::string_view::npos ||
       template_source.find("Reasoning Effort: Beyond maximum") != std::string_view::npos)) {
    return FindEncoder("deepseek_v4_0731");
  }
  for (const Encoder& encoder : Encoders()) {
    if (!encoder.architecture.empty() && encoder.architecture == architecture) {
      return &encoder;
    }
  }
  return nullptr;
}

const Encoder* EncoderWithTools(std::string_view syntax) {
  for (const Encoder& encoder : Encoders()) {
    if (encoder.syntax == syntax) {
      return &encoder;
    }
  }
  return nullptr;
}

}  // namespace millrace::chat_template
