#include "api/chunk_writer.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "api/error_table.h"
#include "http/sse.h"
#include "json/json.h"

namespace millrace::api {
namespace {

constexpr std::string_view kDone = "[DONE]";

std::string ChunkHead(const ReplyHeader& header) {
  std::string head = "{\"id\":";
  json::AppendQuoted(header.id, head);
  head += ",\"object\":\"chat.completion.chunk\",\"created\":";
  head += std::to_string(header.created_unix_seconds);
  head += ",\"model\":";
  json::AppendQuoted(header.model, head);
  head += ",\"choices\":[";
  return head;
}

chat::Usage Later(const chat::Usage& a, const chat::Usage& b) {
  return {.prompt_tokens = std::max(a.prompt_tokens, b.prompt_tokens),
          .completion_tokens = std::max(a.completion_tokens, b.completion_tokens),
          .reasoning_tokens = std::max(a.reasoning_tokens, b.reasoning_tokens),
          .cached_tokens = std::max(a.cached_tokens, b.cached_tokens)};
}

}  // namespace

ChunkWriter::ChunkWriter(const ReplyHeader& header, StreamUsage usage_mode, int32_t choice_count,
                         Logprobs logprobs)
    : head_(ChunkHead(header)),
      usage_mode_(usage_mode),
      logprobs_(logprobs),
      started_(static_cast<size_t>(choice_count)) {}

void ChunkWriter::Add(chat::ChatEvent event, std::vector<std::string>& frames) {
  usage_ = Later(usage_, event.usage);
  if (const auto* started = std::get_if<chat::ChoiceStarted>(&event.what)) {
    StartChoice(event.choice, *started, frames);
    return;
  }
  if (role_count_ < started_.size()) {
    early_.push_back(std::move(event));
    return;
  }
  Write(event, frames);
}

void ChunkWriter::StartChoice(int32_t choice, const chat::ChoiceStarted& started,
                              std::vector<std::string>& frames) {
  reasoning_seen_ |= started.reasoning;
  started_.at(static_cast<size_t>(choice)) = started;
  WriteRoles(frames);
  if (role_count_ == started_.size()) {
    for (const chat::ChatEvent& event : std::exchange(early_, {})) {
      Write(event, frames);
    }
  }
}

// Of every choice that has started and whose predecessors all have.
void ChunkWriter::WriteRoles(std::vector<std::string>& frames) {
  for (; role_count_ < started_.size() && started_[role_count_]; ++role_count_) {
    std::string frame = Open(static_cast<int32_t>(role_count_));
    frame += started_[role_count_]->reasoning
                 ? R"("role":"assistant","content":null,"reasoning_content":"")"
                 : R"("role":"assistant","content":"","reasoning_content":null)";
    CloseChunk({}, frame);
    frames.push_back(http::SseData(frame));
  }
}

void ChunkWriter::Write(const chat::ChatEvent& event, std::vector<std::string>& frames) {
  if (const auto* finished = std::get_if<chat::ChoiceFinished>(&event.what)) {
    WriteFinish(event.choice, finished->reason, frames);
    return;
  }
  if (std::holds_alternative<chat::Finished>(event.what)) {
    WriteEnd(frames);
    return;
  }
  std::string frame = Open(event.choice);
  std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, chat::ContentDelta>) {
          frame += "\"content\":";
          json::AppendQuoted(what.text, frame);
          frame += ",\"reasoning_content\":null";
        } else if constexpr (std::is_same_v<What, chat::ReasoningDelta>) {
          reasoning_seen_ = true;
          frame += "\"content\":null,\"reasoning_content\":";
          json::AppendQuoted(what.text, frame);
        } else if constexpr (std::is_same_v<What, chat::ToolCallStarted>) {
          frame += R"("content":null,"reasoning_content":null,"tool_calls":[{"index":)";
          frame += std::to_string(what.call_index) + ",\"id\":";
          json::AppendQuoted(what.id, frame);
          frame += R"(,"type":"function","function":{"name":)";
          json::AppendQuoted(what.name, frame);
          frame += ",\"arguments\":\"\"}}]";
        } else if constexpr (std::is_same_v<What, chat::ToolArgumentsDelta>) {
          frame += R"("content":null,"reasoning_content":null,"tool_calls":[{"index":)";
          frame += std::to_string(what.call_index) + R"(,"function":{"arguments":)";
          json::AppendQuoted(what.json_text, frame);
          frame += "}}]";
        } else {
          std::unreachable();
        }
      },
      event.what);
  CloseChunk({.content = std::get_if<chat::ContentDelta>(&event.what)}, frame);
  frames.push_back(http::SseData(frame));
}

void ChunkWriter::WriteFinish(int32_t choice, chat::FinishReason reason,
                              std::vector<std::string>& frames) {
  ++finished_count_;
  std::string frame = Open(choice);
  frame += R"("content":"","reasoning_content":null)";
  std::string reason_json = "\"";
  reason_json += FinishReasonName(reason);
  reason_json += '"';
  CloseChunk({.finish_reason_json = reason_json, .last = finished_count_ == started_.size()},
             frame);
  frames.push_back(http::SseData(frame));
}

void ChunkWriter::WriteEnd(std::vector<std::string>& frames) {
  if (usage_mode_ == StreamUsage::kOwnChunk) {
    std::string frame = head_ + "],\"system_fingerprint\":\"\",\"usage\":";
    AppendUsage(usage_, frame);
    frame += '}';
    frames.push_back(http::SseData(frame));
  }
  frames.push_back(http::SseData(kDone));
}

void ChunkWriter::AddFailure(const WireError& error, std::vector<std::string>& frames) {
  frames.push_back(http::SseData(StreamErrorJson(error)));
  frames.push_back(http::SseData(kDone));
}

std::string ChunkWriter::Open(int32_t choice) const {
  return head_ + "{\"index\":" + std::to_string(choice) + ",\"delta\":{";
}

void ChunkWriter::CloseChunk(const ChunkEnd& end, std::string& frame) const {
  frame += '}';
  if (logprobs_ == Logprobs::kReported) {
    frame += ",\"logprobs\":";
    if (end.content == nullptr) {
      frame += "null";
    } else {
      frame += "{\"content\":[";
      AppendLogprobs(end.content->logprobs, frame);
      frame += "],\"refusal\":null}";
    }
  }
  frame += ",\"finish_reason\":";
  frame += end.finish_reason_json;
  frame += "}],\"system_fingerprint\":\"\"";
  switch (usage_mode_) {
    case StreamUsage::kEveryChunk:
    case StreamUsage::kLastFinish:
      if (end.last) {
        frame += ",\"usage\":";
        AppendUsage(usage_, frame);
      } else if (usage_mode_ == StreamUsage::kEveryChunk) {
        frame += ",\"usage\":";
        AppendRunningUsage(
            usage_, reasoning_seen_ ? RunningDetail::kTotalsAndReasoning : RunningDetail::kTotals,
            frame);
      }
      break;
    case StreamUsage::kOwnChunk:
      frame += ",\"usage\":null";
      break;
    case StreamUsage::kNone:
      break;
  }
  frame += '}';
}

}  // namespace millrace::api
