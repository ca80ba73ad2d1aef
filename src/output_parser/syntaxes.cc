#include "output_parser/syntaxes.h"

#include <algorithm>
#include <array>

#include "output_parser/parser.h"

namespace millrace::output_parser {

std::span<const Syntax* const> Syntaxes() {
  static constexpr std::array kAll = {&kHermes,      &kQwen3Coder, &kGlm45,
                                      &kGlm47,       &kDeepseekV3, &kDeepseekV31,
                                      &kDeepseekV32, &kDeepseekV4, &kHunyuan};
  return kAll;
}

const Syntax* FindSyntax(std::string_view name) {
  for (const Syntax* syntax : Syntaxes()) {
    if (syntax->name == name) {
      return syntax;
    }
  }
  return nullptr;
}

const Syntax& DetectSyntax(std::string_view template_source) {
  auto speaks_of = [template_source](std::string_view text) {
    return template_source.find(text) != std::string_view::npos;
  };
  // Each template spells out the tags of past calls, or of the example it shows the model.
  if (speaks_of("｜DSML｜")) {
    return speaks_of("function_calls") ? kDeepseekV32 : kDeepseekV4;
  }
  if (speaks_of("<｜tool▁call")) {
    return speaks_of("```json") ? kDeepseekV3 : kDeepseekV31;
  }
  if (speaks_of("<function=")) {
    return kQwen3Coder;
  }
  if (speaks_of("<arg_key>")) {
    return speaks_of("</arg_key><arg_value>") ? kGlm47 : kGlm45;
  }
  if (speaks_of("<tool_calls>") && speaks_of("<|extra_0|>")) {
    return kHunyuan;
  }
  return kHermes;
}

bool IsMarkup(const Syntax& syntax, const ParserOptions& options, std::string_view token_text) {
  auto holds = [token_text](std::string_view text) {
    return !token_text.empty() && text.find(token_text) != std::string_view::npos;
  };
  const std::array answer = {syntax.think_open, syntax.think_close, syntax.answer_open,
                             syntax.answer_close};
  if (std::any_of(answer.begin(), answer.end(), holds)) {
    return true;
  }
  const CallForm& form = syntax.form;
  const std::array calls = {form.begin,      form.call_begin, form.name_end,
                            form.call_end,   form.end,        form.argument_begin,
                            form.text_begin, form.json_begin, form.argument_end};
  return !options.tool_names.empty() &&
         (std::any_of(calls.begin(), calls.end(), holds) ||
          std::any_of(syntax.call_marks.begin(), syntax.call_marks.end(), holds));
}

}  // namespace millrace::output_parser
