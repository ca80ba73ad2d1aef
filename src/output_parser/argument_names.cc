#include "output_parser/argument_names.h"

#include <string>
#include <vector>

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

std::string_view ValueOpen(const CallForm& form) {
  const std::vector<std::string_view> pieces = Pieces(form.text_begin);
  if (pieces.size() > 1) {
    return pieces[1].starts_with('<') ? pieces[1] : "";
  }
  return form.text_begin.ends_with('\n') ? "\n" : "";
}

bool ComesBack(std::string_view name, const CallForm& form) {
  const std::string_view end = Pieces(form.text_begin).front();
  const std::string_view value_open = ValueOpen(form);
  if (!value_open.empty() && name.find(value_open) != std::string_view::npos) {
    return false;
  }
  return !name.empty() && name.size() + end.size() <= kArgumentNameBytesMax &&
         Unquoted(name) == name && (std::string(name) + std::string(end)).find(end) == name.size();
}

}  // namespace millrace::output_parser
