#include "api/response_builder.h"

#include <type_traits>
#include <variant>

#include "base/check.h"
#include "json/json.h"

namespace millrace::api {
namespace {

void AppendCall(const chat::ToolCall& call, std::string& out) {
  out += "{\"id\":";
  json::AppendQuoted(call.id, out);
  out += R"(,"type":"function","function":{"name":)";
  json::AppendQuoted(call.name, out);
  out += ",\"arguments\":";
  json::AppendQuoted(call.arguments_json, out);
  out += "}}";
}

}  // namespace

ResponseBuilder::ResponseBuilder(int32_t choice_count, Logprobs logprobs)
    : logprobs_(logprobs), choices_(static_cast<size_t>(choice_count)) {}

void ResponseBuilder::Add(const chat::ChatEvent& event) {
  usage_ = event.usage;
  if (std::holds_alternative<chat::Finished>(event.what)) {
    return;
  }
  Choice& choice = choices_.at(static_cast<size_t>(event.choice));
  std::visit(
      [&choice](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, chat::ContentDelta>) {
          choice.content += what.text;
          if (!what.logprobs.empty()) {
            choice.logprobs_json += choice.logprobs_json.empty() ? "" : ",";
            AppendLogprobs(what.logprobs, choice.logprobs_json);
          }
        } else if constexpr (std::is_same_v<What, chat::ReasoningDelta>) {
          if (!choice.reasoning) {
            choice.reasoning.emplace();
          }
          *choice.reasoning += what.text;
        } else if constexpr (std::is_same_v<What, chat::ToolCallStarted>) {
          choice.calls.push_back({.id = what.id, .name = what.name, .arguments_json = {}});
        } else if constexpr (std::is_same_v<What, chat::ToolArgumentsDelta>) {
          choice.calls.at(static_cast<size_t>(what.call_index)).arguments_json += what.json_text;
        } else if constexpr (std::is_same_v<What, chat::ChoiceFinished>) {
          choice.finish_reason = what.reason;
        }
      },
      event.what);
}

std::string ResponseBuilder::Json(const ReplyHeader& header) const {
  std::string out = "{\"id\":";
  json::AppendQuoted(header.id, out);
  out += ",\"object\":\"chat.completion\",\"created\":";
  out += std::to_string(header.created_unix_seconds);
  out += ",\"model\":";
  json::AppendQuoted(header.model, out);
  out += ",\"choices\":[";
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (i > 0) {
      out += ',';
    }
    AppendChoice(choices_[i], i, out);
  }
  out += "],\"usage\":";
  AppendUsage(usage_, out);
  out += ",\"system_fingerprint\":\"\"}";
  return out;
}

void ResponseBuilder::AppendChoice(const Choice& choice, size_t index, std::string& out) const {
  out += "{\"index\":" + std::to_string(index);
  out += R"(,"message":{"role":"assistant","content":)";
  json::AppendQuoted(choice.content, out);
  if (choice.reasoning) {
    out += ",\"reasoning_content\":";
    json::AppendQuoted(*choice.reasoning, out);
  }
  if (!choice.calls.empty()) {
    out += ",\"tool_calls\":[";
    for (size_t i = 0; i < choice.calls.size(); ++i) {
      if (i > 0) {
        out += ',';
      }
      AppendCall(choice.calls[i], out);
    }
    out += ']';
  }
  out += '}';
  if (logprobs_ == Logprobs::kReported) {
    out += ",\"logprobs\":{\"content\":[" + choice.logprobs_json + "],\"refusal\":null}";
  }
  out += ",\"finish_reason\":\"";
  out += FinishReasonName(choice.finish_reason);
  out += "\"}";
}

}  // namespace millrace::api
