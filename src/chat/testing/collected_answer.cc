#include "chat/testing/collected_answer.h"

#include <memory>
#include <semaphore>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace millrace::chat {
namespace {

void Apply(const ChatEvent& event, CollectedChoice& choice, bool& started) {
  std::visit(
      [&](const auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, ChoiceStarted>) {
          MILLRACE_CHECK(!started);
          started = true;
          choice.started_reasoning = what.reasoning;
          return;
        }
        MILLRACE_CHECK(started && !choice.finish);
        if constexpr (std::is_same_v<What, ReasoningDelta>) {
          MILLRACE_CHECK(!what.text.empty());
          MILLRACE_CHECK(choice.content.empty() && choice.calls.empty());
          choice.reasoning += what.text;
        } else if constexpr (std::is_same_v<What, ContentDelta>) {
          MILLRACE_CHECK(!what.text.empty());
          choice.content += what.text;
          choice.logprobs.insert(choice.logprobs.end(), what.logprobs.begin(), what.logprobs.end());
        } else if constexpr (std::is_same_v<What, ToolCallStarted>) {
          MILLRACE_CHECK(what.call_index == static_cast<int32_t>(choice.calls.size()));
          choice.calls.push_back({.id = {}, .name = what.name, .arguments_json = {}});
        } else if constexpr (std::is_same_v<What, ToolArgumentsDelta>) {
          MILLRACE_CHECK(what.call_index + 1 == static_cast<int32_t>(choice.calls.size()));
          choice.calls.back().arguments_json += what.json_text;
        } else if constexpr (std::is_same_v<What, ChoiceFinished>) {
          choice.finish = what.reason;
        }
      },
      event.what);
}

}  // namespace

bool operator==(const CollectedChoice& a, const CollectedChoice& b) {
  if (a.calls.size() != b.calls.size()) {
    return false;
  }
  for (size_t i = 0; i < a.calls.size(); ++i) {
    if (a.calls[i].name != b.calls[i].name ||
        a.calls[i].arguments_json != b.calls[i].arguments_json) {
      return false;
    }
  }
  return a.started_reasoning == b.started_reasoning && a.content == b.content &&
         a.reasoning == b.reasoning && a.finish == b.finish;
}

void PrintTo(const CollectedChoice& choice, std::ostream* out) {
  *out << "reasoning \"" << choice.reasoning << "\" content \"" << choice.content << "\"";
  for (const ToolCall& call : choice.calls) {
    *out << " call " << call.name << '(' << call.arguments_json << ')';
  }
  *out << " finish " << (choice.finish ? static_cast<int>(*choice.finish) : -1);
}

ChatEvent WaitForEvent(ChatStream& stream) {
  while (true) {
    if (auto event = stream.TryNext()) {
      return *std::move(event);
    }
    const auto ready = std::make_shared<std::binary_semaphore>(0);
    stream.NotifyWhenReady([ready] { ready->release(); });
    ready->acquire();
  }
}

CollectedAnswer Collect(ChatStream& stream, int32_t choice_count) {
  CollectedAnswer answer;
  answer.choices.resize(static_cast<size_t>(choice_count));
  std::vector<bool> started(static_cast<size_t>(choice_count));
  while (true) {
    ChatEvent event = WaitForEvent(stream);
    answer.usage = event.usage;
    answer.events.push_back(event);
    if (auto* failed = std::get_if<Failed>(&event.what)) {
      answer.failure = std::move(failed->error);
      return answer;
    }
    if (std::holds_alternative<Finished>(event.what)) {
      for (const CollectedChoice& choice : answer.choices) {
        MILLRACE_CHECK(choice.finish.has_value());
      }
      return answer;
    }
    const auto index = static_cast<size_t>(event.choice);
    bool begun = started.at(index);
    Apply(event, answer.choices.at(index), begun);
    started[index] = begun;
  }
}

}  // namespace millrace::chat
