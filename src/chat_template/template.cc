#include "chat_template/template.h"

#include <optional>
#include <string>
#include <utility>

#include "chat_template/interpreter.h"
#include "chat_template/parser.h"
#include "chat_template/render_input.h"

namespace millrace::chat_template {

namespace {

// What asks whether a template thinks by default; small, because it is asked at every start.
constexpr RenderLimits kQuestionLimits = {.steps_max = 200'000, .output_bytes_max = 1 << 20};

// The prompt of one short question; empty when the template refuses it.
std::string AskedWith(const Ast& ast, std::optional<bool> thinking) {
  RenderInput input;
  chat::Message question;
  question.role = chat::Role::kUser;
  question.content = "Hi";
  input.messages.push_back(std::move(question));
  input.enable_thinking = thinking.value_or(true);
  Context context = ContextOf(input);
  if (!thinking) {
    std::erase_if(context, [](const auto& variable) {
      return variable.first == "enable_thinking" || variable.first == "thinking";
    });
  }
  base::Result<Text> text = RenderAst(ast, context, kQuestionLimits, 0);
  return text.has_value() ? text->bytes() : std::string();
}

bool HasThinkingSwitch(const Ast& ast) {
  return ast.reads.contains("enable_thinking") || ast.reads.contains("thinking");
}

// On where the prompt does not tell: templates whose switch shows elsewhere, or that refuse it.
bool ThinksByDefault(const Ast& ast) {
  if (!HasThinkingSwitch(ast)) {
    return false;
  }
  const std::string off = AskedWith(ast, false);
  return AskedWith(ast, std::nullopt) != off || AskedWith(ast, true) == off;
}

class CompiledTemplate : public Template {
 public:
  explicit CompiledTemplate(Ast ast)
      : ast_(std::move(ast)), thinks_by_default_(ThinksByDefault(ast_)) {}

  base::Result<std::vector<PromptPiece>> Render(const RenderInput& input,
                                                const RenderLimits& limits) const override {
    Text text = TRY(RenderAst(ast_, ContextOf(input), limits, input.unix_seconds));
    std::vector<PromptPiece> pieces;
    text.ForEachRun([&](std::string_view bytes, Origin origin) {
      pieces.push_back({std::string(bytes), origin == Origin::kTemplate});
    });
    return pieces;
  }

  bool has_thinking_switch() const override { return HasThinkingSwitch(ast_); }
  bool thinks_by_default() const override { return thinks_by_default_; }
  bool has_tools() const override { return ast_.reads.contains("tools"); }

 private:
  const Ast ast_;
  const bool thinks_by_default_;
};

}  // namespace

base::Result<std::shared_ptr<const Template>> Template::Compile(std::string_view source) {
  Ast ast = TRY(Parse(source));
  return std::make_shared<const CompiledTemplate>(std::move(ast));
}

std::string_view ChatMlSource() {
  return R"({%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\n' -}}
{%- endif -%}
)";
}

}  // namespace millrace::chat_template
