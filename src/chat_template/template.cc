#include "chat_template/template.h"

#include "chat_template/interpreter.h"
#include "chat_template/parser.h"
#include "chat_template/render_input.h"

namespace millrace::chat_template {

namespace {

class CompiledTemplate : public Template {
 public:
  explicit CompiledTemplate(Ast ast) : ast_(std::move(ast)) {}

  base::Result<std::vector<PromptPiece>> Render(const RenderInput& input,
                                                const RenderLimits& limits) const override {
    Text text = TRY(RenderAst(ast_, ContextOf(input), limits, input.unix_seconds));
    std::vector<PromptPiece> pieces;
    text.ForEachRun([&](std::string_view bytes, Origin origin) {
      pieces.push_back({std::string(bytes), origin == Origin::kTemplate});
    });
    return pieces;
  }

  bool has_thinking_switch() const override {
    return ast_.reads.contains("enable_thinking") || ast_.reads.contains("thinking");
  }
  bool has_effort() const override { return ast_.reads.contains("reasoning_effort"); }
  bool has_tools() const override { return ast_.reads.contains("tools"); }

 private:
  const Ast ast_;
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
