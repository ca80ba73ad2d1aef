// What the server knows of one served model name: limits, abilities and defaults
// (api-contract 2.12).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::chat {

enum class ThinkingClass { kNever, kAlways, kHybrid };

// Values used when a request leaves the field out.
struct SamplingDefaults {
  double temperature = 0.7;
  double top_p = 0.7;
  int32_t top_k = 50;  // 0 = off
  double min_p = 0.0;
  double frequency_penalty = 0.0;
  double presence_penalty = 0.0;
  double repetition_penalty = 1.0;
};

// Immutable after start; shared by every request.
struct ModelRecord {
  std::string id;
  std::vector<std::string> aliases;
  int64_t created_unix_seconds = 0;  // 0 when unknown
  std::string owned_by;
  int32_t context_tokens = 0;        // C of the contract
  int32_t prompt_tokens_max = 0;     // defaults to context_tokens
  int32_t output_tokens_max = 8192;  // answer tokens when the request gives no limit
  int32_t reasoning_tokens_max = 32768;
  ThinkingClass thinking = ThinkingClass::kNever;
  bool thinking_default_on = false;
  bool effort = false;  // understands `reasoning_effort`
  bool honours_min_p = true;
  bool tools = false;
  bool constrained_tools = false;  // can force a call and hold strict arguments to their schema
  bool json_mode = false;
  bool prefix = false;       // can continue a given beginning of the answer
  bool fim = false;          // can fill the gap between a prefix and a suffix
  bool image_input = false;  // with any of the three the record is a VLM
  bool video_input = false;
  bool audio_input = false;
  int32_t images_max = 32;  // of one request
  // Whether media are understood. When not, they are loaded and checked, and then refused.
  bool media_encoder = false;
  int32_t n_max = 8;
  bool hidden = false;          // keys that may not use it are told it does not exist
  int32_t vocabulary_size = 0;  // token indices of `logit_bias` lie below it; 0 when unknown
  SamplingDefaults sampling;
};

}  // namespace millrace::chat
