// The keywords of strings.
#include "grammar/regex_parser.h"
#include "grammar/schema_compiler.h"
#include "grammar/schema_format.h"

namespace millrace::grammar {

base::Status SchemaCompiler::AddStrings(const Context& context, Formulas& parts) {
  ScalarAtoms& atoms = algebra_.atoms();
  const auto add = [&](FormulaId formula) { parts.push_back(algebra_.IfType(kString, formula)); };
  constexpr int64_t kLengthMax = 1'000'000;
  const int64_t least = TRY(CountOf(context, "minLength", 0));
  const int64_t most = TRY(CountOf(context, "maxLength", -1));
  if (least > kLengthMax) {
    return Refused(context, "minLength", "is more than 1000000");
  }
  if (least > 0) {
    add(algebra_.String(atoms.MinLength(static_cast<int32_t>(least))));
  }
  if (most > kLengthMax) {
    return Refused(context, "maxLength", "is more than 1000000");
  }
  if (most >= 0) {
    add(algebra_.Not(algebra_.String(atoms.MinLength(static_cast<int32_t>(most + 1)))));
  }
  if (const JsonNode* pattern = context.Find("pattern"); pattern != nullptr) {
    if (!pattern->is_string()) {
      return Wrong(context, "pattern", "must be a string");
    }
    add(TRY(PatternCondition(context, pattern->text, "pattern")));
  }
  const JsonNode* format = context.Find("format");
  if (format == nullptr || !format->is_string() ||
      language_.options().formats == FormatUse::kAnnotate) {
    return {};
  }
  const std::string_view known = PatternOfFormat(format->text);
  if (known.empty()) {
    return {};
  }
  auto stored = patterns_.find("format " + format->text);
  if (stored == patterns_.end()) {
    const RegexId regex = TRY(ParseRegex(known, RegexAnchoring::kWhole, language_.regexes()));
    stored = patterns_.emplace("format " + format->text, regex).first;
  }
  add(algebra_.String(atoms.Regex(stored->second)));
  return {};
}

}  // namespace millrace::grammar
