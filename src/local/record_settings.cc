#include "local/record_settings.h"

namespace millrace::local {
namespace {

template <typename T>
std::optional<T> Pick(const std::optional<T>& above, const std::optional<T>& below) {
  return above.has_value() ? above : below;
}

SamplingSettings LayerSampling(const SamplingSettings& below, const SamplingSettings& above) {
  return {.temperature = Pick(above.temperature, below.temperature),
          .top_p = Pick(above.top_p, below.top_p),
          .top_k = Pick(above.top_k, below.top_k),
          .min_p = Pick(above.min_p, below.min_p),
          .frequency_penalty = Pick(above.frequency_penalty, below.frequency_penalty),
          .presence_penalty = Pick(above.presence_penalty, below.presence_penalty),
          .repetition_penalty = Pick(above.repetition_penalty, below.repetition_penalty)};
}

}  // namespace

RecordSettings Layer(const RecordSettings& below, const RecordSettings& above) {
  return {.context_tokens = Pick(above.context_tokens, below.context_tokens),
          .prompt_tokens_max = Pick(above.prompt_tokens_max, below.prompt_tokens_max),
          .output_tokens_max = Pick(above.output_tokens_max, below.output_tokens_max),
          .reasoning_tokens_max = Pick(above.reasoning_tokens_max, below.reasoning_tokens_max),
          .inputs = Pick(above.inputs, below.inputs),
          .thinking = Pick(above.thinking, below.thinking),
          .thinking_default = Pick(above.thinking_default, below.thinking_default),
          .effort = Pick(above.effort, below.effort),
          .min_p = Pick(above.min_p, below.min_p),
          .tools = Pick(above.tools, below.tools),
          .json_mode = Pick(above.json_mode, below.json_mode),
          .prefix = Pick(above.prefix, below.prefix),
          .fim = Pick(above.fim, below.fim),
          .n_max = Pick(above.n_max, below.n_max),
          .images_max = Pick(above.images_max, below.images_max),
          .hidden = Pick(above.hidden, below.hidden),
          .prompt = Pick(above.prompt, below.prompt),
          .syntax = Pick(above.syntax, below.syntax),
          .json_spacing = Pick(above.json_spacing, below.json_spacing),
          .owned_by = Pick(above.owned_by, below.owned_by),
          .created_unix_seconds = Pick(above.created_unix_seconds, below.created_unix_seconds),
          .sampling = LayerSampling(below.sampling, above.sampling)};
}

}  // namespace millrace::local
