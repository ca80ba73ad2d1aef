#include "output_parser/syntaxes.h"

#include <array>

namespace millrace::output_parser {

std::span<const Syntax* const> Syntaxes() {
  static constexpr std::array kAll = {&kHermes, &kQwen3Coder, &kGlm45};
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
  // Each template spells out the tags of past calls, or of the example it shows the model.
  if (template_source.find("<function=") != std::string_view::npos) {
    return kQwen3Coder;
  }
  if (template_source.find("<arg_key>") != std::string_view::npos) {
    return kGlm45;
  }
  return kHermes;
}

}  // namespace millrace::output_parser
