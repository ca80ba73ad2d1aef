// What every reply to one chat request has in common, and the JSON of usage counts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "chat/chat_event.h"

namespace millrace::api {

// How usage appears in a stream.
enum class StreamUsage {
  kEveryChunk,  // cumulative on each chunk, in full on the last finish chunk
  kLastFinish,  // in full on the last finish chunk only
  kOwnChunk,    // null on each chunk, in full in an extra chunk without choices
  kNone,
};

// Whether the log probabilities of an answer's tokens are part of the reply.
enum class Logprobs { kLeftOut, kReported };

struct ReplyOptions {
  std::string model;  // as the client wrote it
  bool stream = false;
  StreamUsage stream_usage = StreamUsage::kEveryChunk;
  int32_t n = 1;
  Logprobs logprobs = Logprobs::kLeftOut;
};

struct ReplyHeader {
  std::string id;
  int64_t created_unix_seconds = 0;
  std::string model;
};

// "stop", "length", "tool_calls" or "content_filter".
std::string_view FinishReasonName(chat::FinishReason reason);

// Appends the entries of these tokens, separated by commas and without brackets.
void AppendLogprobs(std::span<const chat::ContentLogprob> entries, std::string& out);

// Appends the object with all seven counts.
void AppendUsage(const chat::Usage& usage, std::string& out);

// Which counts a running stream shows.
enum class RunningDetail {
  kTotals,
  kTotalsAndReasoning,
};
void AppendRunningUsage(const chat::Usage& usage, RunningDetail detail, std::string& out);

}  // namespace millrace::api
