// What an operator may say about a served model, key by key (api-contract 2.12).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "chat/model_record.h"
#include "grammar/json_schema.h"

namespace millrace::local {

// Overrides of the defaults for fields a request leaves out. Ranges are those of the request's
// fields.
struct SamplingSettings {
  std::optional<double> temperature = {};
  std::optional<double> top_p = {};
  std::optional<int32_t> top_k = {};
  std::optional<double> min_p = {};
  std::optional<double> frequency_penalty = {};
  std::optional<double> presence_penalty = {};
  std::optional<double> repetition_penalty = {};
  friend bool operator==(const SamplingSettings&, const SamplingSettings&) = default;
};

// What a user message may hold besides text.
struct InputSettings {
  bool image = false;
  bool video = false;
  bool audio = false;
  friend bool operator==(const InputSettings&, const InputSettings&) = default;
};

// Absent: the model's file decides, or the default of the API contract.
struct RecordSettings {
  std::optional<int32_t> context_tokens = {};
  std::optional<int32_t> prompt_tokens_max = {};
  std::optional<int32_t> output_tokens_max = {};
  std::optional<int32_t> reasoning_tokens_max = {};
  std::optional<InputSettings> inputs = {};
  std::optional<chat::ThinkingClass> thinking = {};
  std::optional<bool> thinking_default = {};  // of a hybrid model
  std::optional<bool> effort = {};
  std::optional<bool> min_p = {};
  std::optional<bool> tools = {};
  std::optional<bool> json_mode = {};
  std::optional<bool> prefix = {};
  std::optional<bool> fim = {};
  std::optional<int32_t> n_max = {};
  std::optional<int32_t> images_max = {};
  std::optional<bool> hidden = {};
  // Names, as in ChatFormatChoice (local/model_facts.h).
  std::optional<std::string> prompt = {};
  std::optional<std::string> syntax = {};
  std::optional<grammar::Whitespace> json_spacing = {};  // of answers that are held to JSON
  std::optional<std::string> owned_by = {};
  std::optional<int64_t> created_unix_seconds = {};
  SamplingSettings sampling = {};
  friend bool operator==(const RecordSettings&, const RecordSettings&) = default;
};

// Key by key: what `above` says, else what `below` says.
RecordSettings Layer(const RecordSettings& below, const RecordSettings& above);

}  // namespace millrace::local
