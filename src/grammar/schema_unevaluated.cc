// unevaluatedProperties and unevaluatedItems.
//
// What is evaluated depends on which subschemas hold. For every choice of those that may hold: if
// they do, what they do not evaluate falls under the keyword. A choice that names fewer than really
// hold asks for more, so joining all choices by or is exact.
#include <algorithm>

#include "grammar/schema_compiler.h"

namespace millrace::grammar {
namespace {

constexpr size_t kChoicesMax = 256;
constexpr int32_t kDepthMax = 40;

}  // namespace

base::Status SchemaCompiler::Multiply(std::vector<Evaluated>& all,
                                      const std::vector<Evaluated>& by) {
  std::vector<Evaluated> result;
  for (const Evaluated& left : all) {
    for (const Evaluated& right : by) {
      Evaluated both = left;
      both.condition = algebra_.And({left.condition, right.condition});
      both.names.insert(both.names.end(), right.names.begin(), right.names.end());
      both.patterns.insert(both.patterns.end(), right.patterns.begin(), right.patterns.end());
      both.contained.insert(both.contained.end(), right.contained.begin(), right.contained.end());
      both.all_properties = left.all_properties || right.all_properties;
      both.all_items = left.all_items || right.all_items;
      both.prefix = std::max(left.prefix, right.prefix);
      if (both.condition != kFalse) {
        result.push_back(std::move(both));
      }
    }
  }
  if (result.size() > kChoicesMax) {
    return base::Unsupported("too many combinations of subschemas");
  }
  all = std::move(result);
  return {};
}

base::Status SchemaCompiler::AddEvaluatedChoice(const Context& child, std::vector<Evaluated>& all,
                                                int32_t depth, bool always, FormulaId condition) {
  std::vector<Evaluated> choices = TRY(EvaluatedBy(child, depth + 1));
  for (Evaluated& choice : choices) {
    choice.condition = algebra_.And({choice.condition, condition});
  }
  if (!always) {
    choices.push_back({});
  }
  return Multiply(all, choices);
}

// What the schema's own keywords evaluate.
base::Status SchemaCompiler::EvaluatedHere(const Context& context, Evaluated& own) {
  if (const JsonNode* map = context.Find("properties"); map != nullptr) {
    for (const auto& [name, schema] : map->members) {
      own.names.push_back(name);
    }
  }
  if (const JsonNode* map = context.Find("patternProperties"); map != nullptr) {
    for (const auto& [pattern, schema] : map->members) {
      own.patterns.push_back(TRY(PatternCondition(context, pattern, "patternProperties")));
    }
  }
  own.all_properties = context.Find("additionalProperties") != nullptr;
  const JsonNode* items = context.Find("items");
  const bool is_list = items != nullptr && items->is_array();
  own.all_items =
      (items != nullptr && !is_list) || (is_list && context.Find("additionalItems") != nullptr);
  own.prefix = is_list ? items->items.size() : 0;
  if (DraftOf(context) == Draft::k2020_12) {
    if (const JsonNode* prefix = context.Find("prefixItems"); prefix != nullptr) {
      own.prefix = prefix->items.size();
    }
    if (const JsonNode* contains = context.Find("contains"); contains != nullptr) {
      own.contained.push_back(TRY(CompileChild(context, *contains, "contains")));
    }
  }
  return {};
}

base::Result<std::vector<SchemaCompiler::Evaluated>> SchemaCompiler::EvaluatedBy(
    const Context& context, int32_t depth) {
  std::vector<Evaluated> all(1);
  if (!context.node().is_object()) {
    return all;
  }
  if (depth > kDepthMax) {
    return base::Unsupported("a recursive $ref beside it");
  }
  if (depth > 0) {  // of the schema that asks, its own unevaluated* are not yet applied
    all[0].all_properties = context.Find("unevaluatedProperties") != nullptr;
    all[0].all_items = context.Find("unevaluatedItems") != nullptr;
  }
  Evaluated own;
  TRY(EvaluatedHere(context, own));
  TRY(Multiply(all, {own}));
  for (const char* keyword : {"$ref", "$dynamicRef", "$recursiveRef"}) {
    if (context.Find(keyword) != nullptr) {
      const Context target = TRY(Target(context, keyword));
      TRY(AddEvaluatedChoice(target, all, depth, true, kTrue));
    }
  }
  for (const char* keyword : {"allOf", "anyOf", "oneOf"}) {
    const JsonNode* list = context.Find(keyword);
    for (size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      const Context child =
          ChildOf(context, list->items[i], std::string(keyword) + "/" + std::to_string(i));
      const bool always = std::string_view(keyword) == "allOf";
      FormulaId condition = kTrue;
      if (!always) {
        condition = TRY(CompileSchema(child));
      }
      TRY(AddEvaluatedChoice(child, all, depth, always, condition));
    }
  }
  if (const JsonNode* map = context.Find("dependentSchemas"); map != nullptr) {
    for (const auto& [name, schema] : map->members) {
      TRY(AddEvaluatedChoice(ChildOf(context, schema, "dependentSchemas"), all, depth, false,
                             algebra_.Required({name})));
    }
  }
  if (const JsonNode* condition = context.Find("if"); condition != nullptr) {
    const Context child = ChildOf(context, *condition, "if");
    const FormulaId holds = TRY(CompileSchema(child));
    std::vector<Evaluated> then = TRY(EvaluatedBy(child, depth + 1));
    for (Evaluated& choice : then) {
      choice.condition = algebra_.And({choice.condition, holds});
    }
    if (const JsonNode* node = context.Find("then"); node != nullptr) {
      TRY(AddEvaluatedChoice(ChildOf(context, *node, "then"), then, depth, true, kTrue));
    }
    std::vector<Evaluated> otherwise = {{.condition = algebra_.Not(holds)}};
    if (const JsonNode* node = context.Find("else"); node != nullptr) {
      TRY(AddEvaluatedChoice(ChildOf(context, *node, "else"), otherwise, depth, true, kTrue));
    }
    then.insert(then.end(), otherwise.begin(), otherwise.end());
    TRY(Multiply(all, then));
  }
  return all;
}

FormulaId SchemaCompiler::UnevaluatedRule(const Evaluated& evaluated, FormulaId properties,
                                          FormulaId items, int32_t which) {
  if (which == kObject) {
    if (evaluated.all_properties) {
      return kTrue;
    }
    PropertyTable table{.names = {}, .patterns = {}, .rest = properties};
    std::vector<std::string> names = evaluated.names;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (std::string& name : names) {
      table.names.emplace_back(std::move(name), kTrue);
    }
    for (const FormulaId pattern : evaluated.patterns) {
      table.patterns.push_back({.key = pattern, .value = kTrue});
    }
    return algebra_.IfType(kObject, algebra_.Properties(std::move(table)));
  }
  if (evaluated.all_items) {
    return kTrue;
  }
  Formulas rest = evaluated.contained;
  rest.push_back(items);
  ItemTable table{.prefix = Formulas(evaluated.prefix, kTrue), .rest = algebra_.Or(rest)};
  return algebra_.IfType(kArray, algebra_.Items(std::move(table)));
}

base::Status SchemaCompiler::AddUnevaluated(const Context& context, Formulas& parts) {
  if (DraftOf(context) < Draft::k2019_09) {
    return {};
  }
  for (const auto& [keyword, type] :
       {std::pair{"unevaluatedProperties", kObject}, {"unevaluatedItems", kArray}}) {
    const JsonNode* node = context.Find(keyword);
    if (node == nullptr) {
      continue;
    }
    const FormulaId rule = TRY(CompileChild(context, *node, keyword));
    if (rule == kTrue) {
      continue;
    }
    const base::Result<std::vector<Evaluated>> all = EvaluatedBy(context, 0);
    if (!all.has_value()) {
      return Refused(context, keyword, all.error().message);
    }
    Formulas choices;
    for (const Evaluated& evaluated : *all) {
      choices.push_back(
          algebra_.And({evaluated.condition, UnevaluatedRule(evaluated, rule, rule, type)}));
    }
    parts.push_back(algebra_.Or(std::move(choices)));
  }
  return {};
}

}  // namespace millrace::grammar
