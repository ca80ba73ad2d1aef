#include "output_parser/call_reader.h"

#include <utility>

#include "output_parser/readers.h"

namespace millrace::output_parser {

std::unique_ptr<CallReader> MakeCallReader(const Syntax& syntax, std::string_view open) {
  switch (syntax.form.arguments) {
    case CallForm::Arguments::kJsonCall:
      return MakeJsonCallReader(syntax);
    case CallForm::Arguments::kJson:
      return MakeNamedJsonReader(syntax);
    case CallForm::Arguments::kTagged:
      return MakeTaggedCallReader(syntax, open);
  }
  std::unreachable();
}

}  // namespace millrace::output_parser
