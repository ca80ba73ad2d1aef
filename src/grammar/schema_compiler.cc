#include "grammar/schema_compiler.h"

#include <algorithm>

#include "grammar/regex_parser.h"

namespace millrace::grammar {

base::Error SchemaCompiler::Wrong(const Context& context, const char* keyword,
                                  const std::string& what) const {
  const std::string pointer = context.place.pointer + "/" + keyword;
  return base::InvalidArgument(
      "schema keyword " + std::string(keyword) + " at " + pointer + ": " + what, pointer);
}

base::Error SchemaCompiler::Refused(const Context& context, const char* keyword,
                                    const std::string& what) const {
  base::Error error = Wrong(context, keyword, what);
  error.kind = base::ErrorKind::kUnsupported;
  return error;
}

base::Error SchemaCompiler::TooComplex(const Context& context, const char* keyword) const {
  base::Error error = Wrong(context, keyword, "too complex to be enforced exactly");
  error.kind = base::ErrorKind::kResourceExhausted;
  return error;
}

base::Error SchemaCompiler::OutOfWork() const {
  return out_of_work_.value_or(base::Error{base::ErrorKind::kResourceExhausted,
                                           "the schema is too complex to be enforced exactly"});
}

base::Status SchemaCompiler::Compile() {
  Context root{.place = documents_.root()};
  if (documents_.has_dynamic_references()) {
    root.scope = {root.place.resource};
  }
  const FormulaId formula = TRY(ReferenceTo(root));
  struct Compiled {
    int32_t reference;
    FormulaId formula;
    Context context;
  };
  std::vector<Compiled> targets;  // until all are known, each may be anything
  while (!open_.empty()) {
    const auto [reference, context] = std::move(open_.front());
    open_.pop_front();
    const FormulaId compiled = TRY(CompileSchema(context));
    targets.push_back({reference, compiled, context});
  }
  for (const Compiled& target : targets) {
    language_.DefineReference(target.reference, target.formula);
  }
  if (trial_.of_everything) {
    language_.ForgetAnswers();  // given when each reference might be anything
  }
  out_of_work_.reset();
  if (const int32_t circular = language_.FindCircularReference(); circular != kNone) {
    for (const auto& [key, id] : references_) {
      if (id == circular) {
        return base::InvalidArgument("$ref leads back to itself without going into a value");
      }
    }
  }
  PruneChoices();
  // Those that others refer to first, so that they are not blamed for these.
  for (auto at = targets.rbegin(); at != targets.rend() && trial_.of_everything; ++at) {
    const std::string& pointer = at->context.place.pointer;
    out_of_work_ = base::Error{base::ErrorKind::kResourceExhausted,
                               "the schema at " + (pointer.empty() ? "its root" : pointer) +
                                   " is too complex to be enforced exactly, with what it refers to",
                               pointer};
    if (!trial_.can_follow(algebra_.Reference(at->reference))) {
      return OutOfWork();
    }
  }
  const FormulaId target = language_.reference(algebra_.at(formula).a);
  const bool satisfiable = language_.IsSatisfiable(target);
  for (const auto& [compared, context] : comparing_) {
    if (!language_.gave_up() && !trial_.can_follow(compared)) {
      return TooComplex(context, "uniqueItems");
    }
  }
  if (language_.gave_up()) {
    return OutOfWork();
  }
  if (!satisfiable) {
    return base::InvalidArgument(std::string(JsonSchema::kNothingIsValid));
  }
  if (!trial_.can_follow(target)) {
    return OutOfWork();
  }
  language_.SetRoot(target);
  return {};
}

SchemaCompiler::Context SchemaCompiler::ChildOf(const Context& context, const JsonNode& node,
                                                const std::string& path) const {
  Context child{.place = documents_.Child(context.place, node, path), .scope = context.scope};
  if (!child.scope.empty() && std::find(child.scope.begin(), child.scope.end(),
                                        child.place.resource) == child.scope.end()) {
    child.scope.push_back(child.place.resource);
  }
  return child;
}

base::Result<FormulaId> SchemaCompiler::CompileChild(const Context& context, const JsonNode& node,
                                                     const std::string& path) {
  return CompileSchema(ChildOf(context, node, path));
}

base::Result<FormulaId> SchemaCompiler::CompileSchema(const Context& context) {
  if (!language_.Work()) {
    return OutOfWork();
  }
  const JsonNode& node = context.node();
  if (node.is_boolean()) {
    return node.boolean ? kTrue : kFalse;
  }
  if (!node.is_object()) {
    return base::InvalidArgument(
        "a schema at " + context.place.pointer + " must be an object or a boolean",
        context.place.pointer);
  }
  constexpr int32_t kDepthMax = 400;
  if (++depth_ > kDepthMax) {
    return base::InvalidArgument("the schema is nested too deep", context.place.pointer);
  }
  base::Result<FormulaId> result = CompileObject(context);
  --depth_;
  return result;
}

const std::array<SchemaCompiler::Rule, 13> SchemaCompiler::kRules = {{
    {&SchemaCompiler::AddReferences, {"$ref", "$dynamicRef", "$recursiveRef"}},
    {&SchemaCompiler::AddTypes, {"type"}},
    {&SchemaCompiler::AddConstants, {"enum", "const"}},
    {&SchemaCompiler::AddNumbers,
     {"multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}},
    {&SchemaCompiler::AddStrings, {"pattern", "format", "minLength", "maxLength"}},
    {&SchemaCompiler::AddProperties, {"patternProperties", "properties", "additionalProperties"}},
    {&SchemaCompiler::AddPropertyRules,
     {"propertyNames", "minProperties", "maxProperties", "required"}},
    {&SchemaCompiler::AddDependencies, {"dependentSchemas", "dependencies", "dependentRequired"}},
    {&SchemaCompiler::AddItems, {"prefixItems", "items", "additionalItems"}},
    {&SchemaCompiler::AddItemRules, {"uniqueItems", "contains", "minItems", "maxItems"}},
    {&SchemaCompiler::AddCombinations, {"oneOf", "anyOf", "allOf", "not"}},
    {&SchemaCompiler::AddConditional, {"if"}},
    {&SchemaCompiler::AddUnevaluated, {"unevaluatedProperties", "unevaluatedItems"}},
}};

// Adds what the rule's keywords say. When everything is tried: they are to blame when what was said
// so far becomes too much by them.
base::Status SchemaCompiler::AddRule(const Context& context, const Rule& rule, Formulas& parts) {
  if (!trial_.of_everything) {
    return (this->*rule.add)(context, parts);
  }
  const auto keyword = std::find_if(
      rule.keywords.begin(), rule.keywords.end(),
      [&](const char* name) { return name != nullptr && context.Find(name) != nullptr; });
  if (keyword == rule.keywords.end()) {
    return (this->*rule.add)(context, parts);
  }
  const base::Error too_complex = TooComplex(context, *keyword);
  out_of_work_ = too_complex;
  TRY((this->*rule.add)(context, parts));
  out_of_work_ = too_complex;
  return trial_.can_follow(algebra_.And(parts)) ? base::Status() : too_complex;
}

base::Result<FormulaId> SchemaCompiler::CompileObject(const Context& context) {
  Formulas parts;
  if (context.Find("$ref") != nullptr && DraftOf(context) <= Draft::k7) {
    TRY(AddReferences(context, parts));  // what stands beside it does not count
    return algebra_.And(std::move(parts));
  }
  for (const Rule& rule : kRules) {
    TRY(AddRule(context, rule, parts));
  }
  const FormulaId all = algebra_.And(std::move(parts));
  if (const JsonNode* unique = context.Find("uniqueItems"); unique != nullptr && unique->boolean) {
    comparing_.emplace_back(all, context);
  }
  return all;
}

base::Result<SchemaCompiler::Context> SchemaCompiler::Target(const Context& context,
                                                             const char* keyword) {
  const JsonNode& reference = *context.Find(keyword);
  if (!reference.is_string()) {
    return Wrong(context, keyword, "must be a string");
  }
  base::Result<SchemaPlace> place = documents_.Resolve(reference.text, context.place.resource);
  if (!place.has_value()) {
    return Wrong(context, keyword, "'" + reference.text + "' " + place.error().message);
  }
  Context target{.place = *std::move(place), .scope = context.scope};
  const SchemaResource& resource = documents_.resource(target.place.resource);
  const auto find_outermost = [&](const auto& choose) {
    for (const int32_t id : context.scope) {
      if (const JsonNode* node = choose(documents_.resource(id)); node != nullptr) {
        target.place = {.node = node, .resource = id, .pointer = "#"};
        return;
      }
    }
  };
  const std::string fragment =
      reference.text.substr(std::min(reference.text.find('#'), reference.text.size() - 1) + 1);
  if (std::string_view(keyword) == "$dynamicRef") {
    const auto anchor = resource.dynamic_anchors.find(fragment);
    if (anchor != resource.dynamic_anchors.end() && anchor->second == target.place.node) {
      find_outermost([&](const SchemaResource& one) -> const JsonNode* {
        const auto found = one.dynamic_anchors.find(fragment);
        return found == one.dynamic_anchors.end() ? nullptr : found->second;
      });
    }
  } else if (std::string_view(keyword) == "$recursiveRef" && resource.has_recursive_anchor) {
    find_outermost(
        [](const SchemaResource& one) { return one.has_recursive_anchor ? one.root : nullptr; });
  }
  if (!target.scope.empty() && std::find(target.scope.begin(), target.scope.end(),
                                         target.place.resource) == target.scope.end()) {
    target.scope.push_back(target.place.resource);
  }
  if (target.scope.empty() && documents_.has_dynamic_references()) {
    target.scope = {documents_.root().resource, target.place.resource};
  }
  return target;
}

base::Result<FormulaId> SchemaCompiler::ReferenceTo(const Context& target) {
  const auto [it, is_new] = references_.try_emplace({target.place.node, target.scope}, 0);
  if (is_new) {
    it->second = language_.AddReference();
    open_.emplace_back(it->second, target);
  }
  return algebra_.Reference(it->second);
}

base::Status SchemaCompiler::AddReferences(const Context& context, Formulas& parts) {
  const Draft draft = DraftOf(context);
  const auto add = [&](const char* keyword) -> base::Status {
    const Context target = TRY(Target(context, keyword));
    parts.push_back(TRY(ReferenceTo(target)));
    return {};
  };
  if (context.Find("$ref") != nullptr) {
    TRY(add("$ref"));
  }
  if (draft == Draft::k2020_12 && context.Find("$dynamicRef") != nullptr) {
    TRY(add("$dynamicRef"));
  }
  if (draft == Draft::k2019_09 && context.Find("$recursiveRef") != nullptr) {
    TRY(add("$recursiveRef"));
  }
  return {};
}

base::Status SchemaCompiler::AddTypes(const Context& context, Formulas& parts) {
  const JsonNode* type = context.Find("type");
  if (type == nullptr) {
    return {};
  }
  Formulas choices;
  const auto add = [&](const JsonNode& name) -> base::Status {
    static const std::map<std::string, int32_t> types = {
        {"null", kNull},     {"boolean", kTrueType | kFalseType},
        {"number", kNumber}, {"string", kString},
        {"array", kArray},   {"object", kObject}};
    if (name.text == "integer") {
      choices.push_back(algebra_.Number(algebra_.atoms().Multiple(Decimal::FromInteger(1))));
    } else if (const auto found = types.find(name.text); found != types.end()) {
      choices.push_back(algebra_.Types(found->second));
    } else if (name.is_object() && DraftOf(context) == Draft::k4) {
      choices.push_back(TRY(CompileChild(context, name, "type")));
    } else {
      return Wrong(context, "type", "'" + name.text + "' is no type");
    }
    return {};
  };
  if (type->is_array()) {
    for (const JsonNode& name : type->items) {
      TRY(add(name));
    }
  } else {
    TRY(add(*type));
  }
  parts.push_back(algebra_.Or(std::move(choices)));
  return {};
}

base::Status SchemaCompiler::AddConstants(const Context& context, Formulas& parts) {
  if (const JsonNode* values = context.Find("enum"); values != nullptr) {
    if (!values->is_array()) {
      return Wrong(context, "enum", "must be an array");
    }
    Formulas choices;
    std::vector<std::u32string> texts;
    std::vector<Decimal> numbers;
    for (const JsonNode& value : values->items) {
      if (value.is_string()) {
        texts.push_back(CodePointsOf(value.text));
      } else if (value.is_number()) {
        numbers.push_back(value.number);
      } else {
        choices.push_back(language_.Constant(value));
      }
    }
    if (!texts.empty()) {
      choices.push_back(algebra_.String(algebra_.atoms().TextSet(std::move(texts))));
    }
    if (!numbers.empty()) {
      choices.push_back(algebra_.Number(algebra_.atoms().NumberSet(std::move(numbers))));
    }
    parts.push_back(algebra_.Or(std::move(choices)));
  }
  if (const JsonNode* value = context.Find("const");
      value != nullptr && DraftOf(context) >= Draft::k6) {
    parts.push_back(language_.Constant(*value));
  }
  return {};
}

base::Result<const JsonNode*> SchemaCompiler::NumberOf(const Context& context,
                                                       const char* keyword) {
  const JsonNode* value = context.Find(keyword);
  if (value != nullptr && !value->is_number()) {
    return Wrong(context, keyword, "must be a number");
  }
  return value;
}

base::Status SchemaCompiler::AddNumbers(const Context& context, Formulas& parts) {
  ScalarAtoms& atoms = algebra_.atoms();
  const auto add = [&](FormulaId formula) { parts.push_back(algebra_.IfType(kNumber, formula)); };
  const bool boolean_limits = DraftOf(context) == Draft::k4;
  const auto is_exclusive = [&](const char* keyword) {
    const JsonNode* value = context.Find(keyword);
    return boolean_limits && value != nullptr && value->boolean;
  };
  if (const JsonNode* bound = TRY(NumberOf(context, "minimum")); bound != nullptr) {
    add(algebra_.Number(is_exclusive("exclusiveMinimum") ? atoms.Above(bound->number)
                                                         : atoms.AtLeast(bound->number)));
  }
  if (const JsonNode* bound = TRY(NumberOf(context, "maximum")); bound != nullptr) {
    add(algebra_.Not(algebra_.Number(is_exclusive("exclusiveMaximum")
                                         ? atoms.AtLeast(bound->number)
                                         : atoms.Above(bound->number))));
  }
  if (!boolean_limits) {
    if (const JsonNode* bound = TRY(NumberOf(context, "exclusiveMinimum")); bound != nullptr) {
      add(algebra_.Number(atoms.Above(bound->number)));
    }
    if (const JsonNode* bound = TRY(NumberOf(context, "exclusiveMaximum")); bound != nullptr) {
      add(algebra_.Not(algebra_.Number(atoms.AtLeast(bound->number))));
    }
  }
  if (const JsonNode* divisor = TRY(NumberOf(context, "multipleOf")); divisor != nullptr) {
    if (divisor->number.is_zero() || divisor->number.negative) {
      return Wrong(context, "multipleOf", "must be above 0");
    }
    if (!ScalarAtoms::CanCount(divisor->number)) {
      return Refused(context, "multipleOf", "has too many digits");
    }
    add(algebra_.Number(atoms.Multiple(divisor->number)));
  }
  return {};
}

base::Result<int64_t> SchemaCompiler::CountOf(const Context& context, const char* keyword,
                                              int64_t missing) {
  const JsonNode* value = TRY(NumberOf(context, keyword));
  if (value == nullptr) {
    return missing;
  }
  if (value->number.negative || !value->number.is_integer()) {
    return Wrong(context, keyword, "must be an integer from 0 on");
  }
  const std::string digits = value->number.ToString();
  constexpr int64_t kMax = 1'000'000'000;
  return digits.size() > 9 ? kMax : std::stoll(digits);
}

base::Result<FormulaId> SchemaCompiler::PatternCondition(const Context& context,
                                                         const std::string& pattern,
                                                         const char* keyword) {
  auto known = patterns_.find(pattern);
  if (known == patterns_.end()) {
    const base::Result<RegexId> regex =
        ParseRegex(pattern, RegexAnchoring::kSearch, language_.regexes());
    if (!regex.has_value()) {
      return Refused(context, keyword, regex.error().message);
    }
    known = patterns_.emplace(pattern, *regex).first;
  }
  if (known->second == RegexAlgebra::kAnything) {
    return algebra_.Types(kString);
  }
  return algebra_.String(algebra_.atoms().Regex(known->second));
}

base::Result<SchemaCompiler::Formulas> SchemaCompiler::CompileList(const Context& context,
                                                                   const char* keyword) {
  Formulas result;
  const JsonNode* list = context.Find(keyword);
  if (list == nullptr) {
    return result;
  }
  if (!list->is_array()) {
    return Wrong(context, keyword, "must be an array of schemas");
  }
  for (size_t i = 0; i < list->items.size(); ++i) {
    result.push_back(
        TRY(CompileChild(context, list->items[i], std::string(keyword) + "/" + std::to_string(i))));
  }
  return result;
}

// Exactly one of `choices`. Choices that exclude each other need not be told apart, but whether
// they do can often be said only when all references are known, so that waits for `PruneChoices`.
FormulaId SchemaCompiler::OneOf(const Context& context, Formulas choices) {
  bool disjoint = true;
  for (size_t i = 0; i < choices.size() && disjoint; ++i) {
    for (size_t j = i + 1; j < choices.size() && disjoint; ++j) {
      disjoint = algebra_.And({choices[i], choices[j]}) == kFalse;
    }
  }
  if (disjoint) {
    return algebra_.Or(std::move(choices));
  }
  const int32_t reference = language_.AddReference();
  language_.DefineReference(reference, ExactlyOne(choices, [](size_t, size_t) { return true; }));
  choices_.push_back({reference, std::move(choices), context});
  return algebra_.Reference(reference);
}

FormulaId SchemaCompiler::ExactlyOne(const Formulas& choices,
                                     const std::function<bool(size_t, size_t)>& overlap) {
  Formulas alternatives;
  for (size_t i = 0; i < choices.size(); ++i) {
    Formulas parts = {choices[i]};
    for (size_t j = 0; j < choices.size(); ++j) {
      if (i != j && overlap(std::min(i, j), std::max(i, j))) {
        parts.push_back(algebra_.Not(choices[j]));
      }
    }
    alternatives.push_back(algebra_.And(std::move(parts)));
  }
  return algebra_.Or(std::move(alternatives));
}

void SchemaCompiler::PruneChoices() {
  for (const auto& [reference, choices, context] : choices_) {
    out_of_work_ = TooComplex(context, "oneOf");
    std::map<std::pair<size_t, size_t>, bool> known;
    const FormulaId pruned = ExactlyOne(choices, [&](size_t i, size_t j) {
      const auto [it, is_new] = known.try_emplace({i, j}, true);
      if (is_new) {
        it->second = language_.IsSatisfiable(algebra_.And({choices[i], choices[j]})) ||
                     language_.TakeBackGivingUp();
      }
      return it->second;
    });
    if (pruned != language_.reference(reference)) {
      language_.DefineReference(reference, pruned);
      language_.ForgetAnswers();
    }
  }
  out_of_work_.reset();
}

base::Status SchemaCompiler::AddCombinations(const Context& context, Formulas& parts) {
  for (const FormulaId part : TRY(CompileList(context, "allOf"))) {
    parts.push_back(part);
  }
  if (context.Find("anyOf") != nullptr) {
    parts.push_back(algebra_.Or(TRY(CompileList(context, "anyOf"))));
  }
  if (context.Find("oneOf") != nullptr) {
    parts.push_back(OneOf(context, TRY(CompileList(context, "oneOf"))));
  }
  if (const JsonNode* excluded = context.Find("not"); excluded != nullptr) {
    parts.push_back(algebra_.Not(TRY(CompileChild(context, *excluded, "not"))));
  }
  return {};
}

base::Status SchemaCompiler::AddConditional(const Context& context, Formulas& parts) {
  const JsonNode* condition = context.Find("if");
  if (condition == nullptr || DraftOf(context) < Draft::k7) {
    return {};
  }
  const FormulaId holds = TRY(CompileChild(context, *condition, "if"));
  FormulaId then = kTrue;
  FormulaId otherwise = kTrue;
  if (const JsonNode* node = context.Find("then"); node != nullptr) {
    then = TRY(CompileChild(context, *node, "then"));
  }
  if (const JsonNode* node = context.Find("else"); node != nullptr) {
    otherwise = TRY(CompileChild(context, *node, "else"));
  }
  if (otherwise == kTrue) {
    parts.push_back(algebra_.Or({algebra_.Not(holds), algebra_.And({holds, then})}));
  } else if (then == kTrue) {
    parts.push_back(algebra_.Or({holds, algebra_.And({algebra_.Not(holds), otherwise})}));
  } else {
    parts.push_back(
        algebra_.Or({algebra_.And({holds, then}), algebra_.And({algebra_.Not(holds), otherwise})}));
  }
  return {};
}

}  // namespace millrace::grammar
