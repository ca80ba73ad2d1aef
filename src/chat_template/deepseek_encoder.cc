#include "chat_template/deepseek_encoder.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat_template/deepseek_texts.h"
#include "chat_template/json_value.h"
#include "chat_template/render_input.h"
#include "chat_template/stringify.h"

namespace millrace::chat_template {

namespace {

using chat::Message;
using chat::Role;

// Bounds the JSON that an encoder prints; it calls nothing.
class EncoderRuntime : public Runtime {
 public:
  explicit EncoderRuntime(const RenderLimits& limits)
      : budget_(limits.steps_max, limits.output_bytes_max) {}

  Budget& budget() override { return budget_; }
  int64_t unix_seconds() const override { return 0; }
  base::Result<Value> Call(const Value&, Arguments) override { return Nothing(); }
  base::Result<Value> LoopAttribute(Object&, std::string_view) override { return Nothing(); }
  std::shared_ptr<Namespace> MakeNamespace() override { return std::make_shared<Namespace>(); }

 private:
  static base::Error Nothing() { return base::InvalidArgument("an encoder calls no function"); }
  Budget budget_;
};

// The prompt being written.
class Prompt {
 public:
  explicit Prompt(const RenderLimits& limits) : runtime_(limits) {}

  void Write(std::string_view text) { text_.Append(text, Origin::kTemplate); }
  void WriteData(std::string_view text) { text_.Append(text, Origin::kData); }
  base::Status WriteJson(const Value& value) {
    Text json = TRY(ToJson(runtime_, value));
    text_.Append(json.bytes(), Origin::kData);
    return {};
  }
  base::Status CheckLength() { return runtime_.budget().LimitText(text_.size()); }

  std::vector<PromptPiece> Pieces() const {
    std::vector<PromptPiece> pieces;
    text_.ForEachRun([&](std::string_view bytes, Origin origin) {
      pieces.push_back({std::string(bytes), origin == Origin::kTemplate});
    });
    return pieces;
  }

 private:
  EncoderRuntime runtime_;
  Text text_;
};

base::Status WriteTools(const std::vector<chat::ToolSpec>& tools, std::string_view begin,
                        std::string_view end, Prompt& prompt) {
  prompt.Write("\n\n");
  prompt.Write(begin);
  bool first = true;
  for (const chat::ToolSpec& tool : tools) {
    prompt.Write(std::exchange(first, false) ? "" : "\n");
    Value entry = ToolOf(tool);
    const Value* function = entry.is_dict() ? entry.dict().Find("function") : nullptr;
    TRY(prompt.WriteJson(function != nullptr ? *function : entry));
  }
  prompt.Write(end);
  return {};
}

base::Status WriteArguments(const chat::ToolCall& call, Prompt& prompt) {
  Value arguments = ArgumentsOf(call);
  Dict dict;
  if (!arguments.is_dict()) {
    dict.Set("arguments", arguments);
  }
  bool first = true;
  for (const auto& [key, value] : (arguments.is_dict() ? arguments.dict() : dict).entries()) {
    prompt.Write(std::exchange(first, false) ? "" : "\n");
    prompt.Write("<｜DSML｜parameter name=\"");
    prompt.WriteData(key.bytes());
    prompt.Write(value.is_string() ? "\" string=\"true\">" : "\" string=\"false\">");
    if (value.is_string()) {
      prompt.WriteData(value.bytes());
    } else {
      TRY(prompt.WriteJson(value));
    }
    prompt.Write("</｜DSML｜parameter>");
  }
  return {};
}

base::Status WriteCalls(const std::vector<chat::ToolCall>& calls, std::string_view section,
                        Prompt& prompt) {
  if (calls.empty()) {
    return {};
  }
  prompt.Write("\n\n<｜DSML｜");
  prompt.Write(section);
  prompt.Write(">\n");
  for (const chat::ToolCall& call : calls) {
    prompt.Write("<｜DSML｜invoke name=\"");
    prompt.WriteData(call.name);
    prompt.Write("\">\n");
    TRY(WriteArguments(call, prompt));
    prompt.Write("\n</｜DSML｜invoke>\n");
  }
  prompt.Write("</｜DSML｜");
  prompt.Write(section);
  prompt.Write(">");
  return {};
}

base::Status WriteV31Tools(const std::vector<chat::ToolSpec>& tools, Prompt& prompt) {
  prompt.Write("\n\n");
  prompt.Write(kDeepseekV31Tools);
  for (const chat::ToolSpec& tool : tools) {
    const base::Result<Value> parameters = ValueFromJson(tool.parameters_json);
    prompt.Write("### ");
    prompt.WriteData(tool.name);
    prompt.Write("\nDescription: ");
    prompt.WriteData(tool.description);
    prompt.Write("\n\nParameters: ");
    TRY(prompt.WriteJson(parameters.has_value() ? *parameters : Value::FromDict({})));
    prompt.Write("\n\n");
  }
  prompt.Write(kDeepseekV31ToolsEnd);
  return {};
}

// Arguments as the model wrote them.
void WriteV31Calls(const std::vector<chat::ToolCall>& calls, Prompt& prompt) {
  if (calls.empty()) {
    return;
  }
  prompt.Write("<｜tool▁calls▁begin｜>");
  for (const chat::ToolCall& call : calls) {
    prompt.Write("<｜tool▁call▁begin｜>");
    prompt.WriteData(call.name);
    prompt.Write("<｜tool▁sep｜>");
    prompt.WriteData(call.arguments_json.empty() ? "{}" : std::string_view(call.arguments_json));
    prompt.Write("<｜tool▁call▁end｜>");
  }
  prompt.Write("<｜tool▁calls▁end｜>");
}

// Indices of messages, results of tools in the order of the calls they answer.
std::vector<size_t> InOrderOfCalls(const std::vector<Message>& messages) {
  std::vector<size_t> order(messages.size());
  const Message* caller = nullptr;
  auto place = [&](size_t index) {
    const std::vector<chat::ToolCall>& calls = caller->tool_calls;
    auto found = std::find_if(calls.begin(), calls.end(), [&](const chat::ToolCall& call) {
      return call.id == messages[index].tool_call_id;
    });
    return found == calls.end() ? 0 : found - calls.begin();
  };
  for (size_t i = 0; i < messages.size();) {
    if (messages[i].role == Role::kAssistant && !messages[i].tool_calls.empty()) {
      caller = &messages[i];
    }
    size_t end = i;
    while (end < messages.size() && messages[end].role == Role::kTool) {
      ++end;
    }
    if (end == i) {
      order[i] = i;
      ++i;
      continue;
    }
    for (size_t tool = i; tool < end; ++tool) {
      order[tool] = tool;
    }
    if (caller != nullptr) {
      auto begin = order.begin();
      std::sort(begin + static_cast<ptrdiff_t>(i), begin + static_cast<ptrdiff_t>(end),
                [&](size_t left, size_t right) {
                  return std::pair(place(left), left) < std::pair(place(right), right);
                });
    }
    i = end;
  }
  return order;
}

class DeepseekEncoder : public Template {
 public:
  bool has_thinking_switch() const override { return true; }
  bool has_tools() const override { return true; }

 protected:
  static std::string_view Begin(const RenderInput& input) {
    return input.bos_token.empty() ? kDeepseekBegin : std::string_view(input.bos_token);
  }
  static std::string_view End(const RenderInput& input) {
    return input.eos_token.empty() ? kDeepseekEnd : std::string_view(input.eos_token);
  }
  static std::string_view ThinkMark(bool thinking) { return thinking ? "<think>" : "</think>"; }

  // Whether an answer must still be opened at the end of the prompt.
  static bool NeedsTurn(const RenderInput& input) {
    return input.add_generation_prompt &&
           (input.messages.empty() || (input.messages.back().role != Role::kUser &&
                                       input.messages.back().role != Role::kTool));
  }
};

class DeepseekV31Encoder : public DeepseekEncoder {
 public:
  bool thinks_by_default() const override { return false; }

  base::Result<std::vector<PromptPiece>> Render(const RenderInput& input,
                                                const RenderLimits& limits) const override {
    Prompt prompt(limits);
    prompt.Write(Begin(input));
    TRY(WriteSystem(input, prompt));
    State state;
    for (size_t index : InOrderOfCalls(input.messages)) {
      WriteMessage(input, input.messages[index], state, prompt);
      TRY(prompt.CheckLength());
    }
    // The answer to results of tools goes on where they end.
    if (state.after_user || NeedsTurn(input)) {
      prompt.Write(input.add_generation_prompt ? "<｜Assistant｜>" : "");
      prompt.Write(input.add_generation_prompt ? ThinkMark(input.enable_thinking) : "");
    }
    return prompt.Pieces();
  }

 private:
  struct State {
    bool after_user = false;  // the assistant's turn is not opened yet
    bool after_result = false;
  };

  static base::Status WriteSystem(const RenderInput& input, Prompt& prompt) {
    bool first = true;
    for (const Message& message : input.messages) {
      if (message.role == Role::kSystem) {
        prompt.Write(std::exchange(first, false) ? "" : "\n\n");
        prompt.WriteData(message.content);
      }
    }
    return input.tools.empty() ? base::Status() : WriteV31Tools(input.tools, prompt);
  }

  static void WriteMessage(const RenderInput& input, const Message& message, State& state,
                           Prompt& prompt) {
    switch (message.role) {
      case Role::kSystem:
        return;
      case Role::kUser:
        prompt.Write("<｜User｜>");
        prompt.WriteData(message.content);
        break;
      case Role::kAssistant:
        prompt.Write(state.after_user ? "<｜Assistant｜></think>" : "");
        prompt.WriteData(state.after_result || !message.tool_calls.empty()
                             ? std::string_view(message.content)
                             : WithoutReasoning(message.content));
        WriteV31Calls(message.tool_calls, prompt);
        prompt.Write(End(input));
        break;
      case Role::kTool:
        prompt.Write("<｜tool▁output▁begin｜>");
        prompt.WriteData(message.content);
        prompt.Write("<｜tool▁output▁end｜>");
        break;
    }
    state = {.after_user = message.role == Role::kUser,
             .after_result = message.role == Role::kTool};
  }

  static std::string_view WithoutReasoning(std::string_view content) {
    constexpr std::string_view kClose = "</think>";
    const size_t close = content.find(kClose);
    return close == std::string_view::npos ? content : content.substr(close + kClose.size());
  }
};

// What the publisher's programs of V3.2 and V4 have in common: tools behind the first system
// message, answers and their calls.
class DsmlEncoder : public DeepseekEncoder {
 public:
  base::Result<std::vector<PromptPiece>> Render(const RenderInput& input,
                                                const RenderLimits& limits) const override {
    Prompt prompt(limits);
    prompt.Write(Begin(input));
    prompt.Write(Preface(input));
    const bool system_first =
        !input.messages.empty() && input.messages.front().role == Role::kSystem;
    TRY(WriteToolsIf(!system_first, input, prompt));
    const size_t thinks_from = ThinksFrom(input);
    const std::vector<size_t> order = InOrderOfCalls(input.messages);
    for (size_t i = 0; i < order.size(); ++i) {
      const Place place = {
          .previous = i == 0 ? nullptr : &input.messages[order[i - 1]],
          .next = i + 1 == order.size() ? nullptr : &input.messages[order[i + 1]],
          .thinks = input.enable_thinking && i >= thinks_from,
      };
      TRY(WriteMessage(input, input.messages[order[i]], place, prompt));
      TRY(WriteToolsIf(system_first && i == 0, input, prompt));
      TRY(prompt.CheckLength());
    }
    if (NeedsTurn(input)) {
      OpenAnswer(input.enable_thinking, prompt);
    }
    return prompt.Pieces();
  }

 protected:
  struct Texts {
    std::string_view tools;
    std::string_view tools_end;
    std::string_view calls;  // the name of their block
  };
  struct Place {
    const Message* previous = nullptr;  // null at the ends
    const Message* next = nullptr;
    bool thinks = false;  // reasoning is on, and that of this message is kept
  };

  explicit DsmlEncoder(const Texts& texts) : texts_(texts) {}

  virtual std::string_view Preface(const RenderInput&) const { return ""; }
  // Index of the first message whose reasoning is kept.
  virtual size_t ThinksFrom(const RenderInput& input) const = 0;
  // A message of the user or the result of a tool.
  virtual void WriteQuery(const RenderInput& input, const Message& message, const Place& place,
                          Prompt& prompt) const = 0;

  static void OpenAnswer(bool thinks, Prompt& prompt) {
    prompt.Write("<｜Assistant｜>");
    prompt.Write(ThinkMark(thinks));
  }

 private:
  base::Status WriteToolsIf(bool here, const RenderInput& input, Prompt& prompt) const {
    return here && !input.tools.empty()
               ? WriteTools(input.tools, texts_.tools, texts_.tools_end, prompt)
               : base::Status();
  }

  base::Status WriteMessage(const RenderInput& input, const Message& message, const Place& place,
                            Prompt& prompt) const {
    switch (message.role) {
      case Role::kSystem:
        prompt.WriteData(message.content);
        break;
      case Role::kUser:
      case Role::kTool:
        WriteQuery(input, message, place, prompt);
        break;
      case Role::kAssistant:
        if (place.thinks) {
          prompt.WriteData(message.reasoning.value_or(""));
          prompt.Write("</think>");
        }
        prompt.WriteData(message.content);
        TRY(WriteCalls(message.tool_calls, texts_.calls, prompt));
        prompt.Write(End(input));
        break;
    }
    return {};
  }

  const Texts texts_;
};

class DeepseekV32Encoder final : public DsmlEncoder {
 public:
  DeepseekV32Encoder()
      : DsmlEncoder({.tools = kDeepseekV32Tools,
                     .tools_end = kDeepseekV32ToolsEnd,
                     .calls = "function_calls"}) {}

  bool thinks_by_default() const override { return false; }

 private:
  size_t ThinksFrom(const RenderInput& input) const override {
    size_t last_user = 0;
    for (size_t i = 0; i < input.messages.size(); ++i) {
      last_user = input.messages[i].role == Role::kUser ? i : last_user;
    }
    return last_user;
  }

  void WriteQuery(const RenderInput& input, const Message& message, const Place& place,
                  Prompt& prompt) const override {
    const bool opens_answer = place.next != nullptr || input.add_generation_prompt;
    if (message.role == Role::kUser) {
      prompt.Write("<｜User｜>");
      prompt.WriteData(message.content);
      if (opens_answer) {
        OpenAnswer(place.thinks, prompt);
      }
      return;
    }
    prompt.Write(IsResult(place.previous) ? "\n<result>" : "\n\n<function_results>\n<result>");
    prompt.WriteData(message.content);
    prompt.Write("</result>");
    if (IsResult(place.next)) {
      return;
    }
    prompt.Write("\n</function_results>");
    if (opens_answer) {
      prompt.Write("\n\n");
      prompt.Write(ThinkMark(place.thinks));
    }
  }

  static bool IsResult(const Message* message) {
    return message != nullptr && message->role == Role::kTool;
  }
};

class DeepseekV4Encoder final : public DsmlEncoder {
 public:
  explicit DeepseekV4Encoder(DeepseekV4Release release)
      : DsmlEncoder(
            {.tools = kDeepseekV4Tools, .tools_end = kDeepseekV4ToolsEnd, .calls = "tool_calls"}),
        release_(release) {}

  bool thinks_by_default() const override { return true; }
  bool keeps_reasoning_with_tools() const override { return true; }

 private:
  static bool InUserTurn(const Message& message) {
    return message.role == Role::kUser || message.role == Role::kTool;
  }

  std::string_view Preface(const RenderInput& input) const override {
    if (!input.enable_thinking || !input.reasoning_effort.has_value()) {
      return "";
    }
    bool max = *input.reasoning_effort == chat::ReasoningEffort::kMax;
    switch (release_) {
      case DeepseekV4Release::kFirst:
        return max ? kDeepseekV4EffortStrong : "";
      case DeepseekV4Release::k0731:
        return max ? kDeepseekV4EffortStronger : kDeepseekV4EffortStrong;
    }
    std::unreachable();
  }

  // Reasoning of finished turns is dropped only where no tools are declared.
  size_t ThinksFrom(const RenderInput& input) const override {
    size_t last_turn = 0;
    for (size_t i = 0; i < input.messages.size() && input.tools.empty(); ++i) {
      if (InUserTurn(input.messages[i]) && (i == 0 || !InUserTurn(input.messages[i - 1]))) {
        last_turn = i;
      }
    }
    return last_turn;
  }

  // Neighbouring user messages and results are one turn.
  void WriteQuery(const RenderInput& input, const Message& message, const Place& place,
                  Prompt& prompt) const override {
    const bool result = message.role == Role::kTool;
    prompt.Write(place.previous != nullptr && InUserTurn(*place.previous) ? "\n\n" : "<｜User｜>");
    prompt.Write(result ? "<tool_result>" : "");
    prompt.WriteData(message.content);
    prompt.Write(result ? "</tool_result>" : "");
    if (place.next != nullptr ? place.next->role == Role::kAssistant
                              : input.add_generation_prompt) {
      OpenAnswer(place.thinks, prompt);
    }
  }

  const DeepseekV4Release release_;
};

}  // namespace

std::shared_ptr<const Template> MakeDeepseekV31Encoder() {
  return std::make_shared<const DeepseekV31Encoder>();
}

std::shared_ptr<const Template> MakeDeepseekV32Encoder() {
  return std::make_shared<const DeepseekV32Encoder>();
}

std::shared_ptr<const Template> MakeDeepseekV4Encoder(DeepseekV4Release release) {
  return std::make_shared<const DeepseekV4Encoder>(release);
}

}  // namespace millrace::chat_template
