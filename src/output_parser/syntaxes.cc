#include "output_parser/syntaxes.h"

#include <algorithm>
#include <array>
#include <cstddef>

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
  const Syntax* detected = &kHermes;
  ptrdiff_t most = 0;
  for (const Syntax* syntax : Syntaxes()) {
    const auto& texts = syntax->template_texts;
    const ptrdiff_t count = std::ranges::count_if(texts, [](auto text) { return !text.empty(); });
    const bool all = std::ranges::all_of(texts, [&](std::string_view text) {
      return template_source.find(text) != std::string_view::npos;
    });
    if (all && count > most) {
      detected = syntax;
      most = count;
    }
  }
  return *detected;
}

bool HidesCallMarks(const Syntax& syntax, const ParserOptions& options) {
  return !options.tool_names.empty() || syntax.call_marks_are_private;
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
  return HidesCallMarks(syntax, options) &&
         (std::any_of(calls.begin(), calls.end(), holds) ||
          std::any_of(syntax.call_marks.begin(), syntax.call_marks.end(), holds));
}

}  // namespace millrace::output_parser
