#include "local/make_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace millrace::local {
namespace {

using chat::ThinkingClass;

// Penalty of models that take pictures when a request names none (api-contract F13).
constexpr double kVisionFrequencyPenalty = 0.5;

// What this build can do with any file.
constexpr bool kConstrainedDecoding = true;
constexpr bool kMediaEncoders = false;

class RecordMaker {
 public:
  RecordMaker(const ModelFacts& facts, const ChatFormat& format, const ServedAs& served)
      : facts_(facts), format_(format), settings_(served.settings) {
    chat::ModelRecord& record = made_.record;
    record.id = served.id.empty() ? facts.name : served.id;
    record.aliases = served.aliases;
    record.owned_by = settings_.owned_by.value_or(facts.organization);
    record.created_unix_seconds = settings_.created_unix_seconds.value_or(0);
    record.hidden = settings_.hidden.value_or(false);
    record.vocabulary_size = facts.info.vocabulary_size;
    if (!format.warning.empty()) {
      Conflict("prompt", format.warning);
    }
  }

  MadeRecord Make(int32_t context_tokens) {
    DecideLimits(context_tokens);
    DecideThinking();
    DecideAbilities();
    DecideInputs();
    DecideSampling();
    return std::move(made_);
  }

 private:
  void Conflict(std::string key, std::string problem) {
    made_.conflicts.push_back({.key = std::move(key), .problem = std::move(problem)});
  }

  // A flag that was asked for or not, where `possible` says whether it can be had.
  bool Flag(const char* key, const std::optional<bool>& asked, bool possible,
            std::string_view reason) {
    if (asked.value_or(false) && !possible) {
      Conflict(key, std::string(reason));
    }
    return asked.value_or(possible) && possible;
  }

  void DecideLimits(int32_t context_tokens);
  void DecideThinking();
  void DecideAbilities();
  void DecideInputs();
  void DecideSampling();

  const ModelFacts& facts_;
  const ChatFormat& format_;
  const RecordSettings& settings_;
  MadeRecord made_;
};

void RecordMaker::DecideLimits(int32_t context_tokens) {
  chat::ModelRecord& record = made_.record;
  record.context_tokens =
      std::min(context_tokens, settings_.context_tokens.value_or(context_tokens));
  const auto bounded = [&](const std::optional<int32_t>& asked, int32_t fallback) {
    return std::min(asked.value_or(fallback), record.context_tokens);
  };
  record.prompt_tokens_max = bounded(settings_.prompt_tokens_max, record.context_tokens);
  record.output_tokens_max = bounded(settings_.output_tokens_max, record.output_tokens_max);
  record.reasoning_tokens_max =
      settings_.reasoning_tokens_max.value_or(record.reasoning_tokens_max);
  record.n_max = settings_.n_max.value_or(record.n_max);
  record.images_max = settings_.images_max.value_or(record.images_max);
}

void RecordMaker::DecideThinking() {
  chat::ModelRecord& record = made_.record;
  record.thinking = settings_.thinking.value_or(format_.thinking);
  if (record.thinking == ThinkingClass::kHybrid && format_.thinking != ThinkingClass::kHybrid) {
    record.thinking = format_.thinking;
    Conflict("thinking",
             fmt::format("the chat template has no switch for reasoning; the model {} reasons",
                         format_.thinking == ThinkingClass::kAlways ? "always" : "never"));
  }
  if (record.thinking == ThinkingClass::kAlways && format_.syntax->think_open.empty()) {
    record.thinking = ThinkingClass::kNever;
    Conflict("thinking", "the model's answers have no form for reasoning; it never reasons");
  }
  made_.always_thinks =
      settings_.thinking == ThinkingClass::kAlways && record.thinking == ThinkingClass::kAlways;
  const bool hybrid = record.thinking == ThinkingClass::kHybrid;
  record.thinking_default_on =
      hybrid && settings_.thinking_default.value_or(format_.thinking_default_on);
  record.effort = settings_.effort.value_or(false) && record.thinking != ThinkingClass::kNever;
  if (settings_.effort.value_or(false) && !record.effort) {
    Conflict("effort", "the model never reasons; reasoning_effort does nothing");
  }
  record.honours_min_p = settings_.min_p.value_or(true);
}

void RecordMaker::DecideAbilities() {
  chat::ModelRecord& record = made_.record;
  record.tools = Flag("tools", settings_.tools, format_.chat_template->has_tools(),
                      "the chat template does not render tools; requests with them are refused");
  record.json_mode = Flag("json_mode", settings_.json_mode, kConstrainedDecoding,
                          "answers cannot be held to a format yet; JSON mode is refused");
  record.constrained_tools = record.tools && kConstrainedDecoding;
  record.prefix = settings_.prefix.value_or(true);
  const bool can_fill = facts_.tokenizer != nullptr && facts_.tokenizer->fim_tokens().has_value();
  record.fim = Flag("fim", settings_.fim, can_fill,
                    "the vocabulary has no tokens for filling in; requests with a suffix are "
                    "refused");
}

void RecordMaker::DecideInputs() {
  chat::ModelRecord& record = made_.record;
  const InputSettings asked = settings_.inputs.value_or(InputSettings());
  record.image_input = asked.image;
  record.video_input = asked.video;
  record.audio_input = asked.audio;
  if ((asked.image || asked.video || asked.audio) && !kMediaEncoders) {
    Conflict("inputs", "the file has no encoder for media; requests with them are refused");
  }
}

void RecordMaker::DecideSampling() {
  chat::SamplingDefaults& sampling = made_.record.sampling;
  if (settings_.inputs.value_or(InputSettings()) != InputSettings()) {
    sampling.frequency_penalty = kVisionFrequencyPenalty;
  }
  const SamplingSettings& asked = settings_.sampling;
  sampling = {.temperature = asked.temperature.value_or(sampling.temperature),
              .top_p = asked.top_p.value_or(sampling.top_p),
              .top_k = asked.top_k.value_or(sampling.top_k),
              .min_p = asked.min_p.value_or(sampling.min_p),
              .frequency_penalty = asked.frequency_penalty.value_or(sampling.frequency_penalty),
              .presence_penalty = asked.presence_penalty.value_or(sampling.presence_penalty),
              .repetition_penalty = asked.repetition_penalty.value_or(sampling.repetition_penalty)};
}

}  // namespace

MadeRecord MakeRecord(const ModelFacts& facts, const ChatFormat& format, int32_t context_tokens,
                      const ServedAs& served) {
  return RecordMaker(facts, format, served).Make(context_tokens);
}

}  // namespace millrace::local
