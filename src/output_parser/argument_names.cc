#include "output_parser/argument_names.h"

#include <string>

#include "output_parser/marks.h"

namespace millrace::output_parser {

std::string_view Unquoted(std::string_view name) {
  name = Trimmed(name);
  while (!name.empty() && name.front() == '"') {
    name.remove_prefix(1);
  }
  while (!name.empty() && name.back() == '"') {
    name.remove_suffix(1);
  }
  return Trimmed(name);
}

bool ComesBack(std::string_view name, const CallForm& form) {
  const std::string_view end = Pieces(form.text_begin).front();
  return !name.empty() && name.size() + end.size() <= kArgumentNameBytesMax &&
         Unquoted(name) == name && (std::string(name) + std::string(end)).find(end) == name.size();
}

}  // namespace millrace::output_parser
