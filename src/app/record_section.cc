#include "app/record_section.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chat_template/template.h"
#include "output_parser/syntax.h"

namespace millrace::app {
namespace {

constexpr int64_t kTokensMax = INT32_MAX;
constexpr int64_t kChoicesMax = 20;  // the contract's absolute limit of `n`
constexpr int64_t kImagesMax = 10'000;
constexpr int64_t kSecondsMax = 253'402'300'799;  // end of the year 9999

void ReadInputs(Section& section, local::RecordSettings& settings) {
  const YAML::Node value = section.Take("inputs");
  if (!value.IsDefined() || value.IsNull()) {
    return;
  }
  local::InputSettings inputs;
  const auto take = [&](const YAML::Node& item) {
    const std::string name = item.IsScalar() ? item.Scalar() : "";
    bool* flag = name == "image"   ? &inputs.image
                 : name == "video" ? &inputs.video
                 : name == "audio" ? &inputs.audio
                                   : nullptr;
    if (flag == nullptr) {
      section.Report(item, "inputs", "should be a list of image, video, audio");
    } else {
      *flag = true;
    }
  };
  if (value.IsSequence()) {
    for (const YAML::Node& item : value) {
      take(item);
    }
  } else {
    section.Report(value, "inputs", "should be a list of image, video, audio");
  }
  settings.inputs = inputs;
}

// The ranges are those of the request's fields.
void ReadSampling(Section& section, local::SamplingSettings& sampling) {
  section.Number("temperature", sampling.temperature, 0, 2);
  section.Number("top_p", sampling.top_p, 0, 1);
  section.Integer("top_k", sampling.top_k, 0, 100);
  section.Number("min_p", sampling.min_p, 0, 1);
  section.Number("frequency_penalty", sampling.frequency_penalty, -2, 2);
  section.Number("presence_penalty", sampling.presence_penalty, -2, 2);
  section.Number("repetition_penalty", sampling.repetition_penalty, 0.01, 2);
}

// Names of the chat format, each of a list this build has.
void ReadFormat(Section& section, local::RecordSettings& settings) {
  std::map<std::string, std::string> prompts = {{"template", "template"}, {"chatml", "chatml"}};
  for (const chat_template::Encoder& encoder : chat_template::Encoders()) {
    prompts.emplace(encoder.name, encoder.name);
  }
  section.Choice("prompt", prompts, settings.prompt);
  std::map<std::string, std::string> syntaxes;
  for (const output_parser::Syntax* syntax : output_parser::Syntaxes()) {
    syntaxes.emplace(syntax->name, syntax->name);
  }
  section.Choice("syntax", syntaxes, settings.syntax);
  section.Choice<grammar::Whitespace>(
      "json_spacing",
      {{"single", grammar::Whitespace::kSingleSpace}, {"compact", grammar::Whitespace::kCompact}},
      settings.json_spacing);
}

}  // namespace

void ReadRecordKeys(Section& section, local::RecordSettings& settings) {
  section.Integer("context", settings.context_tokens, 1, kTokensMax);
  section.Integer("max_prompt_tokens", settings.prompt_tokens_max, 1, kTokensMax);
  section.Integer("max_output", settings.output_tokens_max, 1, kTokensMax);
  section.Integer("max_reasoning", settings.reasoning_tokens_max, 1, kTokensMax);
  ReadInputs(section, settings);
  section.Choice<chat::ThinkingClass>("thinking",
                                      {{"never", chat::ThinkingClass::kNever},
                                       {"always", chat::ThinkingClass::kAlways},
                                       {"hybrid", chat::ThinkingClass::kHybrid}},
                                      settings.thinking);
  section.Bool("thinking_default", settings.thinking_default);
  section.Bool("effort", settings.effort);
  section.Bool("min_p", settings.min_p);
  section.Bool("tools", settings.tools);
  section.Bool("json_mode", settings.json_mode);
  section.Bool("prefix", settings.prefix);
  section.Bool("fim", settings.fim);
  section.Integer("max_n", settings.n_max, 1, kChoicesMax);
  section.Integer("max_images", settings.images_max, 1, kImagesMax);
  section.Bool("hidden", settings.hidden);
  ReadFormat(section, settings);
  section.String("owned_by", settings.owned_by);
  section.Integer("created", settings.created_unix_seconds, 0, kSecondsMax);
  section.Nested("sampling",
                 [&settings](Section& sampling) { ReadSampling(sampling, settings.sampling); });
}

}  // namespace millrace::app
